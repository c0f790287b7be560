"""Reads with other programs what FilesForOthersTests wrote. Prints a line for each check: ok, not ok or skipped.

Usage: check_files.py FOLDER
"""
import glob
import importlib
import io
import json
import os
import pickle
import struct
import sys

import numpy

FOLDER = os.path.join(sys.argv[1], "for-others")
MAGIC = 0xCED7230A


def check(name, *modules):
    """Runs the function under it at once, with the modules; it is skipped where one of them is absent."""
    def run(function):
        try:
            found = [importlib.import_module(module) for module in modules]
        except ImportError as error:
            print(f"skipped: {name}: {error}", flush=True)
            return
        try:
            print(f"ok: {name}: {function(*found)}", flush=True)
        except Exception as error:
            print(f"not ok: {name}: {type(error).__name__}: {error}", flush=True)
    return run


def load_json(name):
    with open(os.path.join(FOLDER, name)) as file:
        return json.load(file)


def floats(name):
    return numpy.fromfile(os.path.join(FOLDER, name), dtype=numpy.float32)


def smallest_cosine(actual, expected):
    expected = expected.reshape(actual.shape)
    cosines = (actual * expected).sum(1) / numpy.linalg.norm(actual, axis=1) / numpy.linalg.norm(expected, axis=1)
    assert cosines.min() >= 0.99999, f"the cosines to the embeddings of ML.NET are {cosines}"
    return cosines.min()


