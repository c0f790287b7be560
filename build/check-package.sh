#!/usr/bin/env bash
# Uses the packages as their users do, by README's and docs/installation.md's own lines, in folders outside of the repository:
#   - packs, adds the feed, installs, and runs every C# snippet of README on drawn faces, one after the other;
#   - looks at what the packages hold, each part of the library in one: id, README without relative links, icon, release notes, license;
#   - takes a part alone, and sees that nothing else comes with it;
#   - publishes a program that detects faces for three systems, each with its own ONNX Runtime alone;
#   - loads models in each way by the part that embeds, and sees that it names the package that a model needs beside it;
#   - loads a model of this repository in a new process, runs a program of one file, and is refused a trimmed publish;
#   - packs the tool arcface for this platform, installs it, and runs README's commands.
# Usage: build/check-package.sh MODEL.zip
set -euo pipefail
[ $# = 1 ] || { echo "Usage: build/check-package.sh MODEL.zip" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
model=$(realpath "$1")
work=$(mktemp -d)
# shellcheck source=build/package/checks.sh
. "$root/build/package/checks.sh"

# A version of its own and higher than any, so that NuGet's cache never serves an older build; it leaves the cache at the end.
# From the environment, so that README's commands run as they stand there.
export PackageVersion=99.0.$(date +%s)
# The native library is half a gigabyte: link it instead of copying it.
export CreateHardLinksForCopyLocalIfPossible=true TreatWarningsAsErrors=true MSBUILDDISABLENODEREUSE=1
cache=${NUGET_PACKAGES:-$HOME/.nuget/packages}
platform=$(dotnet --info | sed -nE 's/^ *RID: *//p')
trap 'rm -rf "$work" "$cache"/arcface.mlnet{,.*}/"$PackageVersion"' EXIT

# The feed that README adds goes into this file instead of the user's configuration.
echo '<configuration />' >"$work/nuget.config"

echo "-- README: pack, feed, add"
torch_version=$(sed -nE 's/.*"TorchSharp-cpu" Version="([^"]+)".*/\1/p' "$root/Directory.Packages.props")
grep -qF "dotnet add package TorchSharp-cpu --version $torch_version" "$root/README.md" || fail "README names another version of TorchSharp-cpu than $torch_version."
new_project MyFaces
quietly run_lines "$(fence README.md bash 2 | in_repository | sed "s#nuget add source#& --configfile '$work/nuget.config'#")"
grep -q ArcFace.MLNet MyFaces.csproj || fail "README's second block does not add ArcFace.MLNet."
check_contents ArcFace.MLNet "$cache/arcface.mlnet/$PackageVersion" lib/net10.0/Microsoft.ML.ArcFace.{dll,xml}
check_contents ArcFace.MLNet.Embedding "$cache/arcface.mlnet.embedding/$PackageVersion" buildTransitive/ArcFace.MLNet.Embedding.targets
check_contents ArcFace.MLNet.OnnxRuntime "$cache/arcface.mlnet.onnxruntime/$PackageVersion" buildTransitive/ArcFace.MLNet.OnnxRuntime.targets

echo "-- a model of this repository in a new process, and drawn faces for the rest"
new_project Consumer
cp "$root"/test/PackageConsumer/Program.cs "$root"/src/Samples/Drawing/*.cs .
quietly dotnet pack "$root/src/Microsoft.ML.ArcFace.Postgres" -c Release -v quiet --nologo -o "$work/packages"
quietly dotnet pack "$root/src/Microsoft.ML.ArcFace.AspNetCore" -c Release -v quiet --nologo -o "$work/packages"
quietly dotnet add package ArcFace.MLNet
quietly dotnet add package ArcFace.MLNet.Postgres
quietly dotnet add package ArcFace.MLNet.AspNetCore
quietly dotnet add package TorchSharp-cpu --version "$torch_version"

echo "-- each part, by the packs of the whole, of PostgreSQL and of the service"
for project in "$root"/src/Microsoft.ML.ArcFace{,.*}/*.csproj; do
  name=$(basename "$project" .csproj)
  if [ "$name" = Microsoft.ML.ArcFace.Tool ]; then continue; fi
  id=${name/Microsoft.ML.ArcFace/ArcFace.MLNet}
  [ -s "$work/packages/$id.$PackageVersion.nupkg" ] || fail "README's pack makes no package of $name."
  [ -s "$work/packages/$id.$PackageVersion.snupkg" ] || fail "$id has no symbol package."
  check_contents "$id" "$cache/${id,,}/$PackageVersion" lib/net10.0/"$name".{dll,xml}
  ! grep '<dependency id="ArcFace' "$cache/${id,,}/$PackageVersion"/*.nuspec | grep -v "version=\"\[$PackageVersion\]\"" || fail "$id takes parts of other versions, though parts see each other's internals."
done

echo "-- galleries alone: their README's program, without ML.NET, libtorch and SkiaSharp"
new_project Galleries
quietly dotnet add package ArcFace.MLNet.Postgres
run_snippet src/Microsoft.ML.ArcFace.Gallery/README.md 1 | tee "$work/galleries.log"
grep -q "^Match: Ada Lovelace" "$work/galleries.log" || fail "The README of ArcFace.MLNet.Gallery finds nobody."
if ls bin/Release/net10.0 | grep -iE "torch|Skia|^Microsoft\.ML\.(Core|Data)"; then fail "A gallery brings more than it needs."; fi
cd "$work/Consumer"

consumer() { dotnet "$work/Consumer/bin/Release/net10.0/Consumer.dll" "$@"; }
quietly dotnet build -c Release -v quiet --nologo
consumer draw "$work/MyFaces/faces" 60 4
cp "$work/MyFaces/faces/person_0001/0001.jpg" "$work/MyFaces/ada.jpg"
cp "$work/MyFaces/faces/person_0001/0002.jpg" "$work/MyFaces/visitor.jpg"
consumer predict "$model" "$work/MyFaces/ada.jpg"

echo "-- a part alone: evaluation, by its own README"
new_project Evaluation
quietly run_lines "$(fence src/Microsoft.ML.ArcFace.Evaluation/README.md bash 1)"
run_snippet src/Microsoft.ML.ArcFace.Evaluation/README.md 1
# The program itself, two assemblies of ours, and one of .NET's packages.
brought=$(cd bin/Release/net10.0 && printf '%s ' *.dll)
[ "$brought" = "Evaluation.dll Microsoft.ML.ArcFace.Evaluation.dll Microsoft.ML.ArcFace.Primitives.dll System.Numerics.Tensors.dll " ] || fail "ArcFace.MLNet.Evaluation brings $brought"
cd "$work/Consumer"

echo "-- a program that detects brings no ONNX Runtime; with it, published for one system, that of this system alone"
new_project Detecting
quietly dotnet add package ArcFace.MLNet.Detection
quietly dotnet publish -c Release -o "$work/detecting" -v quiet --nologo
if find "$work/detecting" | grep -i onnxruntime; then fail "ArcFace.MLNet.Detection brings ONNX Runtime."; fi
quietly dotnet add package ArcFace.MLNet.OnnxRuntime
quietly dotnet add package Microsoft.ML.OnnxRuntime --version "$(sed -nE 's/.*"Microsoft.ML.OnnxRuntime" Version="([^"]+)".*/\1/p' "$root/Directory.Packages.props")"
# Usage: check_onnxruntime SYSTEM FILE…
check_onnxruntime() {
  local system=$1 found
  shift
  quietly dotnet publish -c Release -r "$system" --no-self-contained -p:UseAppHost=false -o "$work/detecting-$system" -v quiet --nologo
  found=$(cd "$work/detecting-$system" && printf '%s ' {,lib}onnxruntime*.{dll,so,dylib})
  [ "$found" = "$* " ] || fail "A publish for $system has $found where $* should be."
}
shopt -s nullglob
check_onnxruntime linux-x64 libonnxruntime.so libonnxruntime_providers_shared.so
check_onnxruntime osx-arm64 libonnxruntime.dylib
check_onnxruntime win-x64 onnxruntime.dll onnxruntime_providers_shared.dll
shopt -u nullglob

echo "-- embedding alone: each way to load a model, and the package that is named where the model needs another part"
new_project Deployed
cp "$root/test/PackageConsumer/MissingParts.cs" Program.cs
quietly dotnet add package ArcFace.MLNet.Embedding
quietly dotnet add package Microsoft.Extensions.DependencyInjection --version "$(sed -nE 's/.*"Microsoft.Extensions.DependencyInjection" Version="([^"]+)".*/\1/p' "$root/Directory.Packages.props")"
quietly dotnet build -c Release -v quiet --nologo
saved=$root/test/Microsoft.ML.ArcFace.Tests/Embedding/SavedModels
faces=$(ls "$saved"/faces-*.zip | tail -1)
detecting=$(ls "$saved"/detecting-*.zip | tail -1)
deployed() { dotnet bin/Release/net10.0/Deployed.dll "$@" || fail "An application that only embeds: $*"; }
for way in load embedder service; do
  deployed "$way" "$faces"
  deployed "$way" "$detecting" ArcFace.MLNet.Detection
done
deployed gpu "$faces" ArcFace.MLNet.Torch
cd "$work/Consumer"

echo "-- a trimmed publish is refused"
for property in PublishTrimmed PublishAot; do
  if dotnet publish -c Release --nologo -p:"$property"=true >"$work/log" 2>&1; then fail "A publish with $property went through."; fi
  grep -q "error ARCFACE001: .*$property" "$work/log" || { cat "$work/log" >&2; fail "A publish with $property failed without saying why."; }
done

echo "-- README's snippets"
cd "$work/MyFaces"
run_snippet README.md 3 | tee "$work/third.log"
grep -q "step .* left" "$work/third.log" || fail "README's third snippet shows no progress."
[ -s faces.zip ] || fail "README's third snippet saved no model."
consumer weights faces.zip backbone.pth
consumer graph faces.zip recognizer.onnx
# The weights of this model are of another network than those that README has in mind.
run_snippet README.md 2 's/IResNet50/MobileFaceNet/'
[ -s published.zip ] || fail "README's second snippet saved no model."
run_snippet README.md 4
for file in calibrated.zip report.html people.db; do [ -s "$file" ] || fail "README's fourth snippet wrote no $file."; done
# Drawn faces are aligned, and no detector knows them.
cp -r faces photographs
rm people.db faces.zip
run_snippet README.md 1 '/DetectFaces(/d; /AlignFaces(/d; s/LoadFaceImages("Photograph"/LoadFaceImages("Image"/'
for file in faces.zip people.db; do [ -s "$file" ] || fail "README's first snippet wrote no $file."; done

echo "-- a program of one file"
fence docs/installation.md csharp 1 | sed "s/ArcFace.MLNet@[0-9.]*/ArcFace.MLNet@$PackageVersion/" >app.cs
grep -q "@$PackageVersion" app.cs || fail "docs/installation.md has no program of one file."
mkdir ../single && mv app.cs ../single && cp -r faces calibrated.zip visitor.jpg ../single && cd ../single
dotnet run app.cs
if dotnet publish app.cs >"$work/log" 2>&1; then fail "dotnet publish app.cs went through."; fi
grep -q "error ARCFACE001" "$work/log" || { cat "$work/log" >&2; fail "dotnet publish app.cs failed without saying why."; }

echo "-- the tool, by README's commands"
cd "$work/MyFaces"
mkdir -p parted/test parted/known
cp -r faces parted/train
for person in $(seq 49 60); do mv "parted/train/person_00$person" parted/test/; done
cp -r parted/test/person_0049 parted/test/person_0050 parted/known/
rm people.db
# A visitor who is a stranger: exit code 3.
commands=$(fence README.md bash 3 | in_repository | sed -e "s/linux-x64 .*/$platform/" -e "s|--global|--tool-path $work/tools|" -e 's/--detector [^ ]* //' -e 's/^\(arcface identify .*\)/\1 || [ $? = 3 ]/')
PATH="$work/tools:$PATH" run_lines "$commands"
# One epoch.
commands=$(fence README.md bash 4 | sed -e 's|faces/|parted/|g' -e 's/^\(arcface train .*\)/\1 --epochs 1/' -e 's/^\(arcface identify .*\)/\1 || [ $? = 3 ]/')
PATH="$work/tools:$PATH" run_lines "$commands"
check_contents ArcFace.MLNet.Tool "$work/tools/.store/arcface.mlnet.tool/$PackageVersion/arcface.mlnet.tool/$PackageVersion"
"$work/tools/arcface" doctor --json
