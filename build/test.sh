#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test.
# Usage: build/test.sh [--yes] [options of dotnet test, such as --filter ClassName~Golden]
#   --yes: install what is missing without asking
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
set_up "${1:-}"
if [ "${1:-}" = --yes ]; then shift; fi
if [ "${1:-}" = -- ]; then shift; fi
cd "$root"
# Torch's threads sleep instead of spinning at their barriers: on a shared machine that is several times faster.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
dotnet build ArcFace.MLNet.sln -c Release -v quiet --nologo
exec dotnet test ArcFace.MLNet.sln -c Release --no-build --nologo "$@"
