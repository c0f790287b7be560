#!/usr/bin/env bash
# Reads our files with other programs, and theirs with ours: ONNX's checker and reference evaluator, OpenCV, Pillow,
# PyTorch, NumPy and safetensors of Debian 13, opens a report in its chromium, lets a page of somebody else loose on the
# sample's service in it, and keeps a gallery in its PostgreSQL 17 with pgvector; they are fetched into folders of their own
# (build/integration/debian.sh). A step whose program cannot be had is skipped, and says so. Needs about 4 GB of disk; what
# it writes is deleted again.
# Usage: build/integration.sh
#   PYTHON=FILE     a Python of your own in place of Debian's
#   CHROMIUM=FILE   a Chromium or Chrome of your own
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=build/setup.sh
. "$root/build/setup.sh"
# shellcheck source=build/integration/debian.sh
. "$root/build/integration/debian.sh"
# shellcheck source=build/integration/python.sh
. "$root/build/integration/python.sh"
# shellcheck source=build/integration/postgres.sh
. "$root/build/integration/postgres.sh"
# shellcheck source=build/integration/browser.sh
. "$root/build/integration/browser.sh"
set_up --yes

work=$(mktemp -d)
# Below it the server's own user must reach a folder.
chmod a+x "$work"
trap 'stop_postgres "$work/postgres"; if mountpoint -q "$work/small-disk"; then as_root umount "$work/small-disk"; fi; rm -rf "$work"' EXIT
results=$work/results
: >"$results"
report() { tee -a "$results"; }

python() {
  if [ -n "${PYTHON:-}" ]; then "$PYTHON" "$@"; else python_of_debian_13 "$@"; fi
}

has_python=true
if [ -z "${PYTHON:-}" ] && ! set_up_python; then
  has_python=false
  echo "skipped: everything that takes Python: Debian 13's python3 and python3-numpy could not be fetched; set PYTHON to one that has numpy" | report
fi

if $has_python; then
  python - <<'VERSIONS'
import importlib
import platform

print("Python", platform.python_version(), end="")
for module in ("numpy", "onnx", "cv2", "PIL", "torch", "safetensors"):
    try:
        print(",", module, importlib.import_module(module).__version__, end="")
    except ImportError:
        print(",", module, "absent", end="")
print()
VERSIONS
  python "$root/build/integration/write_files.py" "$work" | report || echo "not ok: write_files.py" | report
  python -W ignore "$root/build/integration/write_recognizers.py" "$work" | report || echo "not ok: write_recognizers.py" | report
fi

mkdir -p "$work/from-others"
start_postgres "$work/postgres" >"$work/from-others/postgres.connection" || { rm "$work/from-others/postgres.connection"; echo "skipped: galleries in PostgreSQL: Debian 13's postgresql-17 with postgresql-17-pgvector could not be fetched or started" | report; }

# What is written on a full disk: a file system of 1 MiB, for the tests of FullDiskTests.
mkdir "$work/small-disk"
if ! as_root mount -t tmpfs -o size=16m,mode=1777 arcface "$work/small-disk"; then
  rmdir "$work/small-disk"
  echo "skipped: the full disk: this user may not mount a tmpfs" | report
fi

has_chromium=true
if ! set_up_chromium; then
  has_chromium=false
  echo "skipped: the report in a browser: Debian's chromium could not be fetched; set CHROMIUM to one" | report
fi
export CHROMIUM

cd "$root"
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}" ARCFACE_TEST_INTEGRATION="$work"
dotnet build test/Microsoft.ML.ArcFace.Tests -c Release -v quiet --nologo
# A failed test has a line of its own; without any line the run itself failed.
{ dotnet test test/Microsoft.ML.ArcFace.Tests -c Release --no-build --nologo --filter "FullyQualifiedName~Tests.Integration" --logger "console;verbosity=normal" || true; } |
  sed -nE 's/^ *Passed ([A-Z].*\[)/ok: \1/p; s/^ *Failed ([A-Z].*\[)/not ok: \1/p; s/^ *Skipped ([A-Z])/skipped: \1/p; /Error Message:/,/Stack Trace:/{/Error Message:|Stack Trace:/!p}' >"$work/tests"
report <"$work/tests"
[ -s "$work/tests" ] || echo "not ok: the tests did not run" | report

if $has_python; then
  python "$root/build/integration/check_files.py" "$work" | report || echo "not ok: check_files.py" | report
  python "$root/build/integration/check_graphs.py" "$work" | report || echo "not ok: check_graphs.py" | report
fi

if $has_chromium; then
  check_browser "$work" | report
  for page in report quickstart; do
    check_report "$work/for-others/report/$page.html" | report
  done
fi

# The embedding application on Arm, beside this processor.
"$root/build/integration/arm64.sh" | report || echo "not ok: arm64.sh" | report

passed=$(grep -c '^ok' "$results" || true)
failed=$(grep -c '^not ok' "$results" || true)
skipped=$(grep -c '^skipped' "$results" || true)
if [ "$skipped" -gt 0 ]; then echo "$skipped skipped"; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
