"""Lines of index notation beside Linear, in networks of as many multiply-adds."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt, prod
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np

from benchmarks.tables import figure, head, row
from benchmarks.timing import REST
from chainrule import SGD, Chain, CrossEntropy, Flatten, Linear, Multilinear, ReLU, Softmax
from chainrule.engine.running.steps import Steps, threads_for

DEPTH = 3
CLASSES = 10
BATCHES = (32, 128, 512)
STEPS = 20
"""In a measurement."""


@dataclass(frozen=True)
class Line(Multilinear):
    """A line that keeps the shape of samples, with the shapes of its parameters."""

    line_text: str
    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    def text(self) -> str:
        """Return the line."""
        return self.line_text

    def parameter_shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes."""
        return dict(self.shapes)


def _line(text: str, **shapes: tuple[int, ...]) -> Line:
    return Line(text, tuple(shapes.items()))


FEATURES = {"W": (32, 64, 64), "b": (32, 64)}
MATRICES = {"W": (8, 128, 128), "b": (8, 128)}
ENSEMBLE = {"r": (8, 128), "W": (128, 128), "s": (8, 128), "b": (8, 128)}
LINES: tuple[tuple[tuple[int, ...], Line, int], ...] = (
    ((512,), _line("Y[n,o] = X[n,i] W[i,o] + b[o]", W=(512, 512), b=(512,)), 512**2),
    ((512,), _line("Y[n,o] = 1/√i X[n,i] W[o,i]", W=(512, 512)), 512**2),
    ((32, 64), _line("Y[n,f,d] = X[n,f,e] W[f,e,d] + b[f,d]", **FEATURES), 32 * 64**2),
    ((8, 128), _line("Y[n,k,o] = X[n,k,i] W[k,i,o] + b[k,o]", **MATRICES), 8 * 128**2),
    (
        (8, 128),
        _line("Y[n,k,o] = X[n,k,i] r[k,i] W[i,o] s[k,o] + b[k,o]", **ENSEMBLE),
        8 * 128**2,
    ),
    ((7, 130), _line("Y[n,k,o] = X[n,k,i] W[k,i,o]", W=(7, 130, 130)), 7 * 130**2),
)
"""Shapes of samples, lines, and multiply-adds of their products for a sample."""


class Network:
    """A network of layers that keep the shape, and of a last Linear, and its steps."""

    def __init__(self, shape: tuple[int, ...], layer: Any, batch: int, threads: int) -> None:
        rng, n = np.random.default_rng(0), batch * STEPS
        hidden = [function for _ in range(DEPTH) for function in (layer, ReLU())]
        chain = Chain(*hidden, Flatten(), Linear(CLASSES), Softmax()).initialize(shape)
        count = threads_for(chain, CrossEntropy(), batch, threads)
        X, t = rng.random((n, *shape), dtype=np.float32), rng.integers(0, CLASSES, n)
        self.order, self.rates, self.batch = rng.permutation(n), np.full(STEPS, 1e-3), batch
        self.steps = Steps(chain, CrossEntropy(), SGD(1e-3), X, t, threads=count)
        self.steps.run(self.order, batch, self.rates)

    def microseconds(self) -> float:
        """Return the time of a step."""
        sleep(REST)
        begin = perf_counter()
        self.steps.run(self.order, self.batch, self.rates)
        return (perf_counter() - begin) / STEPS * 1e6


def measure(threads: int, rounds: int) -> dict[str, Any]:
    """Print a line for each network; return the figures."""
    print(f"\nµs a step of {DEPTH} layers with ReLU and a Linear({CLASSES}), float32, beside")
    print(f"layers of Linear with as many multiply-adds; the median of {rounds}, taking turns.\n")
    head("line", "samples", "batch", "µs a step", "Linear", "ratio")
    found = []
    for shape, layer, products in LINES:
        width = isqrt(products)
        for batch in BATCHES:
            pair = [
                Network(shape, layer, batch, threads),
                Network((width,), Linear(width), batch, threads),
            ]
            times = [[network.microseconds() for network in pair] for _ in range(rounds)]
            ours, linear = (median(column) for column in zip(*times, strict=True))
            ratio = median(a / b for a, b in times)
            name = " × ".join(map(str, shape))
            cells = (f"`{layer.text()}`", name, str(batch), figure(ours), figure(linear))
            row(*cells, figure(ratio))
            found.append(
                {
                    "line": layer.text(),
                    "shape": list(shape),
                    "features": prod(shape),
                    "batch": batch,
                    "microseconds": [ours, linear],
                    "ratio": ratio,
                }
            )
    return {"rounds": rounds, "lines": found}
