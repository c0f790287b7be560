#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; options are passed on to dotnet test, such as --filter.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/build/setup.sh"
cd "$root"
dotnet build ArcFace.MLNet.sln -c Release -v quiet --nologo
exec dotnet test ArcFace.MLNet.sln -c Release --no-build --nologo "$@"
