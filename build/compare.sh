#!/usr/bin/env bash
# Installs what is missing, builds, and measures embedding on the processor beside ML.NET's ApplyOnnxModel, ONNX Runtime
# and PyTorch (where Python has it; else it is left out): ratios as tables and as JSON.
# Usage: build/compare.sh [--yes] [options, such as --backbones mbf --threads 1 --output FILE.json; --help lists them]
#   --yes: install what is missing without asking
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
set_up "${1:-}"
if [ "${1:-}" = --yes ]; then shift; fi
if [ "${1:-}" = -- ]; then shift; fi
# Torch's threads sleep instead of spinning at their barriers while the others are measured.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
dotnet build "$root/test/Microsoft.ML.ArcFace.Benchmarks" -c Release -v quiet --nologo
exec dotnet "$root/test/Microsoft.ML.ArcFace.Benchmarks/bin/Release/net10.0/Microsoft.ML.ArcFace.Benchmarks.dll" compare "$@"
