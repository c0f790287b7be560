#!/usr/bin/env bash
# Uses the package as its users do: packs it, installs it with TorchSharp-cpu into a new console project from a local
# folder, loads a saved model and embeds a picture that it draws.
# Usage: build/check-package.sh MODEL.zip
set -euo pipefail
[ $# = 1 ] || { echo "Usage: build/check-package.sh MODEL.zip" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
model=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version=0.0.0-check.$(date +%s)
dotnet pack "$root/src/Microsoft.ML.ArcFace" -c Release -v quiet --nologo -p:Version="$version" -o "$work/packages"
for part in README.md LICENSE lib/net10.0/Microsoft.ML.ArcFace.dll lib/net10.0/Microsoft.ML.ArcFace.xml; do
  unzip -l "$work/packages/Microsoft.ML.ArcFace.$version.nupkg" | grep -q " $part\$" || { echo "The package lacks $part." >&2; exit 1; }
done
[ -f "$work/packages/Microsoft.ML.ArcFace.$version.snupkg" ] || { echo "The symbol package is missing." >&2; exit 1; }

mkdir "$work/consumer"
cp "$root"/test/PackageConsumer/* "$work/consumer/"
cd "$work/consumer"
dotnet run -c Release -p:ArcFaceVersion="$version" -p:RestoreAdditionalProjectSources="$work/packages" -- "$model"
rm -rf "${NUGET_PACKAGES:-$HOME/.nuget/packages}/microsoft.ml.arcface/$version"
