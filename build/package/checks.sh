# Helpers of build/check-package.sh; $root, $work and $PackageVersion are set there.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Runs a command and shows its output only if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }
}

# The nth block of a language in a document of the repository.
fence() {
  awk -v start="\`\`\`$2" -v wanted="$3" '
    $0 == start && ++seen == wanted { inside = 1; next }
    inside && /^```/ { exit }
    inside' "$root/$1"
}

# README's ../arcface is this repository. By its own path: a link to it would be another path to the same obj folders, whose
# files each build takes for the other's leftovers and deletes.
in_repository() { sed "s#\.\./arcface/#$root/#g"; }

run_lines() { bash -euo pipefail -c "$1"; }

# Makes an empty console project below the work folder and goes there.
new_project() {
  cd "$work"
  quietly dotnet new console --name "$1" --no-restore
  cd "$1"
}

# Runs the nth C# block of a document as this folder's program. Usage: run_snippet DOCUMENT N [SED-SCRIPT]
run_snippet() {
  fence "$1" csharp "$2" | sed "${3:-}" >Program.cs
  [ -s Program.cs ] || fail "$1 has no C# block $2."
  dotnet run -c Release
}

# What the user of a gallery sees of a package, and the files named. Usage: check_contents ID FOLDER FILE...
check_contents() {
  local id=$1 folder=$2 nuspec links
  shift 2
  nuspec=$(ls "$folder"/*.nuspec) || fail "$id is not installed in $folder."
  grep -q "<id>$id</id>" "$nuspec" || fail "$nuspec has another id than $id."
  for element in '<readme>README.md</readme>' '<icon>icon.png</icon>' '<license type="expression">MIT</license>' '<releaseNotes>.' '<description>.' '<tags>.'; do
    grep -q "$element" "$nuspec" || fail "The nuspec of $id lacks $element"
  done
  for file in README.md LICENSE icon.png "$@"; do
    [ -s "$folder/$file" ] || fail "$id lacks $file."
  done
  head -1 "$folder/README.md" | grep -qx "# $id" || fail "The README of $id is another package's."
  links=$(grep -oE '\]\([^)]*\)' "$folder/README.md" | grep -v '^](https://' || true)
  [ -z "$links" ] || fail "The README of $id has links that lead nowhere on a gallery: $links"
  # A PNG's width and height are bytes 16 to 23.
  [ "$(od -An -tu1 -j16 -N8 "$folder/icon.png" | tr -s ' ')" = " 0 0 0 128 0 0 0 128" ] || fail "The icon of $id is not 128×128."
}
