#!/usr/bin/env bash
# Checks for what building and running needs, and installs what is missing and can be installed:
#   - the .NET SDK 10, which this script does not install;
#   - a C++ runtime (libstdc++) with GLIBCXX_3.4.32, which the native torch library needs (GCC 13 or newer).
# Usage: build/setup.sh [--yes]      --yes: do not ask before installing
set -euo pipefail

readonly needed=GLIBCXX_3.4.32
assume_yes=false
if [ "${1:-}" = --yes ]; then assume_yes=true; fi

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

find_libstdcxx() {
  local found
  found=$(ldconfig -p 2>/dev/null | awk '/libstdc\+\+\.so\.6 .*x86-64/ {print $NF; exit}') || true
  printf '%s' "${found:-/usr/lib/x86_64-linux-gnu/libstdc++.so.6}"
}

has_needed_runtime() {
  local library
  library=$(find_libstdcxx)
  [ -r "$library" ] && grep -qa "$needed" "$library"
}

# The address of the Debian archive that this machine already uses, whichever of the two file formats says it.
debian_mirror() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    awk '/^URIs:/ && $2 !~ /security/ {uri=$2} /^Suites:/ && /bookworm/ && uri {print uri; exit}' "$file"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    awk '$1 == "deb" && /bookworm/ && !/security/ {for (i = 2; i <= NF; i++) if ($i ~ /^[a-z]+:\/\//) {print $i; exit}}' "$file"
  done
}

may_install() {
  if $assume_yes || [ ! -t 0 ]; then return 0; fi
  local answer
  read -r -p "Install it now? [y/N] " answer
  [[ "$answer" =~ ^[Yy] ]]
}

install_on_debian_12() {
  local mirror sudo=""
  mirror=$(debian_mirror | head -n 1)
  [ -n "$mirror" ] || fail "No Debian archive was found in this machine's apt configuration. Add Debian 13's libstdc++6 by hand."
  say "Missing: a libstdc++ with $needed. The native torch library was built with GCC 13; Debian 12 ships GCC 12's runtime."
  say "Remedy:  the packages libstdc++6 and libc6 of Debian 13 (trixie), from the archive that this machine already uses;"
  say "         trixie is pinned at priority 100, so that nothing else is taken from it."
  may_install || fail "Not installed. Run build/setup.sh --yes when you are ready, or use Debian 13 or Ubuntu 24.04."
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "Installing takes root, and there is no sudo. Run build/setup.sh --yes as root."
    sudo=sudo
  fi
  printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' "$mirror" |
    $sudo tee /etc/apt/sources.list.d/trixie-arcface.sources >/dev/null
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' | $sudo tee /etc/apt/preferences.d/trixie-arcface >/dev/null
  $sudo apt-get update -q >&2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y -t trixie --no-install-recommends libstdc++6 >&2
  has_needed_runtime || fail "libstdc++6 was installed, but $needed is still missing in $(find_libstdcxx)."
}

command -v dotnet >/dev/null || fail "Missing: the .NET SDK 10. Install the package dotnet-sdk-10.0 as your distribution's documentation of .NET says, then run this again."
dotnet --list-sdks | grep -q '^10\.' || fail "Missing: the .NET SDK 10; found: $(dotnet --list-sdks | tr '\n' ' '). Install the package dotnet-sdk-10.0."

if [ "$(uname -s)" = Linux ] && ! has_needed_runtime; then
  # shellcheck source=/dev/null
  . /etc/os-release
  case "${ID:-} ${VERSION_ID:-}" in
    "debian 12") install_on_debian_12 ;;
    "ubuntu 22.04") fail "Missing: a libstdc++ with $needed; Ubuntu 22.04 ships GCC 12's. Use Ubuntu 24.04, or add the PPA ubuntu-toolchain-r/test and install libstdc++6 from it, then run this again." ;;
    *) fail "Missing: a libstdc++ with $needed (GCC 13 or newer) on ${PRETTY_NAME:-this system}. Install your distribution's newer libstdc++, or use Debian 13 or Ubuntu 24.04." ;;
  esac
fi
