"""The same training by PyTorch's DistributedDataParallel on gloo; it needs PyTorch alone.

It prints the milliseconds of a step in the best epoch.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import distributed, multiprocessing, nn

SIZES = 784, 256, 128, 10
SAMPLES = 32_768


def train(rank: int, size: int, batch: int, epochs: int, folder: str) -> None:
    """Train as one rank of several."""
    torch.set_num_threads(1)
    store = f"file://{folder}/store"
    distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=size)
    torch.manual_seed(0)
    own = SAMPLES // size
    X, t = torch.randn(own, SIZES[0]), torch.randint(0, SIZES[-1], (own,))
    layers: list[Any] = []
    for inputs, outputs in pairwise(SIZES):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.parallel.DistributedDataParallel(nn.Sequential(*layers[:-1]))
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss, each, best = nn.CrossEntropyLoss(), batch // size, float("inf")
    for _ in range(epochs):
        order = torch.randperm(own)
        distributed.barrier()
        begin = perf_counter()
        for first in range(0, own, each):
            rows = order[first : first + each]
            optimizer.zero_grad()
            loss(model(X[rows]), t[rows]).backward()
            optimizer.step()
        best = min(best, perf_counter() - begin)
    if rank == 0:
        print(1e3 * best / (SAMPLES // batch))
    distributed.destroy_process_group()


if __name__ == "__main__":
    processes, samples, rounds = map(int, sys.argv[1:4])
    with tempfile.TemporaryDirectory() as place:
        given = (processes, samples, rounds, str(Path(place)))
        multiprocessing.spawn(train, args=given, nprocs=processes)
