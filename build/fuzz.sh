#!/usr/bin/env bash
# Damages files of every kind that is read, 20,000 a reader, and looks that each is read or refused as documented.
# Usage: build/fuzz.sh [--reader NAME …] [--count N] [--seconds S] [--seed N] [--first N] [--corpus DIR] [--replay FILE]
#   The seed is printed; with it, a reader and a number any file is made again: --reader pth --seed 1 --first 4711 --count 1.
#   Files that fail are written to the corpus folder (artifacts/fuzz). If a reader takes the process along, the number of
#   the file is left there as READER.current.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
set_up
project="$root/test/Microsoft.ML.ArcFace.Fuzz"
nice -n 10 dotnet build "$project" -c Release -v quiet --nologo
OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive exec nice -n 10 dotnet run --no-build -c Release --project "$project" -- "$@"
