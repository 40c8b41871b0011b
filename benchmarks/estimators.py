"""Our MLPClassifier and MLPRegressor beside scikit-learn's: how long they take; their scores."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from statistics import mean, median, stdev
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import neural_network
from sklearn.datasets import load_digits

import chainrule
from benchmarks.tables import figure, head, row
from chainrule.data import BUILTIN, Source, Table, read_source, split
from chainrule.inputs import TableEncoder
from chainrule.targets import Numbers
from chainrule.targets.columns import find_task, labels_of, number_cells

Array = NDArray[Any]

MOST_ROWS = 4000
"""Samples of a large set that are used, drawn anew for each seed."""

MOST_ITERATIONS = 100
SEEDS = 10


@dataclass(frozen=True)
class Fit:
    """Data and hyperparameters of one comparison of times."""

    name: str
    X: Array
    y: Array
    options: dict[str, Any]


def fits() -> list[Fit]:
    """Return what is fitted, in as many iterations by both; they would stop in different ones."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 20_000)
    X = rng.random((20_000, 784)) * rng.random((10, 784))[y]
    large: dict[str, Any] = {"hidden_layer_sizes": (256, 128), "max_iter": 20}
    digits, t = load_digits(return_X_y=True)
    small: dict[str, Any] = {"hidden_layer_sizes": (32, 16), "max_iter": 200}
    for options in (large, small):
        options |= {"tol": 0.0, "n_iter_no_change": np.inf}
    return [
        Fit("20,000 × 784, hidden (256, 128)", X, y, large),
        Fit("the same in float32", X.astype(np.float32), y, large),
        Fit("digits, hidden (32, 16)", digits, t, small),
        Fit("the same in float32", digits.astype(np.float32), t, small),
    ]


def times(rounds: int) -> list[dict[str, Any]]:
    """Print and return how long fits take, with scikit-learn's default parameters."""
    print(f"\nSeconds of a fit, with scikit-learn's defaults but iterations; median of {rounds}.\n")
    head("data", "iterations", "scikit-learn", "chainrule", "ratio", "losses differ by")
    found = []
    for fit in fits():
        seconds: dict[str, list[float]] = {"scikit-learn": [], "chainrule": []}
        losses = {}
        for _ in range(rounds):
            for name, room in (("scikit-learn", neural_network), ("chainrule", chainrule)):
                network = room.MLPClassifier(random_state=0, **fit.options)
                seconds[name].append(fitted(network, fit.X, fit.y))
                losses[name] = network.loss_
        theirs, ours = (median(values) for values in seconds.values())
        apart = abs(losses["chainrule"] / losses["scikit-learn"] - 1)
        iterations = str(fit.options["max_iter"])
        cells = [f"{theirs:.3g}", f"{ours:.3g}", figure(theirs / ours), f"{apart:.0e}"]
        row(fit.name, iterations, *cells)
        found.append({"data": fit.name, "scikit-learn": theirs, "chainrule": ours})
    return found


def scores(files: list[str]) -> list[dict[str, Any]]:
    """Print and return test scores of ten seeds on the built-in sets and files' tables."""
    print(f"\nTest scores, {SEEDS} seeds: accuracy or R², mean ± standard deviation.\n")
    head("data", "samples", "scikit-learn", "chainrule", "better / equal / worse")
    found = []
    for name in (*BUILTIN, *files):
        source = read_source(*name.split(":"))
        theirs, ours = [], []
        for seed in range(SEEDS):
            X, y, X_test, y_test, kind = parts(source, seed)
            for room, kept in ((neural_network, theirs), (chainrule, ours)):
                network = getattr(room, kind)(random_state=seed, max_iter=MOST_ITERATIONS)
                fitted(network, X, y)
                kept.append(network.score(X_test, y_test))
        apart = [round(a - b, 6) for a, b in zip(ours, theirs, strict=True)]
        counts = [sum(d > 0 for d in apart), apart.count(0), sum(d < 0 for d in apart)]
        cells = [f"{mean(s):.4f} ± {stdev(s):.4f}" for s in (theirs, ours)]
        label = name.rpartition("/")[2]
        row(label, f"{len(X):,}", *cells, " / ".join(map(str, counts)))
        found.append({"data": label, "scikit-learn": theirs, "chainrule": ours})
    return found


def parts(source: Source, seed: int) -> tuple[Array, Array, Array, Array, str]:
    """Return encoded training and test data, and which kind of network they are for."""
    order = np.random.default_rng(seed).permutation(len(source))[:MOST_ROWS]
    source = source.select(np.sort(order))
    classes = find_task(source.target).task != "regression"
    train, test = split(
        len(source), (0.8, 0.2), seed=seed, labels=source.cells if classes else None
    )
    if isinstance(source.data, Table):
        encoder = TableEncoder.fit(source.data.select(train))
        X = encoder.encode(source.data).astype(np.float64)
    else:
        X = source.data.reshape(len(source), -1) / 255
    if classes:
        y = labels_of(source.target)
    else:
        numbers = number_cells(source.target)
        y = Numbers.fit(numbers, scaled=True).encode(numbers)[:, 0]
    return X[train], y[train], X[test], y[test], "MLPClassifier" if classes else "MLPRegressor"


def fitted(network: Any, X: Array, y: Array) -> float:
    """Fit, and return how long it took; that iterations end is expected."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = perf_counter()
        network.fit(X, y)
        return perf_counter() - begin


def measure(rounds: int, files: list[str]) -> dict[str, Any]:
    """Print and return times and scores."""
    return {"fits": times(rounds), "scores": scores(files)}
