#!/usr/bin/env bash
# A Python of Debian 13 with the programs that others read and write faces and weights with. To be sourced, behind
# build/integration/debian.sh; run as a program it is that Python, with the arguments of python3, once it was fetched.

# In the order of use; python3 and python3-numpy are needed, each of the others may be absent from an archive.
readonly PYTHON_PACKAGES=(python3 python3-numpy python3-onnx python3-pil python3-opencv python3-safetensors python3-torch)
PYTHON_ROOT=${PYTHON_ROOT:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/arcface-integration}

# Runs that Python with the libraries it was built with. Packages choose their BLAS when they are installed; here by path.
python_of_debian_13() {
  local libraries=$PYTHON_ROOT/root/usr/lib/x86_64-linux-gnu
  PYTHONHOME="$PYTHON_ROOT/root/usr" PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" \
    "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$PYTHON_ROOT/root/usr/lib:$libraries/blas:$libraries/lapack:$libraries/openblas-pthread" \
    "$PYTHON_ROOT/root/usr/bin/python3.13" "$@"
}

# Gets the Python if it is not there, and says what it can do.
set_up_python() {
  if [ ! -e "$PYTHON_ROOT/complete" ]; then unpack_debian_13 "$PYTHON_ROOT" "${PYTHON_PACKAGES[@]}" || return 1; fi
  python_of_debian_13 -c 'import numpy' >&2
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then python_of_debian_13 "$@"; fi
