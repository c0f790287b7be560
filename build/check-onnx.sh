#!/usr/bin/env bash
# Has the ONNX project's own checker (Debian's python3-onnx) judge exported files, with shape inference.
# Usage: build/check-onnx.sh FILE.onnx...
set -euo pipefail
[ $# -gt 0 ] || { echo "Usage: build/check-onnx.sh FILE.onnx..." >&2; exit 2; }
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import onnx' 2>/dev/null || { echo "Missing: the Python package onnx. Remedy: apt-get install python3-onnx (Debian 13), or set PYTHON to a Python that has it." >&2; exit 1; }
exec "$python" - "$@" <<'PYTHON'
import sys
import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    print(f"{path}: opset {model.opset_import[0].version}, {len(model.graph.node)} nodes, accepted")
PYTHON
