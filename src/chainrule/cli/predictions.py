"""Predictions as text: CSV for people and spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import numpy as np

from chainrule.cli.column_names import named_columns
from chainrule.cli.evaluation import Predictions, predicted
from chainrule.cli.model_data import samples_of
from chainrule.data import DataError, RawCells, Source, Table
from chainrule.data.cells import Cells
from chainrule.targets.columns import label_text

Beside = dict[str, list[str]]
"""The cells of columns that stand beside predictions, by their names."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is written of predictions, and beside them, as options say.

    Parameters
    ----------
    target : str or None
        What is predicted.
    ids, keep : list of str or None
        Columns that stand beside.
    every : bool
        Whether all columns do.
    probabilities : bool
        Whether each class has a column.
    top : int
        How many classes are written, the most probable first, each with its probability.
    """

    target: str | None
    ids: list[str] | None = None
    keep: list[str] | None = None
    every: bool = False
    probabilities: bool = False
    top: int = 0

    def predicted(
        self, estimator: Any, source: Source
    ) -> tuple[Predictions, Beside, list[str]]:
        """Return predictions for data, the columns that stand beside them, and notes."""
        beside, notes = columns_beside(estimator, source, self.ids, self.keep, every=self.every)
        found = predicted(estimator, samples_of(estimator, source, self.target))
        if self.probabilities and found.probabilities is None:
            notes.append("--probabilities: there are none of numbers")
        return found, beside, notes

    def csv(
        self,
        estimator: Any,
        source: Source,
        predictions: Predictions,
        beside: Beside,
        *,
        heading: bool = True,
    ) -> str:
        """Return predictions as lines of CSV, with or without the names of columns above."""
        return predictions_csv(
            estimator,
            source,
            predictions,
            self.target,
            beside,
            probabilities=self.probabilities,
            top=self.top,
            heading=heading,
        )


def columns_beside(
    estimator: Any, source: Source, ids: list[str] | None, keep: list[str] | None, *, every: bool
) -> tuple[Beside, list[str]]:
    """Return the columns of a table that stand beside its predictions, and notes.

    Parameters
    ----------
    estimator : NetworkEstimator
        Who may know which columns name the rows.
    source : Source
        The data as they were read.
    ids, keep : list of str or None
        What options say of columns.
    every : bool
        Whether all columns are wanted.

    Raises
    ------
    DataError
        There is no such column, or no table.
    """
    said = {"--id": ids, "--keep": keep}
    if not isinstance(source.data, Table):
        wanted = [name for name, each in {**said, "--with-input": every}.items() if each]
        if wanted:
            raise DataError(f"{wanted[0]}: expected a table, got images")
        return {}, []
    names, notes = source.data.names, []
    chosen: list[str] = list(names) if every else []
    for option, texts in said.items():
        chosen += named_columns(option, texts or [], names)
    if not ids:
        known = (getattr(estimator, "metadata_", None) or {}).get("id", [])
        chosen += [name for name in known if name in names]
        absent = [name for name in known if name not in names]
        notes = [f"there is no column {name!r} to name the rows" for name in absent]
    first = sorted(dict.fromkeys(chosen), key=names.index)
    return {name: _cell_texts(source.data.column(name)) for name in first}, notes


def predictions_csv(
    estimator: Any,
    source: Source,
    predictions: Predictions,
    target: str | None,
    beside: Beside,
    *,
    probabilities: bool,
    top: int = 0,
    heading: bool = True,
) -> str:
    """Return a row for each prediction, a column for each number or label that is predicted.

    Images have their files' names, rows of a table the cells that stand beside. A predicted column
    that has the name of one of these is called ``…_predicted``, or ``…_predicted_2`` and so on.
    With ``top`` there are so many classes, the most probable first, each with its probability.
    The first line names the columns, where a ``heading`` is wanted.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names, shares = _columns(estimator, target), predictions.probabilities
    extra: list[str] = []
    if shares is not None and probabilities:
        columns = estimator.targets_.several and not estimator.targets_.listed
        extra = [f"p({each})" for each in (names if columns else _classes(estimator))]
    best = most_probable(estimator, predictions, top) if top else []
    if best:
        names = [
            f"{heading}{f'_{number}' if number else ''}"
            for number in (0, *range(2, len(best[0]) + 1))
            for heading in (names[0] if len(names) == 1 else "label", "probability")
        ]
    own = _new_names([*names, *extra], beside)
    if heading:
        writer.writerow([*["file"] * bool(source.files), *beside, *own])
    given = [list(source.files)] * bool(source.files) + list(beside.values())
    chosen = _texts(estimator, predictions)
    if best:
        chosen = [[cell for each, p in row for cell in (each, f"{p:.6g}")] for row in best]
    for row, values in enumerate(chosen):
        numbers = [f"{share:.6g}" for share in shares[row]] if shares is not None and extra else []
        writer.writerow([*(cells[row] for cells in given), *values, *numbers])
    return stream.getvalue()


