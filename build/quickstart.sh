#!/usr/bin/env bash
# Installs what is missing, builds, and runs the sample QuickStart; options are passed on to it, such as --short.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/build/setup.sh"
dotnet build "$root/src/Samples" -c Release -v quiet --nologo
exec dotnet run --no-build -c Release --project "$root/src/Samples" -- QuickStart "$@"
