"""The networks of the comparisons in PyTorch, under the names that the published weights have, and what the scripts share."""
import json
import struct
import sys
import time

import torch
from torch import nn


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    types = {"F32": torch.float32, "I64": torch.int64}
    return {
        name: torch.frombuffer(data, dtype=types[entry["dtype"]], offset=entry["data_offsets"][0],
                               count=max(1, torch.Size(entry["shape"]).numel())).reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__"
    }


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)) if stride > 1 else None

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    def __init__(self, depths, size):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        inputs = 64
        for number, (depth, outputs) in enumerate(zip(depths, (64, 128, 256, 512)), 1):
            blocks = [Block(inputs if i == 0 else outputs, outputs, 2 if i == 0 else 1) for i in range(depth)]
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
            inputs = outputs
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * 7 * 7, size)
        self.features = nn.BatchNorm1d(size)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.bn2(self.layer4(self.layer3(self.layer2(self.layer1(x)))))
        return self.features(self.fc(torch.flatten(x, 1)))


class Layers(nn.Module):
    """Layers in a row under the name that the published weights have."""

    def __init__(self, *layers, shortcut=False):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = shortcut

    def forward(self, x):
        return self.layers(x) + x if self.shortcut else self.layers(x)


def unit(inputs, outputs, kernel, stride=1, padding=0, groups=1, linear=False):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return Layers(*layers) if linear else Layers(*layers, nn.PReLU(outputs))


def bottleneck(inputs, outputs, inner, stride=1, shortcut=False):
    return Layers(unit(inputs, inner, 1), unit(inner, inner, 3, stride, 1, groups=inner), unit(inner, outputs, 1, linear=True), shortcut=shortcut)


def stack(depth, channels, inner):
    return Layers(*(bottleneck(channels, channels, inner, shortcut=True) for _ in range(depth)))


class MobileFaceNet(nn.Module):
    def __init__(self, depths, scale, size):
        super().__init__()
        c = 64 * scale
        self.layers = nn.Sequential(
            unit(3, c, 3, 2, 1),
            unit(c, c, 3, 1, 1, groups=64) if depths[0] == 1 else stack(depths[0], c, 128),
            bottleneck(c, c, 128, 2), stack(depths[1], c, 128),
            bottleneck(c, 2 * c, 256, 2), stack(depths[2], 2 * c, 256),
            bottleneck(2 * c, 2 * c, 512, 2), stack(depths[3], 2 * c, 256))
        self.conv_sep = unit(2 * c, 512, 1)
        self.features = Layers(unit(512, 512, 7, groups=512, linear=True), nn.Flatten(), nn.Linear(512, size, bias=False), nn.BatchNorm1d(size))

    def forward(self, x):
        return self.features(self.conv_sep(self.layers(x)))


NETWORKS = {
    "r18": lambda d: IResNet([2, 2, 2, 2], d), "r34": lambda d: IResNet([3, 4, 6, 3], d), "r50": lambda d: IResNet([3, 4, 14, 3], d),
    "r100": lambda d: IResNet([3, 13, 30, 3], d), "r200": lambda d: IResNet([6, 26, 60, 6], d),
    "mbf": lambda d: MobileFaceNet([1, 4, 6, 2], 2, d), "mbf_large": lambda d: MobileFaceNet([2, 8, 12, 4], 4, d),
}


def measure(work, repeats=1):
    elapsed, processor = time.perf_counter(), time.process_time()
    work()
    return {"Elapsed": (time.perf_counter() - elapsed) * 1e3 / repeats, "Processor": (time.process_time() - processor) * 1e3 / repeats}


def answer(answers):
    """Says that the process is ready, then answers each line of standard input with a line of JSON."""
    print("ready", torch.__version__.split("+")[0], flush=True)
    for line in sys.stdin:
        print(json.dumps(answers[line.strip()]()), flush=True)
