#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; options are passed on to dotnet test, such as --filter.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/build/setup.sh"
cd "$root"
# Torch's threads sleep instead of spinning at their barriers: on a shared machine that is several times faster.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
dotnet build ArcFace.MLNet.sln -c Release -v quiet --nologo
exec dotnet test ArcFace.MLNet.sln -c Release --no-build --nologo "$@"
