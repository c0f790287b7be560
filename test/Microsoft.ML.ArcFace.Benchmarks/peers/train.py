"""PyTorch's side of the comparison of training: a step over one batch again and again, eager, channels-last.

train.py FOLDER NAME PEOPLE BATCH THREADS float32|bfloat16 [DEVICE]
The folder holds NAME.safetensors, centers.safetensors and batch.bin (pixels, then int64 labels). bfloat16 is autocast over
float32 weights around the network's body, as InsightFace trains it; its head and the loss are float32.
A step is measured over several on a GPU, which are waited for once.
Answers the lines step, loss and memory on standard input with a line of JSON each.
"""
import resource
import sys

import torch
from torch import nn
from torch.nn import functional

from networks import NETWORKS, answer, measure, read_safetensors

SCALE, MARGIN, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, LARGEST_NORM = 64, 0.5, 1e-3, 0.9, 5e-4, 5
STEPS_ON_GPU = 20


class HeadInput(nn.Module):
    """From here on everything is float32."""

    def __init__(self, following):
        super().__init__()
        self.following = following

    def forward(self, x):
        with torch.autocast(x.device.type, enabled=False):
            return self.following(x.float())


class ArcFaceHead(nn.Module):
    def __init__(self, centers):
        super().__init__()
        self.weight = nn.Parameter(centers)

    def forward(self, embeddings, labels):
        cosine = functional.linear(functional.normalize(embeddings), functional.normalize(self.weight))
        column = labels.unsqueeze(1)
        target = torch.cos(torch.acos(cosine.gather(1, column).clamp(-1 + 1e-7, 1 - 1e-7)) + MARGIN)
        return functional.cross_entropy(cosine.scatter(1, column, target) * SCALE, labels)


def main():
    folder, name, people, batch, threads, precision = sys.argv[1:7]
    device = torch.device(sys.argv[7] if len(sys.argv) > 7 else "cpu")
    torch.set_num_threads(int(threads))
    network = NETWORKS[name](512)
    network.load_state_dict(read_safetensors(f"{folder}/{name}.safetensors"))
    if name.startswith("mbf"):
        network.features.layers[2] = HeadInput(network.features.layers[2])
    else:
        network.fc = HeadInput(network.fc)
        network.features.weight.requires_grad = False
    network = network.train().to(device, memory_format=torch.channels_last)
    head = ArcFaceHead(read_safetensors(f"{folder}/centers.safetensors")["weight"][:int(people)].clone()).to(device)
    optimizer = torch.optim.SGD([*network.parameters(), *head.parameters()], LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY, fused=True)

    with open(f"{folder}/batch.bin", "rb") as file:
        content = bytearray(file.read())
    count = int(batch) * 112 * 112 * 3
    pixels = torch.frombuffer(content, dtype=torch.uint8, count=count).view(int(batch), 112, 112, 3)
    classes = torch.frombuffer(content, dtype=torch.int64, offset=count, count=int(batch))
    if device.type == "cuda":
        pixels, classes = pixels.pin_memory(), classes.pin_memory()

    def forward():
        faces = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().sub_(127.5).div_(127.5)
        labels = classes.to(device, non_blocking=True)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            embeddings = network(faces)
        return head(embeddings.float(), labels)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = forward()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_NORM)
        optimizer.step()

    def steps():
        for _ in range(repeats):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    @torch.no_grad()
    def loss():
        return forward().item()

    def memory():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    repeats = STEPS_ON_GPU if device.type == "cuda" else 1
    answer({"step": lambda: measure(steps, repeats), "loss": loss, "memory": memory})


main()
