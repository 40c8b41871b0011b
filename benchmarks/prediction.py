"""How long predictions take: of one sample, where the call itself counts, and of many."""

from __future__ import annotations

import copy
from collections.abc import Callable
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import (
    DILATED,
    GROUPED,
    LENET,
    MNIST,
    STRIDES,
    THREE,
    Case,
    multilayer,
)
from benchmarks.tables import figure, head, row
from benchmarks.timing import REST, Limits
from benchmarks.torch_trainers import PyTorch
from chainrule import Predictor

Array = NDArray[Any]
Predict = Callable[[Array], Any]

CASES = (
    multilayer(784, 256, 128, 10, batch=32),
    Case("LeNet-5 on 28 × 28", MNIST, (120, 84), 32, images=LENET),
)
IMAGES = tuple(
    Case(f"{name} on 3 × {size} × {size}", (3, size, size), hidden, 1, samples=16, images=layers)
    for size in (64, 224)
    for name, hidden, layers in (
        ("LeNet-5", (120, 84), LENET),
        ("three blocks", (), THREE),
        ("strides of 2", (), STRIDES),
        ("dilation of 2", (), DILATED),
        ("4 groups", (), GROUPED),
    )
)
SAMPLES = (1, 32, 4096)
FEW = (1, 4, 8, 16)
COUNTS = (*((case, SAMPLES) for case in CASES), *((case, FEW) for case in IMAGES))
"""Networks, and how many samples are predicted at once."""
MANY = 1000
"""Samples for which all take as many threads as there are."""
SECONDS = 0.05
"""How long calls are repeated for one figure."""


def measure(threads: int, rounds: int, only: str = "") -> dict[str, Any]:
    """Print and return the time of a call for each network and number of samples."""
    print(
        f"\nµs a call, probabilities of all classes; the median of {rounds} rounds, taking turns."
    )
    print(f"The limit is that of multiply-adds on registers, on {threads} threads.\n")
    found = []
    torch = ["PyTorch", "channels last"] if PyTorch.runs(CASES[0]) else []
    peers = [*torch, "NumPy"]
    limits, ratios = Limits(threads), [f"{name} / ours" for name in peers]
    head("network", "samples", "chainrule", *ratios, "of the limit", "differ by")
    for case, samples in COUNTS:
        if only not in str(case):
            continue
        start = case.start()
        chain = case.chain()
        predicts: dict[str, Predict] = {"chainrule": Predictor(chain, threads=threads)}
        if torch:
            predicts |= by_torch(PyTorch(case, start, threads))
        if case not in IMAGES:
            predicts["NumPy"] = chain.forward
        for count in samples:
            X = np.ascontiguousarray(start.X[:count])
            outputs = [np.asarray(predict(X)) for predict in predicts.values()]
            apart = max((float(np.abs(Y - outputs[0]).max()) for Y in outputs[1:]), default=0.0)
            times = microseconds(predicts, X, rounds)
            ours = times["chainrule"]
            ratios = [figure(times[name] / ours) if name in times else "" for name in peers]
            share = count * case.forward_operations / ours * 1e6 / limits(threads)
            cells = [figure(ours), *ratios, f"{share:.0%}", f"{apart:.0e}"]
            row(case.name, f"{count:,}", *cells)
            result = {"case": case.name, "samples": count, "microseconds": times}
            found.append(result | {"of the limit": share})
    return {"rounds": rounds, "predictions": found}


def by_torch(trainer: PyTorch) -> dict[str, Predict]:
    """Return PyTorch's predictions, from an array to an array, in its two layouts of images."""
    torch = trainer.torch
    last, first = trainer.model, copy.deepcopy(trainer.model)
    first = first.to(memory_format=torch.contiguous_format)

    def of(model: Any, layout: Any) -> Predict:
        def predict(X: Array) -> Array:
            with torch.inference_mode():
                given = torch.from_numpy(X)
                if layout is not None:
                    given = given.contiguous(memory_format=layout)
                Y: Array = torch.softmax(model(given), 1).numpy()
            return Y

        return predict

    found = {"PyTorch": of(first, None)}
    if trainer.case.images:
        found["channels last"] = of(last, torch.channels_last)
    return found


def microseconds(predicts: dict[str, Predict], X: Array, rounds: int) -> dict[str, float]:
    """Let all predict in turn; return the median of the time of a call, by name.

    Before many samples there is a rest, in which the threads of the one before stop spinning.
    """
    times: dict[str, list[float]] = {name: [] for name in predicts}
    for _ in range(rounds):
        for name, predict in predicts.items():
            sleep(REST if len(X) >= MANY else 0)
            calls, begin = 0, perf_counter()
            while perf_counter() - begin < SECONDS:
                predict(X)
                calls += 1
            times[name].append((perf_counter() - begin) / calls * 1e6)
    return {name: median(values) for name, values in times.items()}
