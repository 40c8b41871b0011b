"""Scores of all methods on tables: 60 % train, 20 % stop, 20 % test; two seeds, one thread.

The score is accuracy or R²; the error is 1 − score, so that of regression is the share of the
variance that is left, the square of what RMSE measures. Means are over tables and seeds that all
methods have ended, each counted once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from math import exp, log
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.peers import installed
from benchmarks.public_tables import MOST_ROWS, TASKS, Samples, parts, tables
from benchmarks.table_methods import (
    CATBOOST,
    CONSTANT,
    LIGHTGBM,
    METHODS,
    OURS,
    REALMLP,
    Method,
)
from benchmarks.tables import head, row

Array = NDArray[Any]

SEEDS = 0, 1

LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Result:
    """What a method reached on the rows to test on of a table, and what it took."""

    table: str
    seed: int
    method: str
    task: str
    rows: int
    score: float
    log_loss: float | None
    seconds: float

    @property
    def error(self) -> float:
        """Return 1 − score, and no less than half a row: a ratio to none would be infinite."""
        return max(1 - self.score, 0.5 / self.rows if self.task == "classification" else 1e-12)


BESIDE: tuple[tuple[str, Method, Callable[[Result], float | None]], ...] = (
    ("error", LIGHTGBM, lambda result: result.error),
    ("log loss", LIGHTGBM, lambda result: result.log_loss),
    ("time", CATBOOST, lambda result: result.seconds),
    ("time", REALMLP, lambda result: result.seconds),
)
"""What is compared as a ratio, and with whom."""


def scored(method: Method, table: str, seed: int, samples: Samples) -> Result:
    """Fit, predict, and score, in one thread; the time is the processor's, of fit and predict."""
    train, held_out, test = parts(samples, seed)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        begin = process_time()
        found = method.predict(train, held_out, test)
        seconds = process_time() - begin
    if samples.task == "classification":
        score, loss = class_scores(found, test.y)
    else:
        score, loss = r2(found, test.y), None
    return Result(table, seed, method.name, samples.task, len(test.y), score, loss, seconds)


def class_scores(probabilities: Array, y: Array) -> tuple[float, float]:
    """Return accuracy and log loss."""
    right = probabilities[np.arange(len(y)), y] / probabilities.sum(axis=1)
    loss = -np.log(np.maximum(right, LEAST_PROBABILITY)).mean()
    return float((probabilities.argmax(axis=1) == y).mean()), float(loss)


def r2(found: Array, y: Array) -> float:
    """Return the share of the variance that is explained."""
    return float(1 - ((found - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def complete(results: Sequence[Result]) -> list[list[Result]]:
    """Return the results of each table and seed that all methods have ended."""
    methods = {result.method for result in results}
    together: dict[tuple[str, int], dict[str, Result]] = {}
    for result in results:
        together.setdefault((result.table, result.seed), {})[result.method] = result
    return [list(group.values()) for group in together.values() if set(group) == methods]


def normalized(group: Sequence[Result]) -> dict[str, float]:
    """Return scores between 0, the worst of a table and seed, and 1, the best.

    The worst is not worse than what predicts the most frequent class, or the mean, of every row:
    who falls below has 0, too.
    """
    floor = max(r.score for r in group if r.method == CONSTANT.name)
    best = max(r.score for r in group)
    if best == floor:  # nothing to be learnt, and all have learnt it
        return {r.method: 1.0 for r in group if r.method != CONSTANT.name}
    kept = (r for r in group if r.method != CONSTANT.name)
    return {r.method: max(0.0, (r.score - floor) / (best - floor)) for r in kept}


def geometric(ratios: Iterable[float]) -> float:
    """Return the geometric mean."""
    return exp(mean(log(ratio) for ratio in ratios))


def means(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Return of each method its mean scores, its seconds, and its ratios to those in `BESIDE`."""
    groups = complete(results)
    names = dict.fromkeys(r.method for group in groups for r in group)
    return {name: _figures(groups, name, set(names)) for name in names if name != CONSTANT.name}


def _figures(groups: list[list[Result]], name: str, names: set[str]) -> dict[str, float]:
    figures = {}
    for task in TASKS:
        of_task = [group for group in groups if group[0].task == task]
        if of_task:
            figures[f"score, {task}"] = mean(normalized(group)[name] for group in of_task)
    for what, peer, number in BESIDE:
        if peer.name in names:
            pairs = [(number(_of(g, name)), number(_of(g, peer.name))) for g in groups]
            if ratios := [ours / theirs for ours, theirs in pairs if ours and theirs]:
                figures[f"{what} / {peer.name}'s"] = geometric(ratios)
    figures["median seconds"] = median(_of(group, name).seconds for group in groups)
    return figures


def _of(group: Sequence[Result], method: str) -> Result:
    return next(result for result in group if result.method == method)


def measure(folder: Path | None, only: str, peers: Sequence[str]) -> dict[str, Any]:
    """Print and return the scores of each table, then the means."""
    methods = installed([m for m in METHODS if m is OURS or m.name in peers])
    names = [method.name for method in methods]
    print("\nTest scores: accuracy or R², with defaults and one thread, on 20 % of a table's rows,")
    print(f"{MOST_ROWS:,} at most; 60 % are to train on, 20 % to stop by.\n")
    head("table, seed", "rows", "classes", *names)
    results: list[Result] = []
    for name, read in tables(folder, only).items():
        samples = read()
        classes = str(samples.y.max() + 1) if samples.task == "classification" else ""
        for seed in SEEDS:
            found = [scored(method, name, seed, samples) for method in (CONSTANT, *methods)]
            results += found
            scores = [f"{result.score:.4f}" for result in found[1:]]
            row(f"{name}, {seed}", f"{len(samples.y):,}", classes, *scores)
    figures = means(results)
    print_means(figures, len(complete(results)))
    return {"results": [asdict(result) for result in results], "means": figures}


def print_means(figures: dict[str, dict[str, float]], count: int) -> None:
    """Print a line for each method."""
    print(f"\nOf {count} tables and seeds: the mean score from 0, a constant, to 1, the best here;")
    print("errors (1 − accuracy, 1 − R²), log losses and the processor's time as geometric means")
    print("of ratios.\n")
    columns = list(dict.fromkeys(column for numbers in figures.values() for column in numbers))
    head("method", *columns)
    for name, numbers in figures.items():
        row(name, *(f"{numbers[c]:.3f}" if c in numbers else "" for c in columns))
