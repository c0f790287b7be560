#!/usr/bin/env bash
# Publishes the check of the inference network for linux-arm64, self-contained, runs it under Debian 13's qemu-user, and
# compares its embeddings with those of this processor. qemu computes in software: the networks that are embedded by default
# take minutes, all of them a quarter of an hour.
# Usage: build/integration/arm64.sh [NETWORK …]   (r18 r34 r50 r100 r200 mbf mbf_large; mbf, mbf_large and r18 by default)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
# shellcheck source=build/integration/debian.sh
. "$root/build/integration/debian.sh"
set_up --yes

networks=("$@")
if [ "${#networks[@]}" = 0 ]; then networks=(mbf mbf_large r18); fi
qemu_root=${QEMU_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/arcface-qemu}
if [ ! -e "$qemu_root/complete" ] && ! unpack_debian_13 "$qemu_root" qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross >&2; then
  echo "skipped: Arm: Debian 13's qemu-user-static with the libraries for arm64 could not be fetched"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project=$root/test/Microsoft.ML.ArcFace.InferenceCheck
dotnet publish "$project" -c Release -r linux-arm64 --self-contained -o "$work/arm64" -v quiet --nologo >&2
dotnet publish "$project" -c Release -o "$work/own" -v quiet --nologo >&2
own=(dotnet "$work/own/Microsoft.ML.ArcFace.InferenceCheck.dll")
"${own[@]}" embed "${networks[@]}" >"$work/own.txt"
"$qemu_root/root/usr/bin/qemu-aarch64-static" -L "$qemu_root/root/usr/aarch64-linux-gnu" "$work/arm64/Microsoft.ML.ArcFace.InferenceCheck" embed "${networks[@]}" >"$work/arm64.txt"
"${own[@]}" compare "$work/own.txt" "$work/arm64.txt" | sed 's/^\(ok\|not ok\): /\1: Arm: /'
