"""How the time of a step grows with batch, width, depth, classes and threads."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import Case, multilayer
from benchmarks.tables import figure, head, row
from benchmarks.timing import microseconds, threads_of
from benchmarks.torch_trainers import PyTorch
from benchmarks.trainers import Chainrule, Trainer

OPERATIONS = 4_000_000_000
"""In an epoch, at most: a few hundredths of a second."""

MOST_SAMPLES = 8192

BASE = {"batch": 128, "width": 256, "depth": 2, "classes": 10}
SERIES = {
    "batch": (1, 8, 32, 128, 512, 2048),
    "width": (16, 64, 256, 1024, 2048),
    "depth": (1, 2, 4, 8, 16),
    "classes": (2, 10, 100, 1000, 10_000),
}


def network(*, batch: int, width: int, depth: int, classes: int) -> Case:
    """Return a network of 784 inputs with ``depth`` hidden layers, for a short epoch."""
    sizes = (784, *(depth * [width]), classes)
    step = multilayer(*sizes, batch=batch).operations
    steps = max(2, min(MOST_SAMPLES // batch, OPERATIONS // step))
    return multilayer(*sizes, batch=batch, samples=steps * batch)


def measure(threads: int, rounds: int) -> dict[str, Any]:
    """Print a small table for each of the sizes; return the figures."""
    peers: list[type[Trainer]] = [PyTorch] if PyTorch.runs(network(**BASE)) else []
    base = ", ".join(f"{name} {size}" for name, size in BASE.items())
    print(f"\nµs a step of 784 inputs, {base}, where the table does not say otherwise;")
    print(f"the median of {rounds} epochs, taking turns.")
    found: dict[str, Any] = {"rounds": rounds, "base": BASE}
    for name, sizes in SERIES.items():
        points = [(size, network(**BASE | {name: size}), threads) for size in sizes]
        found[name] = series(name, points, peers, rounds)
    counts = [1, *range(2, threads + 1)]
    points = [(count, network(**BASE), count) for count in counts]
    found["threads"] = series("threads", points, peers, rounds)
    return found


def series(
    name: str, points: list[tuple[int, Case, int]], peers: list[type[Trainer]], rounds: int
) -> list[dict[str, Any]]:
    """Print and return the times of some cases, each on a number of threads."""
    print()
    ratios = [f"{peer.name} / ours" for peer in peers]
    head(name, "our threads", "chainrule", *(peer.name for peer in peers), *ratios)
    results = []
    for size, case, threads in points:
        start = case.start()
        trainers = [kind(case, start, threads) for kind in (Chainrule, *peers)]
        for trainer in trainers:
            trainer.epoch()
        times = microseconds(trainers, case.steps, rounds)
        used = threads_of(trainers[0])
        results.append({name: size, "threads used": used, "microseconds": times})
        ours, *others = times.values()
        row(str(size), str(used), *map(figure, (ours, *others, *(t / ours for t in others))))
    return results
