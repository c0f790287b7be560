#!/usr/bin/env bash
# Programs of Debian 13 in a folder of their own: apt fetches the packages from the archive that this machine already uses,
# and they are unpacked, not installed. So it takes no root, and nothing on the machine changes. To be sourced, behind
# build/setup.sh.

# apt with sources, lists and packages of its own, which sees no package as installed. DEBIAN_ARCHITECTURE names another
# architecture than this machine's.
private_apt() {
  local root=$1 command=$2 architecture=${DEBIAN_ARCHITECTURE:-$(dpkg --print-architecture)}
  shift 2
  "$command" -q -o Dir::Etc::SourceList="$root/apt/debian13.$SOURCE_FORM" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Dir::State::Lists="$root/apt/lists" \
    -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o Dir::State::Status=/dev/null -o Dir::Cache="$root/apt" -o Dir::Cache::Archives="$root/apt/archives" \
    -o APT::Sandbox::User= -o APT::Install-Recommends=false -o Debug::NoLocking=true "$@"
}

# Unpacks packages, with all that they need, below ROOT/root; ROOT/complete says that it is done. Packages that the archive
# lacks are left out, and named.
# Usage: unpack_debian_13 ROOT PACKAGE …
unpack_debian_13() {
  local root=$1 source package available=()
  shift
  SOURCE_FORM=sources
  source=$(debian_13_paragraph)
  if [ -z "$source" ]; then
    source=$(debian_13_line)
    SOURCE_FORM=list
  fi
  command -v apt-get >/dev/null && [ -n "$source" ] || { say "No apt source of Debian 12 or 13 was found in $APT_FOLDER."; return 1; }

  rm -rf "$root"
  mkdir -p "$root/apt/lists/partial" "$root/apt/archives/partial" "$root/root"
  printf '%s\n' "$source" >"$root/apt/debian13.$SOURCE_FORM"
  private_apt "$root" apt-get update >&2 || { say "apt could not read the lists of Debian 13."; return 1; }
  for package in "$@"; do
    if [ -n "$(private_apt "$root" apt-cache show --no-all-versions "$package" 2>/dev/null)" ]; then available+=("$package"); else say "Debian 13's archive lacks $package."; fi
  done
  say "Fetching ${available[*]} with all that they need into $root"
  private_apt "$root" apt-get install --download-only -y "${available[@]}" >"$root/apt/log" 2>&1 || { tail -5 "$root/apt/log" >&2; return 1; }
  for package in "$root"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$root/root" || return 1
    rm "$package"
  done
  touch "$root/complete"
}
