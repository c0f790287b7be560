#!/usr/bin/env bash
# Uses the package as its users do: packs it, installs it with TorchSharp-cpu into a new console project from a local
# folder, loads a saved model and embeds a picture that it draws. Packs the tool arcface for this platform, installs it into
# a folder of its own, and asks it for its help and how it is.
# Usage: build/check-package.sh MODEL.zip
set -euo pipefail
[ $# = 1 ] || { echo "Usage: build/check-package.sh MODEL.zip" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
model=$(realpath "$1")
work=$(mktemp -d)
# A version of its own, so that NuGet's cache never serves an older build; it leaves the cache again at the end.
version=0.0.0-check.$(date +%s)
trap 'rm -rf "$work" "${NUGET_PACKAGES:-$HOME/.nuget/packages}"/microsoft.ml.arcface{,.tool,.tool.*}/"$version"' EXIT

dotnet pack "$root/src/Microsoft.ML.ArcFace" -c Release -v quiet --nologo -p:PackageVersion="$version" -o "$work/packages"
for part in README.md LICENSE lib/net10.0/Microsoft.ML.ArcFace.dll lib/net10.0/Microsoft.ML.ArcFace.xml; do
  grep -qaF "$part" "$work/packages/Microsoft.ML.ArcFace.$version.nupkg" || { echo "The package lacks $part." >&2; exit 1; }
done
grep -qaF lib/net10.0/Microsoft.ML.ArcFace.pdb "$work/packages/Microsoft.ML.ArcFace.$version.snupkg" || { echo "The symbol package lacks the symbols." >&2; exit 1; }

# The native library is half a gigabyte: link it instead of copying it.
export CreateHardLinksForCopyLocalIfPossible=true TreatWarningsAsErrors=true
torch_version=$(sed -nE 's/.*"TorchSharp-cpu" Version="([^"]+)".*/\1/p' "$root/Directory.Packages.props")
grep -qF "dotnet add package TorchSharp-cpu --version $torch_version" "$root/README.md" || { echo "README names another version of TorchSharp-cpu than $torch_version." >&2; exit 1; }
cd "$work"
dotnet new console --name Consumer --no-restore >/dev/null
cp "$root"/test/PackageConsumer/* Consumer/
cd Consumer
for package in "Microsoft.ML.ArcFace --version $version" "TorchSharp-cpu --version $torch_version"; do
  # shellcheck disable=SC2086  # a name and an option
  dotnet add package $package >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
done
dotnet run -c Release -- "$model"

platform=$(dotnet --info | sed -nE 's/^ *RID: *//p')
cd "$work"
dotnet pack "$root/src/Microsoft.ML.ArcFace.Tool" -c Release -v quiet --nologo -p:PackageVersion="$version" -p:ToolPackageRuntimeIdentifiers="$platform" -o "$work/packages"
dotnet tool install Microsoft.ML.ArcFace.Tool --tool-path "$work/tools" --add-source "$work/packages" --version "$version"
tools/arcface --help | grep -q identify || { echo "The tool's help lacks a command." >&2; exit 1; }
tools/arcface doctor --json
