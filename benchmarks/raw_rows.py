"""One raw row through a saved and loaded estimator, beside the kept program for its encoded row."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import figure, head, row
from chainrule import Chain, Classifier, Linear, MLPClassifier, Regressor, ReLU, load
from chainrule.data import Table, builtin_table, load_builtin
from chainrule.engine.running.forward import Forward

Raw = tuple[str, Any, Any]
"""What a row is, the estimator, and the row."""


def fitted() -> Iterator[Raw]:
    """Yield estimators that are fitted to tables and arrays, each with a row of its own."""
    digits, diabetes = load_builtin("digits"), builtin_table(load_builtin("diabetes"))
    hidden = Chain(Linear(256), ReLU(), Linear(128), ReLU())
    common: dict[str, Any] = {"max_iter": 2, "random_state": 0}
    images = MLPClassifier((256, 128), **common).fit(digits.X, digits.labels)
    yield "array of 64 pixels, 64-256-128-10", images, digits.X[:1]
    by_table = Classifier(hidden, complete=True, inputs="table", **common)
    table = builtin_table(digits)
    by_table.fit(table.without("digit"), table.target("digit"))
    yield "table of 64 columns, 64-256-128-10", by_table, table.select(np.arange(1))
    small = Regressor(Chain(Linear(128), ReLU(), Linear(64), ReLU()), complete=True, inputs="table")
    small.set_params(scale_target=True, **common)
    small.fit(diabetes.without("progression"), diabetes.target("progression"))
    yield "table of 10 columns, 10-128-64-1", small, diabetes.select(np.arange(1))


def measure(rounds: int) -> dict[str, Any]:
    """Print and return the time of a call for each estimator and its kept program."""
    from benchmarks.prediction import microseconds

    print(f"\nµs for one raw row through a loaded estimator; the median of {rounds} rounds.\n")
    head("row", "kept program", "predict", "ratio")
    found = []
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        for name, estimator, raw in fitted():
            path = Path(folder) / "m.safetensors"
            estimator.save(path)
            loaded = load(path)
            program = Forward(loaded.chain_, threads=1)
            features = without_target(raw, loaded.targets_.name)
            X = np.asarray(loaded.inputs_.encode(features), dtype=loaded.chain_.dtype)
            times = microseconds({"program": lambda _, p=program, X=X: p(X)}, X, rounds)
            times |= microseconds({"predict": loaded.predict}, features, rounds)
            kept, whole = times["program"], times["predict"]
            row(name, figure(kept), figure(whole), figure(whole / kept))
            found.append({"row": name, "microseconds": times})
    return {"raw rows": found}


def without_target(raw: Any, name: str) -> Any:
    """Return a row of features."""
    return raw.without(name) if isinstance(raw, Table) and name in raw.names else raw
