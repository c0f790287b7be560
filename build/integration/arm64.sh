#!/usr/bin/env bash
# Publishes the application that loads a model's .zip and embeds photographs for linux-arm64, self-contained, runs it under
# Debian 13's qemu-user, and compares its embeddings with those that it computes on this processor from the same files. Weights
# are those of a formula.
# Usage: build/integration/arm64.sh [NETWORK …]   (r18 r34 r50 r100 r200 mbf mbf_large; all by default)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
# shellcheck source=build/integration/debian.sh
. "$root/build/integration/debian.sh"
set_up --yes

networks=("$@")
if [ "${#networks[@]}" = 0 ]; then networks=(mbf mbf_large r18 r34 r50 r100 r200); fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/arcface-arm64
qemu_root=$cache/qemu
arm64_root=$cache/debian
unpack() { [ -e "$1/complete" ] || unpack_debian_13 "$@" >&2; }
# base-files has the links of Debian's root folder, libssl3t64 the SHA-256 of .NET.
if ! unpack "$qemu_root" qemu-user-static || ! DEBIAN_ARCHITECTURE=arm64 unpack "$arm64_root" base-files libc6 libstdc++6 libssl3t64; then
  echo "skipped: Arm: Debian 13's qemu-user-static with the libraries for arm64 could not be fetched"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
application=Microsoft.ML.ArcFace.DeploymentCheck
weights=Microsoft.ML.ArcFace.FormulaNetworks
dotnet publish "$root/test/$application" -c Release -r linux-arm64 --self-contained -o "$work/arm64" -v quiet --nologo >&2
dotnet publish "$root/test/$application" -c Release -r linux-x64 --no-self-contained -o "$work/own" -v quiet --nologo >&2
dotnet publish "$root/test/$weights" -c Release -o "$work/weights" -v quiet --nologo >&2

own() { dotnet "$work/own/$application.dll" "$@"; }
arm64() { "$qemu_root/root/usr/bin/qemu-aarch64-static" -L "$arm64_root/root" "$work/arm64/$application" "$@"; }

# The smallest cosine between the lines of two files, the last of which is no embedding. Usage: compare NETWORK FILE FILE
compare() {
  paste -d ' ' <(head -n -1 "$2") <(head -n -1 "$3") | awk -v network="$1" '
    BEGIN { least = 2 }
    {
      size = NF / 2
      dot = first = second = 0
      for (i = 1; i <= size; i++) { dot += $i * $(i + size); first += $i * $i; second += $(i + size) * $(i + size) }
      cosine = size == 512 && first > 0 && second > 0 ? dot / sqrt(first * second) : -2
      if (cosine < least) least = cosine
    }
    END {
      kept = NR > 0 && least >= 0.99999
      printf "%s: Arm: %s: smallest cosine to this processor over %d photographs %.8f, at least 0.99999\n", kept ? "ok" : "not ok", network, NR, least
      exit !kept
    }'
}

failed=0
for network in "${networks[@]}"; do
  dotnet "$work/weights/$weights.dll" "$network" "$work/$network.safetensors"
  own prepare "$network" "$work/$network.safetensors" "$work/models"
  rm "$work/$network.safetensors"
  own embed "$work/models/$network.zip" "$work/models/faces/person_0001" >"$work/own.txt"
  begin=$SECONDS
  arm64 embed "$work/models/$network.zip" "$work/models/faces/person_0001" >"$work/arm64.txt" || echo "not ok: Arm: $network: the application ended with code $?"
  say "$network under qemu: $((SECONDS - begin)) s"
  compare "$network" "$work/own.txt" "$work/arm64.txt" || failed=1
  rm "$work/models/$network.zip"
done
exit "$failed"
