"""Tables for the benchmark of tables: scikit-learn's, and those of a folder with an index.

The folder's index.json has an object for each name: "file" (CSV, perhaps gzipped), "target" (a
column), "task" ("classification" or "regression") and, if columns of categories look like numbers,
"categories" (their names).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn import datasets

Array = NDArray[Any]
Rows = NDArray[np.intp]

MOST_ROWS = 7500
"""Rows of a larger table that are used, drawn anew for each seed."""

BUILTIN = {
    "iris": "classification",
    "wine": "classification",
    "breast_cancer": "classification",
    "digits": "classification",
    "diabetes": "regression",
}
"""The sets that come with scikit-learn, and their tasks."""

TASKS = "classification", "regression"


@dataclass(frozen=True)
class Samples:
    """Rows of a table and their answers: numbers, or from 0 on the places of sorted classes."""

    X: pd.DataFrame
    y: Array
    task: str

    @property
    def categories(self) -> list[str]:
        """Name the columns of categories: texts, or None where one is missing."""
        return [name for name in self.X if not is_numeric_dtype(self.X[name].dtype)]

    def take(self, rows: Rows) -> Samples:
        """Return some of the rows."""
        return Samples(self.X.iloc[rows].reset_index(drop=True), self.y[rows], self.task)


def tables(folder: Path | None, only: str) -> dict[str, Callable[[], Samples]]:
    """Return readers of the tables whose name contains `only`, of scikit-learn and of a folder.

    Raises
    ------
    ValueError
        The folder has no index; an entry of it lacks something; or no name contains `only`.
    """
    found: dict[str, Callable[[], Samples]] = {
        name: partial(_built_in, name, task) for name, task in BUILTIN.items()
    }
    if folder:
        path = folder / "index.json"
        if not path.is_file():
            raise ValueError(f"expected index.json in the folder of tables, got {folder}")
        for name, entry in json.loads(path.read_text(encoding="utf-8")).items():
            if lacks := {"file", "target", "task"} - set(entry):
                raise ValueError(f"{path}: {name} lacks {', '.join(sorted(lacks))}")
            if entry["task"] not in TASKS:
                tasks = " or ".join(TASKS)
                raise ValueError(f"{path}: {name}: expected {tasks}, got {entry['task']!r}")
            found[name] = partial(_from_file, folder, entry)
    kept = {name: reader for name, reader in found.items() if only in name}
    if not kept:
        raise ValueError(f"--only: expected a part of one of {', '.join(found)}, got {only!r}")
    return kept


def _built_in(name: str, task: str) -> Samples:
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    return Samples(X.astype(float), y.to_numpy(), task)


def _from_file(folder: Path, entry: dict[str, Any]) -> Samples:
    task, target = entry["task"], entry["target"]
    texts = [*entry.get("categories", ()), *([target] * (task == "classification"))]
    frame = pd.read_csv(folder / entry["file"], dtype=dict.fromkeys(texts, object))
    answers = frame.pop(target)
    if task == "classification":
        _, y = np.unique(answers.astype(str), return_inverse=True)
    else:
        y = answers.to_numpy(float)
    columns = {name: _cells(frame[name]) for name in frame}
    return Samples(pd.DataFrame(columns), y, task)


def _cells(column: pd.Series) -> pd.Series:
    """Return numbers as float64, and anything else as texts, None where one is missing."""
    if is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype):
        return column.astype(float)
    return column.astype(str).astype(object).where(column.notna(), None)


def parts(samples: Samples, seed: int, most: int = MOST_ROWS) -> tuple[Samples, Samples, Samples]:
    """Return 60 % of the rows to train on, 20 % to stop by, and 20 % to test on.

    Classes have equal shares of all three, but for a row. The generator is Philox, whose numbers
    are the same in all versions of NumPy.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    order = rng.permutation(len(samples.y))
    if samples.task == "classification":
        place = np.empty(len(order))
        for code in range(samples.y.max() + 1):
            rows = order[samples.y[order] == code]
            place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
        order = order[np.argsort(place[order], kind="stable")]
    order = order[:most]
    ends = round(0.6 * len(order)), round(0.8 * len(order))
    train, held_out, test = (samples.take(rng.permutation(p)) for p in np.split(order, ends))
    return train, held_out, test
