#!/usr/bin/env bash
# On a machine with an NVIDIA GPU: runs the tests of the category Gpu, then measures IResNet-50 (training and embedding)
# beside PyTorch on the same card. libtorch with CUDA comes, in this order, from
#   ARCFACE_LIBTORCH   the folder lib of a libtorch 2.10 or newer, or of Python's torch;
#   TorchSharp-cuda    the package, if it restores (about 3 GB);
#   PYTHON             the lib folder of that Python's torch.
# Usage: build/gpu-check.sh [--yes] [options of the comparison, such as --backbones r50 mbf --batch 128 --output FILE.json]
#   --yes: install what is missing without asking
#   PYTHON=FILE        a Python with a torch that has CUDA, and PIL; python3 if not set
# Exit code: 0 all that could run passed; 1 something failed; 77 there is no GPU here, or no libtorch that can use it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
PYTHON=${PYTHON:-python3}
readonly NOTHING_RAN=77

skip_all() {
  printf 'skipped: %s (%s)\n' "tests of the category Gpu" "$1" "comparison with PyTorch on the GPU" "$1"
  echo "0 passed, 0 failed: nothing was measured"
  exit "$NOTHING_RAN"
}

# ---- the GPU ----

if ! command -v nvidia-smi >/dev/null; then skip_all "no NVIDIA driver: nvidia-smi is not there"; fi
gpus=$(nvidia-smi -L 2>&1) || skip_all "nvidia-smi finds no GPU: $gpus"
echo "$gpus"

# ---- libtorch ----

set_up "${1:-}"
if [ "${1:-}" = --yes ]; then shift; fi
if [ "${1:-}" = -- ]; then shift; fi
cd "$root"
tests=test/Microsoft.ML.ArcFace.Tests benchmarks=test/Microsoft.ML.ArcFace.Benchmarks

# Where this Python's torch lies, if it has CUDA.
libtorch_of_python() {
  "$PYTHON" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib") if torch.version.cuda else "")' 2>/dev/null || true
}

if [ -n "${ARCFACE_LIBTORCH:-}" ]; then
  backend=none
elif dotnet restore "$tests" -p:TorchBackend=cuda --nologo -v quiet >/dev/null 2>&1; then
  backend=cuda
else
  backend=none
  ARCFACE_LIBTORCH=$(libtorch_of_python)
  [ -n "$ARCFACE_LIBTORCH" ] || skip_all "no libtorch with CUDA: the package TorchSharp-cuda-linux does not restore, $PYTHON has no torch with CUDA, and ARCFACE_LIBTORCH is not set"
fi
if [ "$backend" = cuda ]; then echo "libtorch: the package"; else echo "libtorch: $ARCFACE_LIBTORCH"; export ARCFACE_LIBTORCH; fi

# ---- tests ----

export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}" PYTHON
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build "$tests" -c Release -v quiet --nologo -p:TorchBackend="$backend"
dotnet test "$tests" -c Release --no-build --nologo --filter TestCategory=Gpu --logger "console;verbosity=normal" | tee "$work/tests" || true
count() { grep -cE "^ *$1 [A-Z]" "$work/tests" || true; }
passed=$(count Passed) failed=$(count Failed) skipped=$(count Skipped)
if [ "$passed" = 0 ] && [ "$failed" = 0 ]; then
  skip_all "${skipped} tests were skipped: this libtorch reaches no GPU"
fi

# ---- comparison ----

dotnet build "$benchmarks" -c Release -v quiet --nologo -p:TorchBackend="$backend"
compared=true
if [[ " $* " != *" --batch "* ]]; then set -- --batch 128 "$@"; fi
dotnet "$benchmarks/bin/Release/net10.0/Microsoft.ML.ArcFace.Benchmarks.dll" compare --gpu 0 "$@" || compared=false
if ! "$PYTHON" -c 'import torch, PIL; assert torch.cuda.is_available()' 2>/dev/null; then
  echo "skipped: PyTorch's side of the comparison: $PYTHON has no torch that reaches the GPU, or no PIL"
fi
if $compared; then echo "ok: comparison"; else echo "not ok: comparison"; fi
echo "$passed tests passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && $compared
