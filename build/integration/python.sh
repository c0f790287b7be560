#!/usr/bin/env bash
# A Python of Debian 13 with the programs that others read and write faces and weights with, in a folder of its own:
# apt fetches the packages from the archive that this machine already uses, and they are unpacked, not installed. So it
# takes no root, and nothing on the machine changes. To be sourced, behind build/setup.sh.

# In the order of use; python3 and python3-numpy are needed, each of the others may be absent from an archive.
readonly PYTHON_PACKAGES="python3 python3-numpy python3-onnx python3-pil python3-opencv python3-safetensors python3-torch"
PYTHON_ROOT=${PYTHON_ROOT:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/arcface-integration}

# apt with sources, lists and packages of its own below a folder, which sees no package as installed.
private_apt() {
  local folder=$1 command=$2
  shift 2
  "$command" -q -o Dir::Etc::SourceList="$folder/apt/debian13.$SOURCE_FORM" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Dir::State::Lists="$folder/apt/lists" \
    -o Dir::State::Status=/dev/null -o Dir::Cache="$folder/apt" -o Dir::Cache::Archives="$folder/apt/archives" \
    -o APT::Sandbox::User= -o APT::Install-Recommends=false -o Debug::NoLocking=true "$@"
}

# Fetches packages of Debian 13, those that its archive has, with all that they need, and unpacks them below FOLDER/root.
unpack_debian_13() {
  local folder=$1 source package available=()
  shift
  SOURCE_FORM=sources
  source=$(debian_13_paragraph)
  if [ -z "$source" ]; then
    source=$(debian_13_line)
    SOURCE_FORM=list
  fi
  command -v apt-get >/dev/null && [ -n "$source" ] || { say "No apt source of Debian 12 or 13 was found in $APT_FOLDER."; return 1; }

  rm -rf "$folder"
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial" "$folder/root"
  printf '%s\n' "$source" >"$folder/apt/debian13.$SOURCE_FORM"
  private_apt "$folder" apt-get update >&2 || { say "apt could not read the lists of Debian 13."; return 1; }
  for package in "$@"; do
    if [ -n "$(private_apt "$folder" apt-cache show --no-all-versions "$package" 2>/dev/null)" ]; then available+=("$package"); else say "Debian 13's archive lacks $package."; fi
  done
  say "Fetching ${available[*]} with all that they need into $folder"
  private_apt "$folder" apt-get install --download-only -y "${available[@]}" >"$folder/apt/log" 2>&1 || { tail -5 "$folder/apt/log" >&2; return 1; }
  for package in "$folder"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$folder/root" || return 1
    rm "$package"
  done
}

# Runs that Python with the libraries it was built with. Packages choose their BLAS when they are installed; here by path.
python_of_debian_13() {
  local libraries=$PYTHON_ROOT/root/usr/lib/x86_64-linux-gnu
  PYTHONHOME="$PYTHON_ROOT/root/usr" PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" \
    "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$PYTHON_ROOT/root/usr/lib:$libraries/blas:$libraries/lapack:$libraries/openblas-pthread" \
    "$PYTHON_ROOT/root/usr/bin/python3.13" "$@"
}

# Gets the Python if it is not there, and says what it can do.
set_up_python() {
  if [ ! -e "$PYTHON_ROOT/complete" ]; then
    # shellcheck disable=SC2086  # names of packages
    unpack_debian_13 "$PYTHON_ROOT" $PYTHON_PACKAGES || return 1
    touch "$PYTHON_ROOT/complete"
  fi
  python_of_debian_13 -c 'import numpy' >&2
}
