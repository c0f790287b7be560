#!/usr/bin/env bash
# Writes the lists of the public surface anew, which the errors RS0016 (a symbol is not listed) and RS0017 (a listed one is
# gone) are about: run it after a change to the public surface, and read the difference.
# Usage: build/update-public-api.sh [PART …]   (such as Training; all by default)
set -euo pipefail
cd "$(dirname "$0")/../src"
# What others build on comes first.
parts=(Primitives Evaluation Gallery Networks OnnxRuntime Embedding Recognition Detection Reporting Torch Training "" Postgres AspNetCore)
for list in Microsoft.ML.ArcFace*/PublicAPI.Unshipped.txt; do
  part=${list#Microsoft.ML.ArcFace} part=${part%%/*} part=${part#.}
  [[ " ${parts[*]} " == *" $part "* ]] || { echo "Name $part in build/update-public-api.sh, behind what it stands on." >&2; exit 1; }
done
if [ $# -gt 0 ]; then parts=("$@"); fi
for part in "${parts[@]}"; do
  project=Microsoft.ML.ArcFace${part:+.$part}
  [ -d "$project" ] || { echo "There is no part $part: src/$project is missing." >&2; exit 2; }
  echo '#nullable enable' > "$project/PublicAPI.Unshipped.txt"
  echo '#nullable enable' > "$project/PublicAPI.Shipped.txt"
  { dotnet build "$project" -c Release --no-incremental -v q 2>&1 || true; } |
    sed -nE "s/.*error RS0016: Symbol '(.*)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u >> "$project/PublicAPI.Unshipped.txt"
  echo "$project: $(($(wc -l < "$project/PublicAPI.Unshipped.txt") - 1)) public symbols"
done
