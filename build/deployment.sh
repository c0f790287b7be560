#!/usr/bin/env bash
# Publishes an application that loads a model's .zip and embeds, for linux-x64 and framework-dependent, without a detector and
# with one, and prints what it costs: the size of its folder, the peak of its resident set beside one copy of the weights, and
# the time from the start of its process to the first embedding. Weights are those of a formula. Ends with code 1 where a
# folder or the resident set is larger than it may be; times are only shown.
# Usage: build/deployment.sh [--other-build CHECKOUT]
#   --other-build: also publishes the same application with the whole library of another checkout, src/Microsoft.ML.ArcFace and
#                  TorchSharp-cpu, and starts both in turns
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
other=
case "${1:-}" in
  "") ;;
  --other-build) other=$(cd "${2:?Usage: build/deployment.sh [--other-build CHECKOUT]}" && pwd) ;;
  *) fail "Usage: build/deployment.sh [--other-build CHECKOUT]" ;;
esac
set_up --yes

readonly EMBEDDING_MB=22 DETECTING_MB=22 MIB_BESIDE_WEIGHTS=90 RUNS=9
readonly NETWORKS=(mbf r18 r50)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Usage: publish NAME [PROPERTY=VALUE …]
publish() {
  local name=$1
  shift
  dotnet publish "$root/test/Microsoft.ML.ArcFace.DeploymentCheck" -c Release -r linux-x64 --no-self-contained -o "$work/$name" -v quiet --nologo "${@/#/-p:}" >&2
}

application() {
  local name=$1
  shift
  dotnet "$work/$name/Microsoft.ML.ArcFace.DeploymentCheck.dll" "$@"
}

# Bytes of a folder as they would be copied; symbols and documentation are not deployed.
size_of() { find "$work/$1" -type f ! -name '*.pdb' ! -name '*.xml' -printf '%s\n' | awk '{ sum += $1 } END { print sum }'; }

# Milliseconds from the start of a process to its first embedding. Usage: first_embedding NAME NETWORK
first_embedding() {
  local begin=$EPOCHREALTIME embedding end
  {
    read -r embedding
    end=$EPOCHREALTIME
    cat >/dev/null
  } < <(application "$1" embed "$work/$1-models/$2.zip" "$work/one")
  [ "$(wc -w <<<"$embedding")" = 512 ] || fail "The application '$1' did not embed with $2."
  echo $(((${end/./} - ${begin/./}) / 1000))
}

median() { sort -n | sed -n "$(((RUNS + 1) / 2))p"; }

publish embedding
publish detecting DeployedDetector=true
published=(embedding)
if [ -n "$other" ]; then
  publish other DeployedLibrary="$other/src/Microsoft.ML.ArcFace/Microsoft.ML.ArcFace.csproj" DeployedTorch=true
  published+=(other)
fi

dotnet build "$root/test/Microsoft.ML.ArcFace.FormulaNetworks" -c Release -v quiet --nologo >&2
for network in "${NETWORKS[@]}"; do
  dotnet "$root/test/Microsoft.ML.ArcFace.FormulaNetworks/bin/Release/net10.0/Microsoft.ML.ArcFace.FormulaNetworks.dll" "$network" "$work/$network.safetensors"
  for name in "${published[@]}"; do
    mkdir -p "$work/$name-models"
    application "$name" prepare "$network" "$work/$network.safetensors" "$work/$name-models"
  done
done
mkdir "$work/one"
cp "$work/embedding-models/faces/person_0001/0001.jpg" "$work/one"

# Usage: show_size TITLE NAME MB
larger=0
show_size() {
  local bytes verdict
  bytes=$(size_of "$2")
  verdict=$(awk -v bytes="$bytes" -v bound="${3:-0}" 'BEGIN { print (bound == 0 ? "" : bytes <= bound * 1e6 ? "kept" : "exceeded") }')
  if [ "$verdict" = exceeded ]; then larger=1; fi
  awk -v title="$1" -v bytes="$bytes" -v bound="${3:-}" -v verdict="$verdict" 'BEGIN { printf "| %s | %.1f | %s | %s |\n", title, bytes / 1e6, bound, verdict }'
}
echo "| published for linux-x64, framework-dependent | MB | bound | |"
echo "|---|---|---|---|"
show_size "embeds" embedding "$EMBEDDING_MB"
show_size "embeds and detects" detecting "$DETECTING_MB"
if [ -n "$other" ]; then show_size "embeds, with the whole library of the other build" other; fi
echo

echo "| 20 photographs one by one | weights, MiB | peak resident set, MiB | bound: weights once + $MIB_BESIDE_WEIGHTS MiB | over it by, MiB |"
echo "|---|---|---|---|---|"
for network in "${NETWORKS[@]}"; do
  for name in "${published[@]}"; do
    peak=$(application "$name" embed "$work/$name-models/$network.zip" "$work/embedding-models/faces" | tail -n 1)
    if [ "$name" = embedding ] && [ "$peak" -gt $(($(stat -c %s "$work/$network.safetensors") + (MIB_BESIDE_WEIGHTS << 20))) ]; then larger=1; fi
    awk -v title="$network${name/embedding/}" -v weights="$(stat -c %s "$work/$network.safetensors")" -v peak="$peak" -v beside="$MIB_BESIDE_WEIGHTS" '
      BEGIN {
        sub(/other$/, ", the other build", title)
        weights /= 2 ^ 20; peak /= 2 ^ 20; over = peak - weights - beside
        printf "| %s | %.0f | %.0f | %.0f | %s |\n", title, weights, peak, weights + beside, (over > 0 ? sprintf("%.0f", over) : "–")
      }'
  done
done
echo

echo "| first embedding after the start of the process, median of $RUNS${other:+ in turns} | ms |${other:+ the other build, ms | to it |}"
echo "|---|---|${other:+---|---|}"
for network in "${NETWORKS[@]}"; do
  # Each starts once before, so that its files lie in the page cache.
  for name in "${published[@]}"; do first_embedding "$name" "$network" >/dev/null; done
  for ((run = 0; run < RUNS; run++)); do
    for name in "${published[@]}"; do first_embedding "$name" "$network" >>"$work/$name-$network.times"; done
  done
  own=$(median <"$work/embedding-$network.times")
  if [ -n "$other" ]; then
    awk -v network="$network" -v own="$own" -v before="$(median <"$work/other-$network.times")" 'BEGIN { printf "| %s | %d | %d | %.2f |\n", network, own, before, own / before }'
  else
    echo "| $network | $own |"
  fi
done
exit "$larger"
