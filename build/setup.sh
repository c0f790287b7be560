#!/usr/bin/env bash
# Checks for what building and running needs, says what is missing and why, and installs what it can:
#   - the .NET SDK 10, from the distribution's own packages where it has them (Ubuntu 24.04 and newer);
#   - a C++ runtime (libstdc++) with GLIBCXX_3.4.32, which the native torch library needs (GCC 13 or newer);
#     on Debian 12 from Debian 13, by the archive that this machine already uses.
# On a terminal it asks before it installs. When nothing is missing it changes nothing and says nothing.
# Usage: build/setup.sh [--yes]      --yes: install without asking
set -euo pipefail

readonly NEEDED_SYMBOL=GLIBCXX_3.4.32
APT_FOLDER=${APT_FOLDER:-/etc/apt}
ASSUME_YES=false
PATH="$PATH:/usr/sbin:/sbin"

say() { printf '%s\n' "$@" >&2; }

fail() {
  say "$@"
  exit 1
}

may_install() {
  if $ASSUME_YES || [ ! -t 0 ]; then return 0; fi
  local answer
  read -r -p "Install it now? [y/N] " answer
  [[ "$answer" =~ ^[Yy] ]]
}

# Runs a command as root, by sudo if need be.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

require_root() {
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "Installing takes root, and there is no sudo. Run build/setup.sh --yes as root, then go on as you."
  fi
}

distribution() { (. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-}" "${VERSION_ID:-}") || true; }

# ---- .NET SDK ----

check_dotnet() {
  local root=$1 own=${DOTNET_ROOT:-${HOME:-}/.dotnet} said
  if ! command -v dotnet >/dev/null && [ -x "$own/dotnet" ]; then PATH="$own:$PATH"; fi
  if ! command -v dotnet >/dev/null; then install_dotnet; fi
  if ! said=$(cd "$root" && dotnet --version 2>&1); then
    # What is built here needs no ICU; without it the SDK has to be told so.
    if [[ "$said" == *ICU* ]]; then
      export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
      said=$(cd "$root" && dotnet --version 2>&1) && return
    fi
    fail "Missing: a .NET SDK 10 that works here (global.json asks for it). dotnet says:" "$said"
  fi
}

install_dotnet() {
  say "Missing: the .NET SDK 10, which builds and runs everything here."
  if [[ "$(distribution)" == ubuntu* ]]; then
    if ! apt-cache show dotnet-sdk-10.0 >/dev/null 2>&1; then
      require_root
      as_root apt-get update -q >&2
    fi
    if apt-cache show dotnet-sdk-10.0 >/dev/null 2>&1; then
      say "Remedy:  the package dotnet-sdk-10.0 of $(distribution)."
      may_install || fail "Not installed. Run build/setup.sh --yes when you are ready."
      require_root
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends dotnet-sdk-10.0 >&2
      return
    fi
  fi
  fail "Remedy:  install it as https://learn.microsoft.com/dotnet/core/install describes for your system, then run this again."
}

# ---- C++ runtime ----

find_libstdcxx() { ldconfig -p 2>/dev/null | awk '/libstdc\+\+\.so\.6 .*x86-64/ {print $NF; exit}'; }

has_needed_symbol() {
  local library
  library=$(find_libstdcxx)
  [ -n "$library" ] && [ -r "$library" ] && grep -qa "$NEEDED_SYMBOL" "$library"
}

# Prints the apt source of Debian 13: the entry of this machine's own Debian archive, with its address, keys and other
# options, but for another suite. Entries come in two forms: paragraphs (*.sources) and lines (*.list).
debian_13_paragraph() {
  local file
  for file in "$APT_FOLDER"/sources.list.d/*.sources; do
    if [ -r "$file" ]; then cat "$file"; echo; fi
  done | awk '
    function finish(   i) {
      if (types ~ / deb / && suites ~ / (bookworm|trixie|oldstable|stable) / && components ~ / main / && enabled !~ /^ *(no|false|0)/ && !done) {
        printf "Types: deb\nSuites: trixie\nComponents: main\n%s", others
        done = 1
      }
      types = suites = components = enabled = others = name = ""
    }
    /^[ \t]*$/ { finish(); next }
    /^#/ { next }
    {
      value = $0
      if ($0 !~ /^[ \t]/) {
        name = tolower($0)
        sub(/:.*/, "", name)
        sub(/^[^:]*:/, "", value)
      }
      words = " " value " "
      gsub(/[ \t]+/, " ", words)
      if (name == "types") types = types words
      else if (name == "suites") suites = suites words
      else if (name == "components") components = components words
      else if (name == "enabled") enabled = words
      else others = others $0 "\n"
    }
    END { finish() }'
}

