"""MNIST from nothing to a test accuracy: ours, and PyTorch's of the same network and schedule."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import head, row
from chainrule import (
    Adam,
    Chain,
    Conv2d,
    Cosine,
    CrossEntropy,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Plan,
    Predictor,
    ReLU,
    Softmax,
    train,
)
from chainrule.cli.networks import convolutional_blocks
from chainrule.data import read_source

Array = NDArray[Any]

RATE = 0.002
BATCH = 100


def networks() -> list[tuple[str, Chain, int]]:
    """Return names, chains, and for how many epochs they are trained."""
    three = Chain(
        *(Flatten(), Linear(512), ReLU(), Dropout(0.2), Linear(256), ReLU(), Dropout(0.2)),
        *(Linear(10), Softmax()),
    )
    blocks = convolutional_blocks((1, 28, 28))
    images = Chain(*blocks, Flatten(), Linear(128), ReLU(), Linear(10), Softmax())
    return [("three layers, 512-256-10, dropout 0.2", three, 15), ("the default CNN", images, 8)]


def measure(folder: Path, threads: int, seeds: int) -> dict[str, Any]:
    """Print and return test accuracies and seconds of training."""
    source = read_source(str(folder))
    assert source.test is not None
    (X, t), (X_test, t_test) = numbers(source), numbers(source.test)
    print(f"\nMNIST: Adam, a cosine schedule from {RATE}, batches of {BATCH}; {seeds} seeds.\n")
    head("network", "epochs", "who", "test accuracy", "seconds of training")
    found = []
    for name, chain, epochs in networks():
        trainers: dict[str, Callable[[int], tuple[Array, float]]] = {
            "chainrule": lambda seed, c=chain, e=epochs: ours(c, X, t, X_test, e, seed, threads)
        }
        if find_spec("torch"):
            trainers["PyTorch"] = lambda seed, c=chain, e=epochs: theirs(
                c, X, t, X_test, e, seed, threads
            )
        for who, run in trainers.items():
            results = [run(seed) for seed in range(seeds)]
            accuracies = [float(np.mean(labels == t_test)) for labels, _ in results]
            seconds = [s for _, s in results]
            shown = ", ".join(f"{a:.2%}" for a in accuracies)
            row(name, str(epochs), who, shown, ", ".join(f"{s:.1f}" for s in seconds))
            found.append({"network": name, "who": who, "accuracy": accuracies, "seconds": seconds})
    return {"mnist": found}


def numbers(source: Any) -> tuple[Array, Array]:
    """Return images (n, 1, 28, 28) from 0 to 1, and digits."""
    X = np.ascontiguousarray(source.data, dtype=np.float32) / np.float32(255)
    return X, np.array([int(cell) for cell in source.cells])


def ours(
    chain: Chain, X: Array, t: Array, X_test: Array, epochs: int, seed: int, threads: int
) -> tuple[Array, float]:
    """Return predicted labels, and how long training took."""
    begin = perf_counter()
    chain.initialize(X, seed=seed)
    plan = Plan(Adam(RATE), Cosine(), BATCH, epochs, patience=None, seed=seed)
    train(chain, CrossEntropy(), X, t, plan, threads=threads)
    seconds = perf_counter() - begin
    return Predictor(chain, threads=threads)(X_test).argmax(axis=1), seconds


def theirs(
    chain: Chain, X: Array, t: Array, X_test: Array, epochs: int, seed: int, threads: int
) -> tuple[Array, float]:
    """Return what PyTorch makes of it."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    begin = perf_counter()
    model = torch.nn.Sequential(*torch_layers(chain)).to(memory_format=torch.channels_last)
    samples, labels = torch.from_numpy(X), torch.from_numpy(t)
    samples = samples.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    loss, steps = torch.nn.CrossEntropyLoss(), epochs * -(-len(t) // BATCH)
    factor = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: (1 + math.cos(math.pi * step / steps)) / 2
    )
    for _ in range(epochs):
        order = torch.randperm(len(t))
        for start in range(0, len(t), BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad()
            loss(model(samples[rows]), labels[rows]).backward()
            optimizer.step()
            factor.step()
    seconds = perf_counter() - begin
    model.eval()
    with torch.inference_mode():
        found: Array = model(torch.from_numpy(X_test)).argmax(1).numpy()
    return found, seconds


def torch_layers(chain: Chain) -> list[Any]:
    """Return a chain's functions but the last as PyTorch's modules, which draw their weights."""
    from torch import nn

    layers: list[Any] = []
    for layer in chain.layers[:-1]:
        function, inputs, outputs = layer.function, layer.input_shape, layer.output_shape
        if isinstance(function, Linear):
            layers.append(nn.Linear(inputs[0], outputs[0]))
        elif isinstance(function, Conv2d):
            layers.append(nn.Conv2d(inputs[0], outputs[0], 3, padding=1))
        elif isinstance(function, MaxPool2d):
            layers.append(nn.MaxPool2d(2))
        elif isinstance(function, Dropout):
            layers.append(nn.Dropout(function.rate))
        else:
            layers.append({ReLU: nn.ReLU, Flatten: nn.Flatten}[type(function)]())
    return layers
