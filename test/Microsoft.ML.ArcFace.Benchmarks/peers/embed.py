"""PyTorch's side of the comparison of embeddings: the same networks, eager, channels-last.

embed.py WEIGHTS.safetensors NAME FILES.txt BATCH THREADS float32|bfloat16
Answers the lines embed, all and single on standard input with a line of JSON each.
"""
import sys

import torch
from PIL import Image
from torch import nn

from networks import NETWORKS, answer, measure, read_safetensors


def main():
    weights, name, listing, batch, threads, precision = sys.argv[1:]
    torch.set_num_threads(int(threads))
    dtype = getattr(torch, precision)
    network = NETWORKS[name](512)
    network.load_state_dict(read_safetensors(weights))
    network = network.eval().to(dtype).to(memory_format=torch.channels_last)
    with open(listing, encoding="utf-8") as file:
        files = file.read().splitlines()

    @torch.inference_mode()
    def embed(paths):
        faces = [torch.frombuffer(bytearray(Image.open(path).convert("RGB").tobytes()), dtype=torch.uint8).view(112, 112, 3) for path in paths]
        pixels = torch.stack(faces).permute(0, 3, 1, 2).to(dtype).sub_(127.5).div_(127.5)
        return nn.functional.normalize(network(pixels).float())

    def embed_all():
        return torch.cat([embed(files[i:i + int(batch)]) for i in range(0, len(files), int(batch))])

    singles = files[:8]
    answer({
        "embed": lambda: embed_all().tolist(),
        "all": lambda: measure(embed_all),
        "single": lambda: measure(lambda: [embed([path]) for path in singles], len(singles)),
    })


main()
