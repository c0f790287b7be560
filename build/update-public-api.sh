#!/usr/bin/env bash
# Writes the public API baselines anew: run it after a change to the public surface, and read the difference.
set -euo pipefail
cd "$(dirname "$0")/../src"
# What others build on comes first.
for project in Microsoft.ML.ArcFace.Primitives Microsoft.ML.ArcFace.Evaluation Microsoft.ML.ArcFace.Gallery Microsoft.ML.ArcFace.Networks Microsoft.ML.ArcFace.Embedding Microsoft.ML.ArcFace.Recognition Microsoft.ML.ArcFace.Detection Microsoft.ML.ArcFace.Reporting Microsoft.ML.ArcFace.Torch Microsoft.ML.ArcFace.Training Microsoft.ML.ArcFace Microsoft.ML.ArcFace.Postgres; do
  echo '#nullable enable' > "$project/PublicAPI.Unshipped.txt"
  echo '#nullable enable' > "$project/PublicAPI.Shipped.txt"
  { dotnet build "$project" --no-incremental -v q 2>&1 || true; } |
    sed -nE "s/.*error RS0016: Symbol '(.*)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u >> "$project/PublicAPI.Unshipped.txt"
  echo "$project: $(($(wc -l < "$project/PublicAPI.Unshipped.txt") - 1)) public symbols"
done