debian_13_line() {
  local file
  for file in "$APT_FOLDER"/sources.list "$APT_FOLDER"/sources.list.d/*.list; do
    if [ -r "$file" ]; then cat "$file"; echo; fi
  done | awk '
    /^[ \t]*deb[ \t]/ && !/[ \t]cdrom:/ {
      sub(/#.*/, "")
      options = ""
      rest = $0
      sub(/^[ \t]*deb[ \t]+/, "", rest)
      if (match(rest, /^\[[^]]*\][ \t]*/)) {
        options = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
      }
      count = split(rest, word, /[ \t]+/)
      for (i = 3; i <= count; i++)
        if (word[2] ~ /^(bookworm|trixie|oldstable|stable)$/ && word[i] == "main") {
          print "deb " options word[1] " trixie main"
          exit
        }
    }'
}

install_libstdcxx_on_debian_12() {
  local source form
  source=$(debian_13_paragraph)
  form=sources
  if [ -z "$source" ]; then
    source=$(debian_13_line)
    form=list
  fi
  [ -n "$source" ] || fail "No entry for Debian 12 (bookworm, main) was found in $APT_FOLDER. Add Debian 13 (trixie) as an apt source, then: apt-get install -t trixie libstdc++6"

  say "Remedy:  the packages libstdc++6 and libc6 of Debian 13 (trixie), from the archive that this machine already uses;" \
    "         trixie is pinned at priority 100, so that nothing else comes from it:" "$source"
  may_install || fail "Not installed. Run build/setup.sh --yes when you are ready, or use Debian 13 or Ubuntu 24.04."
  require_root

  local source_file="$APT_FOLDER/sources.list.d/trixie-arcface.$form" pin_file="$APT_FOLDER/preferences.d/trixie-arcface"
  printf '%s\n' "$source" | as_root tee "$source_file" >/dev/null
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' | as_root tee "$pin_file" >/dev/null
  # A broken source of something else makes the update fail; only the installation counts.
  as_root apt-get update -q >&2 || true
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y -t trixie --no-install-recommends libstdc++6 >&2; then
    as_root rm -f "$source_file" "$pin_file"
    fail "apt could not install libstdc++6 of Debian 13 (its words stand above); the apt source was taken away again."
  fi
  has_needed_symbol || fail "libstdc++6 was installed, but $(find_libstdcxx) still lacks $NEEDED_SYMBOL."
  say "Installed. Remove $source_file and $pin_file if you want no more updates of it."
}

check_libstdcxx() {
  if has_needed_symbol; then return; fi
  say "Missing: a libstdc++ with $NEEDED_SYMBOL (found: $(find_libstdcxx || true)). The native torch library was built with GCC 13."
  case "$(distribution)" in
    "debian 12") install_libstdcxx_on_debian_12 ;;
    "ubuntu 22.04") fail "Remedy:  use Ubuntu 24.04, or take libstdc++6 from the toolchain PPA, then run this again:" \
      "         sudo add-apt-repository ppa:ubuntu-toolchain-r/test && sudo apt-get install libstdc++6" ;;
    *) fail "Remedy:  install libstdc++ of GCC 13 or newer from your distribution, or use Debian 13 or Ubuntu 24.04." ;;
  esac
}

# ---- all of it ----

set_up() {
  local root
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  if [ "${1:-}" = --yes ]; then ASSUME_YES=true; fi
  case "$(uname -sm)" in
    "Linux x86_64") check_libstdcxx ;;
    "Linux "* | "Darwin x86_64") fail "The native torch library exists for Linux x64, Windows x64 and macOS arm64; this machine is $(uname -sm)." ;;
  esac
  check_dotnet "$root"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then set_up "$@"; fi
