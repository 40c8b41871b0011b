"""How long predictions take: of one sample, where the call itself counts, and of many."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import LENET, MNIST, Case, multilayer
from benchmarks.tables import figure, head, row
from benchmarks.torch_trainers import PyTorch
from chainrule import Predictor

Array = NDArray[Any]
Predict = Callable[[Array], Any]

CASES = (
    multilayer(784, 256, 128, 10, batch=32),
    Case("LeNet-5 on 28 × 28", MNIST, (120, 84), 32, images=LENET),
)
SAMPLES = (1, 32, 4096)
SECONDS = 0.05
"""How long calls are repeated for one figure."""


def measure(threads: int, rounds: int) -> dict[str, Any]:
    """Print and return the time of a call for each network and number of samples."""
    print(
        f"\nµs a call, probabilities of all classes; the median of {rounds} rounds, taking turns."
    )
    print()
    found = []
    peers = ["PyTorch"] if PyTorch.runs(CASES[0]) else []
    peers.append("NumPy")
    head("network", "samples", "chainrule", *(f"{name} / ours" for name in peers), "differ by")
    for case in CASES:
        start = case.start()
        chain = case.chain()
        predicts: dict[str, Predict] = {"chainrule": Predictor(chain, threads=threads)}
        if "PyTorch" in peers:
            predicts["PyTorch"] = by_torch(PyTorch(case, start, threads))
        predicts["NumPy"] = chain.forward
        for count in SAMPLES:
            X = np.ascontiguousarray(start.X[:count])
            outputs = [np.asarray(predict(X)) for predict in predicts.values()]
            apart = max(float(np.abs(Y - outputs[0]).max()) for Y in outputs[1:])
            times = microseconds(predicts, X, rounds)
            ours = times["chainrule"]
            ratios = [figure(times[name] / ours) for name in peers]
            row(case.name, f"{count:,}", figure(ours), *ratios, f"{apart:.0e}")
            found.append({"case": case.name, "samples": count, "microseconds": times})
    return {"rounds": rounds, "predictions": found}


def by_torch(trainer: PyTorch) -> Predict:
    """Return PyTorch's predictions, from an array to an array."""
    torch, model = trainer.torch, trainer.model

    def predict(X: Array) -> Array:
        with torch.inference_mode():
            Y: Array = torch.softmax(model(torch.from_numpy(X)), 1).numpy()
        return Y

    return predict


def microseconds(predicts: dict[str, Predict], X: Array, rounds: int) -> dict[str, float]:
    """Let all predict in turn; return the median of the time of a call, by name."""
    times: dict[str, list[float]] = {name: [] for name in predicts}
    for _ in range(rounds):
        for name, predict in predicts.items():
            calls, begin = 0, perf_counter()
            while perf_counter() - begin < SECONDS:
                predict(X)
                calls += 1
            times[name].append((perf_counter() - begin) / calls * 1e6)
    return {name: median(values) for name, values in times.items()}
