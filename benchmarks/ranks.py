"""Ranks of MPI beside threads of one process, and beside PyTorch's DDP.

``python -m benchmarks.ranks [--torch PYTHON]``: milliseconds of a step of 784-256-128-10, whose
gradient has 0.94 MB, on two cores. All take turns; the best of all rounds counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.tables import figure, head, row

BATCHES = 128, 256, 512, 1024
FOLDER = Path(__file__).parent
MPIEXEC = str(Path(sys.executable).with_name("mpiexec"))


def commands(batch: int, torch: str | None) -> dict[str, list[str]]:
    """Return the programs that are timed for a batch size, by what a table calls them."""
    own = [sys.executable, "-m", "benchmarks.ranks_worker", str(batch)]
    found = {
        "1 process, 1 thread": own,
        "1 process, 2 threads": [*own, "--threads", "2"],
        "8 shards, 1 thread": [*own, "--shards", "8"],
        "2 ranks, 8 shards": [MPIEXEC, "-n", "2", *own, "--mpi", "--shards", "8"],
        "2 ranks, 2 shards": [MPIEXEC, "-n", "2", *own, "--mpi", "--shards", "2"],
    }
    if torch is not None:
        found["PyTorch DDP, 2 ranks"] = [torch, str(FOLDER / "ddp_worker.py"), "2", str(batch), "4"]
    return found


def measure(
    rounds: int, torch: str | None, batches: Sequence[int] = BATCHES
) -> dict[str, dict[str, float]]:
    """Print and return the milliseconds of a step, by batch and by way."""
    head("batch", *commands(1, torch), "efficiency")
    found: dict[str, dict[str, float]] = {}
    for batch in batches:
        times: dict[str, float] = {}
        for _ in range(rounds):
            for name, command in commands(batch, torch).items():
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                times[name] = min(times.get(name, float("inf")), float(done.stdout.split()[-1]))
        efficiency = times["1 process, 2 threads"] / times["2 ranks, 8 shards"]
        row(str(batch), *(figure(time) for time in times.values()), f"{efficiency:.2f}")
        found[str(batch)] = times
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranks")
    parser.add_argument("--torch", help="a Python that has PyTorch, for its DDP")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    given = parser.parse_args()
    measure(given.rounds, given.torch, given.batches)


if __name__ == "__main__":
    main()
