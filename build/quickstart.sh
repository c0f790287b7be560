#!/usr/bin/env bash
# Installs what is missing, builds, and runs the sample QuickStart.
# Usage: build/quickstart.sh [--yes] [QuickStart's options, such as --short or --data DIR; --help lists them]
#   --yes: install what is missing without asking
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
set_up "${1:-}"
if [ "${1:-}" = --yes ]; then shift; fi
if [ "${1:-}" = -- ]; then shift; fi
dotnet build "$root/src/Samples" -c Release -v quiet --nologo
exec dotnet run --no-build -c Release --project "$root/src/Samples" -- QuickStart "$@"