class IndexedRecords:
    """MXIndexedRecordIO's reading: an offset by key, and the parts of a record joined by the magic number."""

    def __init__(self, path):
        self.file = open(path, "rb")
        with open(os.path.splitext(path)[0] + ".idx") as lines:
            self.offsets = {int(key): int(offset) for key, offset in (line.strip().split("\t") for line in lines)}

    def read(self, key):
        self.file.seek(self.offsets[key])
        parts = []
        while True:
            magic, kind_and_length = struct.unpack("<II", self.file.read(8))
            assert magic == MAGIC, f"no record at the offset of key {key}"
            kind, length = kind_and_length >> 29, kind_and_length & (1 << 29) - 1
            data = self.file.read((length + 3) // 4 * 4)
            assert kind in ((0, 1) if not parts else (2, 3)) and data[length:] == bytes(len(data) - length)
            parts.append(data[:length])
            if kind in (0, 3):
                return struct.pack("<I", MAGIC).join(parts), len(parts)

    def unpack(self, key):
        """mx.recordio.unpack: header (flag, label or labels, id, id2) and content."""
        record, parts = self.read(key)
        flag, label, number, number2 = struct.unpack("<IfQQ", record[:24])
        labels = numpy.frombuffer(record, numpy.float32, flag, 24) if flag > 0 else label
        return (flag, labels, number, number2), record[24 + 4 * flag:], parts


for path in sorted(glob.glob(os.path.join(FOLDER, "onnx", "*.onnx"))):
    name = os.path.basename(path)

    @check(f"onnx.checker, {name}", "onnx")
    def _(onnx):
        onnx.checker.check_model(path, full_check=True)
        model = onnx.load(path, load_external_data=False)
        return f"opset {model.opset_import[0].version}, {len(model.graph.node)} nodes, accepted with shape inference"

    if "mirror" in name:
        print(f"skipped: OpenCV's dnn, {name}: OpenCV 4.10 cannot put an image and its mirror image into one batch")
        continue

    @check(f"OpenCV's dnn, {name}", "cv2")
    def _(cv2):
        network = cv2.dnn.readNetFromONNX(path)
        faces = floats("onnx/faces.f32").reshape(2, 3, 112, 112)
        network.setInput((faces - 127.5) / 127.5 if "raw" in name else faces)
        return f"cosine {smallest_cosine(network.forward(), floats(f'onnx/{name[:-5]}.f32')):.8f}"


@check("onnx's reference evaluator, mbf.onnx, batches of 1 and 2", "onnx.reference")
def _(reference):
    session = reference.ReferenceEvaluator(os.path.join(FOLDER, "onnx", "mbf.onnx"))
    faces = floats("onnx/faces.f32").reshape(2, 3, 112, 112)
    expected = floats("onnx/mbf.f32").reshape(2, -1)
    both = session.run(None, {"input": faces})[0]
    single = session.run(None, {"input": faces[:1]})[0]
    return f"cosine {min(smallest_cosine(both, expected), smallest_cosine(single, expected[:1])):.8f}"


def read_data_set(decode):
    """As InsightFace's data set does it: the first record tells the range of the images' keys."""
    expected = load_json("records/expected.json")
    records = IndexedRecords(os.path.join(FOLDER, "records", "train.rec"))
    (flag, labels, _, _), content, _ = records.unpack(0)
    assert flag > 0 and content == b""
    first_person, end = int(labels[0]), int(labels[1])
    people = sorted(set(expected["labels"]))
    assert first_person == 1 + len(expected["images"]) and end == first_person + len(people)
    parts = 0
    for key in range(1, first_person):
        (_, label, _, _), image, count = records.unpack(key)
        label = label if isinstance(label, float) else label[0]
        assert image.hex().upper() == expected["images"][key - 1] and int(label) == people.index(expected["labels"][key - 1])
        assert decode(image) == (112, 112)
        parts = max(parts, count)
    for key in range(first_person, end):
        (flag, keys, _, _), content, _ = records.unpack(key)
        assert flag == 2 and content == b"" and all(expected["labels"][image - 1] == people[key - first_person] for image in range(int(keys[0]), int(keys[1])))
    with open(os.path.join(FOLDER, "records", "property")) as file:
        assert file.read().strip() == f"{len(people)},112,112"
    assert parts == 3
    return f"{first_person - 1} images of {len(people)} people, one of them in {parts} parts"


def read_pairs(decode):
    """As InsightFace's verification.py does it."""
    expected = load_json("records/expected.json")
    with open(os.path.join(FOLDER, "records", "lfw.bin"), "rb") as file:
        bins, issame_list = pickle.load(file, encoding="bytes")
    assert issame_list == expected["same"] and len(bins) == 2 * len(issame_list)
    assert [image.hex().upper() for image in bins] == expected["pictures"]
    assert all(decode(image) == (112, 112) for image in bins)
    return f"{len(issame_list)} pairs"


for read, what in ((read_data_set, "train.rec"), (read_pairs, "lfw.bin")):
    @check(f"OpenCV, {what}", "cv2")
    def _(cv2):
        return read(lambda image: cv2.imdecode(numpy.frombuffer(image, numpy.uint8), cv2.IMREAD_COLOR).shape[:2])

    @check(f"Pillow, {what}", "PIL.Image")
    def _(pillow):
        return read(lambda image: pillow.open(io.BytesIO(image)).convert("RGB").size)


@check("safetensors, mbf.safetensors", "safetensors")
def _(safetensors):
    expected = load_json("weights/expected.json")
    with safetensors.safe_open(os.path.join(FOLDER, "weights", "mbf.safetensors"), framework="numpy") as file:
        metadata = file.metadata()
        assert metadata["architecture"] == "mbf" and json.loads(metadata["labels"]) == ["Ada", "Bob"]
        assert set(file.keys()) == set(expected) | {"class_centers"}
        for name, tensor in expected.items():
            numbers = file.get_tensor(name)
            assert list(numbers.shape) == tensor["shape"]
            assert numpy.isclose(numbers.sum(dtype=numpy.float64), tensor["sum"], rtol=1e-9, atol=1e-9), name
    return f"{len(expected)} tensors, class centres, metadata"


@check("torch, mbf.safetensors", "torch", "safetensors.torch")
def _(torch, safetensors_torch):
    state = safetensors_torch.load_file(os.path.join(FOLDER, "weights", "mbf.safetensors"))
    return f"{sum(tensor.numel() for tensor in state.values())} numbers"


def checksum(data):
    """TFRecord's: CRC-32C, turned and shifted."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (crc & 1) * 0x82F63B78
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(message):
    """The fields of a protobuf message, as number and value; lengths of messages are one or more bytes, a 7-bit group each."""
    def number(at):
        value, shift = 0, 0
        while True:
            byte = message[at]
            value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                return value, at

    at = 0
    while at < len(message):
        key, at = number(at)
        if key & 7 == 0:
            value, at = number(at)
        else:
            length, at = number(at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = message[at:at + length], at + length
        yield key >> 3, value


def events_of(path):
    with open(path, "rb") as file:
        data = file.read()
    while data:
        length, = struct.unpack("<Q", data[:8])
        message = data[12:12 + length]
        assert struct.unpack("<I", data[8:12])[0] == checksum(data[:8]) and struct.unpack("<I", data[12 + length:16 + length])[0] == checksum(message)
        yield dict(fields(message))
        data = data[16 + length:]


@check("a reader of TensorBoard's format, events")
def _():
    losses = {}
    for path in sorted(glob.glob(os.path.join(FOLDER, "events", "*tfevents*"))):
        for event in events_of(path):
            step = event.get(2, 0)
            if 7 in event:  # a run that goes on: what was said of later steps no longer counts
                losses = {earlier: loss for earlier, loss in losses.items() if earlier < step}
            for _, value in fields(event.get(5, b"")):
                value = dict(fields(value))
                if value[1] == b"train/loss":
                    losses[step], = struct.unpack("<f", value[2])
    assert [losses[step] for step in sorted(losses)] == load_json("events/expected.json")["losses"]
    return f"{len(losses)} steps"


@check("TensorBoard, events", "tensorboard.backend.event_processing.event_accumulator")
def _(event_accumulator):
    events = event_accumulator.EventAccumulator(os.path.join(FOLDER, "events"))
    events.Reload()
    scalars = events.Scalars("train/loss")
    assert [(scalar.step, scalar.value) for scalar in scalars] == list(enumerate(load_json("events/expected.json")["losses"]))
    return f"{len(scalars)} steps"
