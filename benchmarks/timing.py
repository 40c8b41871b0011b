"""How long a step takes, and how long it takes from nothing to the first epoch."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np

from benchmarks.cases import Case, Start
from benchmarks.peers import Trainer
from benchmarks.trainers import Chainrule
from chainrule.engine.running.peak import peak

APART = "largest difference of weights after an epoch"

REST = 0.3
"""Seconds before each epoch, in which the threads of the one before stop spinning."""


def microseconds(trainers: list[Trainer], steps: int, rounds: int) -> dict[str, float]:
    """Let all take epochs in turn; return the median of their times, in µs a step, by name."""
    times: dict[str, list[float]] = {trainer.name: [] for trainer in trainers}
    for _ in range(rounds):
        for trainer in trainers:
            sleep(REST)
            begin = perf_counter()
            trainer.epoch()
            times[trainer.name].append((perf_counter() - begin) / steps * 1e6)
    return {name: median(values) for name, values in times.items()}


class Limits:
    """The rate of multiply-adds on registers by threads, measured again each time: the best counts.

    Other programs may have run before, and the peers' threads go on spinning for a while.
    """

    def __init__(self, threads: int) -> None:
        self.best = dict.fromkeys(range(1, threads + 1), 0.0)

    def __call__(self, threads: int) -> float:
        """Return operations a second."""
        sleep(REST)
        self.best[threads] = max(self.best[threads], peak(threads))
        return self.best[threads]


def threads_of(trainer: Trainer) -> int:
    """Return how many threads our engine has taken."""
    assert isinstance(trainer, Chainrule)
    return trainer.steps.threads


def measure(
    case: Case, start: Start, kinds: list[type[Trainer]], threads: int, rounds: int
) -> dict[str, Any]:
    """Train a case by all, ours the first; return µs a step, and how weights agree."""
    trainers = [kind(case, start, threads) for kind in kinds]
    for trainer in trainers:
        trainer.epoch()
    ours = trainers[0].weights()
    apart = {
        trainer.name: max(
            float(np.abs(a - b).max()) for a, b in zip(ours, trainer.weights(), strict=True)
        )
        for trainer in trainers[1:]
    }
    return {
        "case": str(case),
        "threads": threads_of(trainers[0]),
        "operations": case.operations,
        "microseconds": microseconds(trainers, case.steps, rounds),
        APART: apart,
    }


COLD = """
import time
import numpy, sklearn.neural_network
base = time.perf_counter()
from benchmarks.cases import multilayer
from {module} import {trainer}
case = multilayer(784, 256, 128, 10, batch=64)
start = case.start()
trainer = {trainer}(case, start, {threads})
trainer.epoch()
print(time.perf_counter() - base)
"""


def cold(trainer: type[Trainer], threads: int, cache: str) -> float:
    """Return seconds from NumPy and scikit-learn imported to the first epoch trained."""
    script = COLD.format(module=trainer.__module__, trainer=trainer.__name__, threads=threads)
    environment = os.environ | {"CHAINRULE_CACHE": cache}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)
