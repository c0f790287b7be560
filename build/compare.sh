#!/usr/bin/env bash
# Installs what is missing, builds, and measures side by side on the processor: embedding beside ML.NET's ApplyOnnxModel,
# ONNX Runtime and PyTorch, a step of training beside PyTorch. Ratios as tables and as JSON. Without a Python that has
# PyTorch (PYTHON, /usr/bin/python3) it takes the one that build/integration/python.sh fetches (0.5 GB, into a folder of its
# own); where that cannot be had either, PyTorch is left out.
# Usage: build/compare.sh [--yes] [options, such as --only training --backbones mbf --threads 1 --output FILE.json, or --graph FILE.onnx; --help lists them]
#   --yes: install what is missing without asking
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
# shellcheck source=build/integration/debian.sh
. "$root/build/integration/debian.sh"
# shellcheck source=build/integration/python.sh
. "$root/build/integration/python.sh"
set_up "${1:-}"
if [ "${1:-}" = --yes ]; then shift; fi
if [ "${1:-}" = -- ]; then shift; fi
export PYTHON=${PYTHON:-/usr/bin/python3}
if ! "$PYTHON" -c 'import torch, PIL' 2>/dev/null && set_up_python; then PYTHON=$root/build/integration/python.sh; fi
# Torch's threads sleep instead of spinning at their barriers while the others are measured.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
dotnet build "$root/test/Microsoft.ML.ArcFace.Benchmarks" -c Release -v quiet --nologo
exec dotnet "$root/test/Microsoft.ML.ArcFace.Benchmarks/bin/Release/net10.0/Microsoft.ML.ArcFace.Benchmarks.dll" compare "$@"