def most_probable(
    estimator: Any, predictions: Predictions, top: int
) -> list[list[tuple[str, float]]]:
    """Return so many classes for each sample, the most probable first, and their probabilities."""
    shares, names = predictions.probabilities, _classes(estimator)
    assert shares is not None
    order = np.argsort(-shares, axis=1, kind="stable")[:, :top]
    return [
        [(names[place], float(row[place])) for place in places]
        for row, places in zip(shares, order.tolist(), strict=True)
    ]


def predictions_json(
    estimator: Any,
    source: Source,
    predictions: Predictions,
    target: str | None,
    beside: Beside,
    *,
    top: int = 0,
) -> dict[str, Any]:
    """Return predictions, and probabilities if there are any, for programs."""
    values: Any = predictions.values
    if estimator.targets_.kind == "classes" and estimator.targets_.listed:
        values = [list(map(label_text, row)) for row in values.tolist()]
    elif predictions.chosen is not None and values.ndim == 1:
        values = [text for (text,) in _texts(estimator, predictions)]
    result: dict[str, Any] = {"target": target, "predictions": values}
    if source.files:
        result["files"] = source.files
    if beside:
        result["input"] = beside
    if top and predictions.probabilities is not None:
        result["most_probable"] = [
            [{"class": name, "probability": share} for name, share in row]
            for row in most_probable(estimator, predictions, top)
        ]
    if predictions.probabilities is not None:
        result |= {"classes": _classes(estimator), "probabilities": predictions.probabilities}
    return result


def _cell_texts(cells: RawCells) -> list[str]:
    """Return the cells of a column (n) as a file has them."""
    if isinstance(cells, list):
        return cells
    read = Cells.read(cells)
    return [read.texts[code] for code in read.codes]


def _new_names(names: list[str], taken: Iterable[str]) -> list[str]:
    """Return names of columns, changed where one is taken."""
    used, found = set(taken), []
    for name in names:
        numbered = (f"{name}_predicted_{number}" for number in count(2))
        found.append(next(n for n in chain([name, f"{name}_predicted"], numbered) if n not in used))
        used.add(found[-1])
    return found


def _classes(estimator: Any) -> list[str]:
    return [label_text(label) for label in estimator.classes_.tolist()]


def _columns(estimator: Any, target: str | None) -> list[str]:
    """Return the names of the columns of predictions: the target's, numbered if it has several."""
    targets = estimator.targets_
    if targets.kind == "classes" and targets.listed:
        return [target or "labels"]
    if targets.task == "multilabel":
        outputs, labels = targets.outputs, _classes(estimator)
        names = [f"{target or 'label'}_{label}" for label in labels]
    else:
        outputs = targets.outputs if targets.kind == "numbers" else 1
        names = [f"{target or 'prediction'}_{number}" for number in range(1, outputs + 1)]
    if outputs == 1:
        return [target or "prediction"]
    said = [name.strip() for name in (target or "").split(",")]
    return said if len(said) == outputs else names


def _texts(estimator: Any, predictions: Predictions) -> list[list[str]]:
    """Return the predictions of each sample as texts; a list of labels has spaces between."""
    if estimator.targets_.kind == "classes" and estimator.targets_.listed:
        return [[" ".join(map(label_text, row))] for row in predictions.values.tolist()]
    rows = predictions.values.reshape(len(predictions.values), -1).tolist()
    write = label_text if predictions.chosen is not None else lambda value: repr(float(value))
    return [[write(value) for value in row] for row in rows]
