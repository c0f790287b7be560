"""PyTorch's side of the comparison of embeddings: the same networks, eager, channels-last.

embed.py WEIGHTS.safetensors NAME FILES.txt BATCH THREADS float32|bfloat16 [DEVICE]
Answers the lines embed, all, single and decoded (a batch of pixels in memory) on standard input with a line of JSON each.
"""
import sys

import torch
from PIL import Image
from torch import nn

from networks import NETWORKS, answer, measure, read_safetensors

REPEATS = 10


def main():
    weights, name, listing, batch, threads, precision = sys.argv[1:7]
    device = torch.device(sys.argv[7] if len(sys.argv) > 7 else "cpu")
    torch.set_num_threads(int(threads))
    dtype = getattr(torch, precision)
    network = NETWORKS[name](512)
    network.load_state_dict(read_safetensors(weights))
    network = network.eval().to(device, dtype).to(memory_format=torch.channels_last)
    with open(listing, encoding="utf-8") as file:
        files = file.read().splitlines()

    def decode(paths):
        faces = [torch.frombuffer(bytearray(Image.open(path).convert("RGB").tobytes()), dtype=torch.uint8).view(112, 112, 3) for path in paths]
        return torch.stack(faces)

    @torch.inference_mode()
    def embed_pixels(bytes):
        pixels = bytes.to(device, non_blocking=True).permute(0, 3, 1, 2).to(dtype).sub_(127.5).div_(127.5)
        return nn.functional.normalize(network(pixels).float()).cpu()

    def embed(paths):
        return embed_pixels(decode(paths))

    def embed_all():
        return torch.cat([embed(files[i:i + int(batch)]) for i in range(0, len(files), int(batch))])

    singles = files[:8]
    decoded = decode(files[:int(batch)])
    if device.type == "cuda":
        decoded = decoded.pin_memory()
    answer({
        "embed": lambda: embed_all().tolist(),
        "all": lambda: measure(embed_all),
        "single": lambda: measure(lambda: [embed([path]) for path in singles], len(singles)),
        "decoded": lambda: measure(lambda: [embed_pixels(decoded) for _ in range(REPEATS)], REPEATS),
    })


main()
