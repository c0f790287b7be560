#!/usr/bin/env bash
# Writes the public API baseline anew: run it after a change to the public surface, and read the difference.
set -euo pipefail
cd "$(dirname "$0")/../src/Microsoft.ML.ArcFace"
echo '#nullable enable' > PublicAPI.Unshipped.txt
{ dotnet build --no-incremental -v q 2>&1 || true; } |
  sed -nE "s/.*error RS0016: Symbol '(.*)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u >> PublicAPI.Unshipped.txt
echo '#nullable enable' > PublicAPI.Shipped.txt
echo "$(($(wc -l < PublicAPI.Unshipped.txt) - 1)) public symbols"
