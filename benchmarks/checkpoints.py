"""What checkpoints cost: python -m benchmarks.checkpoints [--turns 5].

Two processes of work take turns, a training with checkpoints as often as they may be, and one
without; the ratio of their times is told, and what the writer counts itself. The last checkpoint,
which is written when training is over, is told apart.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from chainrule import Adam, Chain, Checkpoint, CrossEntropy, Linear, Plan, ReLU, Softmax, train
from chainrule.training import checkpoint_writer
from chainrule.training.snapshot import Snapshot

SAMPLES, FEATURES, CLASSES = 20_000, 784, 10
NETWORKS = {"784-256-128-10": ((256, 128), 30), "784-1024-1024-10": ((1024, 1024), 4)}
"""Hidden layers, and how many epochs make some seconds."""


class Counted(checkpoint_writer.CheckpointWriter):
    """A writer that adds up what checkpoints cost, and takes the time of the last one."""

    begun, spent, at_the_end = 0, 0.0, 0.0

    def _begin(self, run: checkpoint_writer.Run) -> None:
        Counted.begun += 1
        super()._begin(run)

    def _work(self, snapshot: Snapshot, copying: float) -> None:
        super()._work(snapshot, copying)
        Counted.spent += self.cost

    def last(self, run: checkpoint_writer.Run) -> None:
        """Write a checkpoint, and take its time."""
        begin, spent = perf_counter(), Counted.spent
        super().last(run)
        Counted.at_the_end, Counted.spent = perf_counter() - begin, spent


def seconds_of(hidden: tuple[int, ...], epochs: int, checkpoint: Checkpoint | None) -> float:
    """Return how long a training takes, from the first step to the last checkpoint."""
    rng = np.random.default_rng(0)
    X = rng.random((SAMPLES, FEATURES), dtype=np.float32)
    t = rng.integers(0, CLASSES, SAMPLES)
    layers = [each for size in hidden for each in (Linear(size), ReLU())]
    chain = Chain(*layers, Linear(CLASSES), Softmax()).initialize(X, dtype=np.float32)
    plan = Plan(Adam(1e-4), batch_size=100, epochs=epochs, patience=None)
    begin = perf_counter()
    train(chain, CrossEntropy(), X, t, plan, checkpoint=checkpoint)
    return perf_counter() - begin


def main() -> None:
    """Measure, and print a line for each network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoints")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    checkpoint_writer.CheckpointWriter = Counted  # type: ignore[misc]
    from chainrule.training import checkpoint as used

    used.CheckpointWriter = Counted  # type: ignore[misc]
    for name, (hidden, epochs) in NETWORKS.items():
        if options.only not in name:
            continue
        seconds_of(hidden, 1, None)
        ratios, shares, counts, sizes, ends, without = [], [], [], [], [], []
        for _ in range(options.turns):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "run.safetensors"
                plain = seconds_of(hidden, epochs, None)
                Counted.begun, Counted.spent = 0, 0.0
                kept = seconds_of(hidden, epochs, Checkpoint(path, every=0))
                sizes.append(path.stat().st_size)
            without.append(plain)
            shares.append(Counted.spent / kept)
            ends.append(Counted.at_the_end)
            ratios.append((kept - Counted.at_the_end) / plain)
            counts.append(Counted.begun - 1)
        print(
            f"{name}: {median(without):.1f} s without; with {median(counts):.0f} checkpoints of "
            f"{median(sizes) / 1e6:.1f} MB on the way {100 * (median(ratios) - 1):+.1f} % "
            f"({100 * (min(ratios) - 1):+.1f} to {100 * (max(ratios) - 1):+.1f}), by their own "
            f"count {100 * median(shares):.2f} %, and at the end {1e3 * median(ends):.0f} ms"
        )


if __name__ == "__main__":
    main()
