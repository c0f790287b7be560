"""Files as Python's own programs write them, and what is in them as JSON; FilesOfPythonTests reads them.

Usage: write_files.py FOLDER
"""
import json
import os
import pickle
import struct
import sys

import numpy

FOLDER = os.path.join(sys.argv[1], "from-others")
MAGIC = struct.pack("<I", 0xCED7230A)


def path_of(name):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write_json(name, value):
    with open(path_of(name + ".json"), "w") as file:
        json.dump(value, file)


def write_bins():
    """InsightFace's pairs: pickle.dump((bins, issame_list)); arrays are what numpy.frombuffer and cv2.imencode give."""
    images = [bytes([0xFF, 0xD8, 0xFF, 0x80 + i]) + bytes(range(i)) for i in range(6)]
    same = [True, False, True]
    kinds = {"bytes": bytes, "bytearray": bytearray, "numpy": lambda image: numpy.frombuffer(image, dtype=numpy.uint8).copy()}
    for kind, convert in kinds.items():
        for protocol in range(2, 6):
            if kind != "bytearray" or protocol == 5:
                with open(path_of(f"bin/{kind}-{protocol}.bin"), "wb") as file:
                    pickle.dump(([convert(image) for image in images], same), file, protocol=protocol)
    write_json("bin/expected", {"images": [image.hex().upper() for image in images], "same": same})


def record_parts(data):
    """dmlc's RecordIO: a record is split at each magic number that stands at a multiple of 4 bytes."""
    cuts = [at for at in range(0, len(data) - 3, 4) if data[at:at + 4] == MAGIC]
    starts, ends = [0] + [cut + 4 for cut in cuts], cuts + [len(data)]
    parts = b""
    for i, (start, end) in enumerate(zip(starts, ends)):
        kind = 0 if not cuts else 1 if i == 0 else 3 if i == len(cuts) else 2
        parts += MAGIC + struct.pack("<I", kind << 29 | end - start) + data[start:end] + bytes(-(end - start) % 4)
    return parts


def write_records():
    """A training set of InsightFace: record 0 with the ranges of keys, images, and a record for each person."""
    images = [(person, bytes([0xFF, 0xD8, person]) + MAGIC * (key % 3) + bytes(key % 5)) for key, person in enumerate([0, 0, 1, 2, 2, 2, 1, 0])]
    images[3] = (2, bytes(4) + MAGIC + bytes(4) + MAGIC + MAGIC)
    first, end = 1 + len(images), 1 + len(images) + 3
    records = [struct.pack("<IfQQ", 2, 0, 0, 0) + struct.pack("<ff", first, end)]
    records += [struct.pack("<IfQQ", 0, person, key + 1, 0) + image for key, (person, image) in enumerate(images)]
    records += [struct.pack("<IfQQ", 2, person, 0, 0) + struct.pack("<ff", 1, 2) for person in range(3)]
    with open(path_of("records/train.rec"), "wb") as file, open(path_of("records/train.idx"), "w") as index:
        for key, record in enumerate(records):
            index.write(f"{key}\t{file.tell()}\n")
            file.write(record_parts(record))
    with open(path_of("records/property"), "w") as file:
        file.write("3,112,112")
    write_json("records/train.rec", {"images": [{"label": person, "bytes": image.hex().upper()} for person, image in images]})


def write_checkpoints():
    import torch

    class Hostile:
        """What pickle would call on loading."""

        def __init__(self, function, argument):
            self.call = (function, (argument,))

        def __reduce__(self):
            return self.call

    def save(name, checkpoint, tensors, suffixes=("zip", "stream")):
        for suffix in suffixes:
            file = path_of(f"weights/{name}-{suffix}.pth")
            torch.save(checkpoint, file, _use_new_zipfile_serialization=suffix == "zip")
            write_json(f"weights/{name}-{suffix}.pth", {"tensors": [
                {"name": key, "shape": list(tensor.shape), "values": tensor.detach().to(torch.float64).flatten().tolist()} for key, tensor in tensors.items()]})

    torch.manual_seed(1)
    numbers = torch.randn(3, 4)
    kinds = {str(kind).removeprefix("torch."): numbers.to(kind) for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
    kinds["counter"] = torch.tensor(7)
    kinds["empty"] = torch.zeros(0, 3)
    save("kinds", kinds, kinds)

    storage = torch.arange(24, dtype=torch.float32)
    shared = {"all": storage.view(4, 6), "tail": storage[18:], "again": storage.view(2, 12)}
    save("shared", shared, shared)
    strided = {"transposed": numbers.t(), "every other": storage[1::2], "expanded": numbers[:1].expand(3, 4), "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)}
    save("strided", strided, strided)
    parameters = {"weight": torch.nn.Parameter(torch.randn(2, 2)), "frozen": torch.nn.Parameter(torch.randn(2), requires_grad=False)}
    save("parameters", parameters, parameters)

    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4), torch.nn.PReLU(4))
    state = module.state_dict()
    save("module", state, state)
    prefixed = {"module.backbone." + name: tensor for name, tensor in state.items()}
    save("prefixed", prefixed, prefixed)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    module(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()  # so that there are buffers of momentum
    state = module.state_dict()
    save("nested", {"epoch": 3, "model": {"state_dict": state}, "optimizer": optimizer.state_dict(), "loss": torch.tensor(0.5)}, state)
    save("arcface_torch", {"epoch": 1, "global_step": 9, "state_dict_backbone": state, "state_dict_softmax_fc": {"weight": numbers}, "state_optimizer": optimizer.state_dict()}, state)

    command = f"touch '{path_of('hostile/it-ran')}'"
    torch.save({"weight": numbers, "x": Hostile(os.system, command)}, path_of("hostile/system-zip.pth"))
    torch.save({"weight": numbers, "x": Hostile(os.system, command)}, path_of("hostile/system-stream.pth"), _use_new_zipfile_serialization=False)
    torch.save({"weight": numbers, "x": Hostile(eval, "1")}, path_of("hostile/eval-zip.pth"))
    with open(path_of("hostile/pickle.pth"), "wb") as file:
        pickle.dump({"weight": Hostile(os.system, command)}, file, protocol=4)


def write_safetensors():
    from safetensors.numpy import save_file

    tensors = {"half": numpy.arange(6, dtype=numpy.float16).reshape(2, 3), "float": numpy.linspace(-1, 1, 5, dtype=numpy.float32), "double": numpy.array([[1 / 3]])}
    save_file(tensors, path_of("weights/numpy.safetensors"), metadata={"architecture": "mbf"})
    write_json("weights/numpy.safetensors", {"tensors": [
        {"name": name, "shape": list(tensor.shape), "values": tensor.astype(float).ravel().tolist()} for name, tensor in tensors.items()]})


for write in (write_bins, write_records, write_checkpoints, write_safetensors):
    try:
        write()
    except ImportError as error:
        print(f"skipped: {write.__name__}: {error}")
