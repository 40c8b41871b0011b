"""python -m benchmarks [--json FILE] [--quick] [--only TEXT]: the table of all cases."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case
from benchmarks.peak import peak
from benchmarks.trainers import TRAINERS, Chainrule, PyTorch, ScikitLearn, Trainer

REST = 0.3
"""Seconds before each epoch, in which the threads of the one before stop spinning."""

MODULES = {"PyTorch": "torch", "scikit-learn": "sklearn"}


def installed() -> list[type[Trainer]]:
    """Return who can train here."""
    return [t for t in TRAINERS if t.name not in MODULES or find_spec(MODULES[t.name])]


def measure(case: Case, threads: int, rounds: int) -> dict[str, Any]:
    """Train a case by all, taking turns; return microseconds a step, and how weights agree."""
    kinds = [k for k in installed() if not (case.images and k is ScikitLearn)]  # it has no images
    trainers = [kind(case, threads) for kind in kinds]
    for trainer in trainers:
        trainer.epoch()
    ours = trainers[0].weights()
    apart = {
        trainer.name: max(
            float(np.abs(a - b).max()) for a, b in zip(ours, trainer.weights(), strict=True)
        )
        for trainer in trainers[1:]
    }
    times: dict[str, list[float]] = {trainer.name: [] for trainer in trainers}
    for _ in range(rounds):
        for trainer in trainers:
            sleep(REST)
            begin = perf_counter()
            trainer.epoch()
            times[trainer.name].append((perf_counter() - begin) / case.steps * 1e6)
    return {
        "case": str(case),
        "threads": trainers[0].steps.threads if isinstance(trainers[0], Chainrule) else 1,
        "operations": case.operations,
        "microseconds": {name: median(values) for name, values in times.items()},
        "largest difference of weights after an epoch": apart,
    }


COLD = """
import sys, time
begin = time.perf_counter()
import numpy, sklearn.neural_network
base = time.perf_counter()
from benchmarks.cases import multilayer
from benchmarks.trainers import {trainer}
trainer = {trainer}(multilayer(784, 256, 128, 10, batch=64), {threads})
trainer.epoch()
print(time.perf_counter() - base)
"""


def cold(trainer: type[Trainer], threads: int, cache: str) -> float:
    """Return seconds from NumPy and scikit-learn imported to the first epoch trained."""
    script = COLD.format(trainer=trainer.__name__, threads=threads)
    environment = os.environ | {"CHAINRULE_CACHE": cache}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def processor() -> str:
    """Return the processor's name, if the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--json", type=Path, help="write the figures to a file, too")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--rounds", type=int, default=7, help="epochs of which the median counts")
    arguments = parser.parse_args()
    from chainrule.engine.availability import processors
    from chainrule.engine.compiling import host

    threads = processors()
    one, all_cores = peak(1), peak(threads)  # again with each case: the best so far counts
    machine = f"{processor()}, {threads} threads, {host().register_bytes * 8}-bit registers"
    print(f"{machine}; peak of the product {one:.0f} GFLOP/s on one, {all_cores:.0f} on all")
    names = [trainer.name for trainer in installed()]
    peers = names[1:]
    ratios = [f"{name} / ours" for name in peers]
    heads = ["µs a step", *ratios, "of peak", f"weights differ from {peers[0]}'s by"]
    print("| network | " + " | ".join(heads) + " |")
    print("|---|" + "---|" * len(heads))
    results = []
    for case in CASES:
        if arguments.only not in str(case):
            continue
        result = measure(case, threads, arguments.rounds)
        results.append(result)
        times = result["microseconds"]
        ours = times["chainrule"]
        one, all_cores = max(one, peak(1)), max(all_cores, peak(threads))
        rate = case.operations / ours / 1e3
        share = rate / (one if result["threads"] == 1 else all_cores)
        result["of peak"] = share
        apart = result["largest difference of weights after an epoch"][peers[0]]
        ratios = [f"{times[name] / ours:.3g}" if name in times else "" for name in peers]
        cells = [str(case), f"{ours:.3g}", *ratios, f"{share:.0%}", f"{apart:.0e}"]
        print("| " + " | ".join(cells) + " |", flush=True)
    starts = {}
    with tempfile.TemporaryDirectory() as cache:
        starts["chainrule, first time on a machine"] = cold(Chainrule, threads, cache)
        starts["chainrule"] = median(cold(Chainrule, threads, cache) for _ in range(5))
    if PyTorch.name in names:
        starts["PyTorch"] = median(cold(PyTorch, threads, "") for _ in range(3))
    print("\nFrom NumPy and scikit-learn imported to the first epoch of 784-256-128-10:")
    for name, seconds in starts.items():
        print(f"- {name}: {seconds:.2f} s")
    if arguments.json:
        whole = {"machine": machine, "peak": [one, all_cores], "cases": results, "start": starts}
        arguments.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
