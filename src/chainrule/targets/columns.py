"""The column to predict: what it is for, and its cells as classes or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chainrule.data import Column, DataError
from chainrule.data.cells import Cells, has_decimal_comma, number, plain, shortened
from chainrule.data.coded import Coded
from chainrule.data.number_formats import PLAIN, NumberFormat
from chainrule.targets.integers import read_integers

__all__ = [
    "Purpose",
    "TaskName",
    "are_too_many",
    "find_task",
    "label_cells",
    "label_text",
    "labels_of",
    "number_cells",
    "typed_labels",
]

TaskName = Literal["regression", "binary", "multiclass"]

MOST_CLASSES = 1000
FEW_CLASSES = 20
LARGEST_INTEGER = 2**63


@dataclass(frozen=True)
class Purpose:
    """What a column is to be predicted for, its classes as texts, and why that in a sentence."""

    task: TaskName
    classes: tuple[str, ...]
    reason: str


def find_task(column: Column, task: TaskName | None = None, decimal: str = "") -> Purpose:
    """Return what the cells of a target mean.

    Words are classes, and so are two numbers. Integers are classes if they look like numbers of
    classes (`read_integers`). Numbers may be written as people do, $1,234.50.

    Parameters
    ----------
    column : Column
        Its cells.
    task : str or None
        "regression", "binary" or "multiclass", if a user said it.
    decimal : str
        The decimal sign of numbers that could be read in two ways, such as 1,234.

    Returns
    -------
    purpose : Purpose

    Raises
    ------
    DataError
        A cell is missing, there is one value only, or the values do not suit the task.
    """
    name = column.name
    if task is not None and task not in get_args(TaskName):
        raise DataError(f"target: expected a task of {get_args(TaskName)}, got {task!r}")
    if not len(column):
        raise DataError(f"target {name!r}: expected rows, got none")
    cells = Cells.read(column.cells)
    numbers, form = _as_numbers(cells, decimal)
    _check_cells(column, numbers if task == "regression" else cells, numbers=task == "regression")
    found, reason = _guess(name, cells, numbers)
    if task is not None:
        found, reason = task, f"{name!r} is for {task} by choice"
    if found == "regression":
        if len(np.unique(numbers.values)) == 1:
            raise DataError(f"target {name!r}: expected different numbers, got one only")
        example = form.example(cells.texts) if form != PLAIN else None
        if example is not None:
            reason += f"; {example!r} is read as {plain(form.value(example) or 0.0)}"
        return Purpose(found, (), reason)
    classes = _sorted_classes(_labels(cells, numeric=not cells.words.any()))
    _check_classes(name, found, classes, cells)
    return Purpose(found, classes, reason)


def number_cells(column: Column, decimal: str = "") -> NDArray[np.float64]:
    """Return a column's cells as finite numbers (n,); DataError names the line of another."""
    cells, _ = _as_numbers(Cells.read(column.cells), decimal)
    _check_cells(column, cells, numbers=True)
    return cells.numbers()


def label_cells(column: Column) -> list[str]:
    """Return a column's cells as texts of classes (n), numbers written in one way."""
    cells = Cells.read(column.cells)
    _check_cells(column, cells, numbers=False)
    texts = _labels(cells, numeric=not cells.words.any())
    return [texts[code] for code in cells.codes]


def labels_of(column: Column) -> NDArray[Any]:
    """Return a column's cells as classes (n,): integers, numbers, truth values, or texts.

    Truth values are those of a DataFrame: a file has texts.
    """
    texts = label_cells(column)
    if isinstance(column.cells, Coded) and column.cells.kind == "boolean":
        return np.array([text == "True" for text in texts])
    return typed_labels(texts)


def typed_labels(texts: Sequence[str]) -> NDArray[Any]:
    """Return texts of classes (n) as integers, numbers, or texts, whatever holds all of them."""
    distinct = tuple(dict.fromkeys(texts))
    if _all_numeric(distinct):
        whole = all(t.lstrip("-").isdigit() and abs(int(t)) < LARGEST_INTEGER for t in distinct)
        kind: type[int] | type[float] = int if whole else float
        if all(label_text(kind(text)) == text for text in distinct):  # so no two become one
            return np.array([kind(text) for text in texts], np.int64 if whole else np.float64)
    return np.array(texts, dtype=str)


def label_text(label: Any) -> str:
    """Return a class as a file has it, the text that `labels_of` made it of."""
    return plain(label) if isinstance(label, float) else str(label)


def _as_numbers(cells: Cells, decimal: str) -> tuple[Cells, NumberFormat]:
    """Return cells with those as numbers that people write so, if no word is left; else as is."""
    if not cells.words.any():
        return cells, PLAIN
    present = [text for text, gone in zip(cells.texts, cells.missing, strict=True) if not gone]
    counts = cells.counts()[~cells.missing].tolist()
    form = NumberFormat.find(present, counts, decimal)
    if any(form.value(text) is None for text in present):
        return cells, PLAIN
    values = np.full(len(cells.texts), np.nan)
    values[~cells.missing] = [form.value(text) for text in present]
    return replace(cells, values=values, words=np.zeros_like(cells.words)), form


def _guess(name: str, column: Cells, numbers: Cells) -> tuple[TaskName, str]:
    words = bool(column.words.any())
    distinct = len(set(_labels(column, numeric=not words)))
    kind = "values" if words else "numbers"
    if distinct == 2:
        return "binary", f"{name!r} has 2 distinct {kind}: binary"
    if numbers.words.any():
        return "multiclass", f"{name!r} has {distinct:,} distinct {kind}: multiclass"
    values, places = np.unique(numbers.values, return_inverse=True)
    if (values == np.floor(values)).all():
        counts = np.bincount(places, weights=numbers.counts()).astype(np.intp)
        fractions = not words and all("." in text for text in column.texts)
        reading = read_integers(name, values, counts, fractions=fractions)
        doubt = "" if reading.sure else " (--task regression predicts them as numbers)"
        if reading.classes:
            reason = f"{name!r} has {distinct:,} distinct integers only: multiclass{doubt}"
            return "multiclass", reason
        if not reading.sure:
            return "regression", (
                f"{name!r} has {distinct:,} distinct integers, {reading.reason}: regression "
                "(--task multiclass takes them for classes)"
            )
    return "regression", f"{name!r} has {distinct:,} distinct numbers: regression"


def _labels(column: Cells, numeric: bool) -> list[str]:
    """Return labels of the distinct texts (d): numbers are written in one way."""
    return [_plain_number(text) for text in column.texts] if numeric else list(column.texts)


def _plain_number(text: str) -> str:
    """Write 7, 7.0 and +7 as 7; what is no finite number stays."""
    value = number(text)
    if value is None or not np.isfinite(value):
        return text
    return str(int(text)) if text.lstrip("+-").isdigit() else plain(value)


def _all_numeric(labels: tuple[str, ...]) -> bool:
    return all(number(label) is not None for label in labels)


def _sorted_classes(labels: list[str]) -> tuple[str, ...]:
    distinct = tuple(dict.fromkeys(labels))
    if not _all_numeric(distinct):
        return tuple(sorted(distinct))
    return tuple(sorted(distinct, key=lambda s: int(s) if s.lstrip("-").isdigit() else float(s)))


def _check_cells(column: Column, cells: Cells, numbers: bool) -> None:
    """Refuse missing cells, infinite numbers, and words if these must be `numbers`."""
    no_words = not cells.words.any()
    faults = [(cells.missing, "a value")]
    faults += [(cells.infinite, "a finite number")] if numbers or no_words else []
    faults += [(cells.words, "a number, for regression")] if numbers else []
    for mask, expected in faults:
        if mask.any():
            row, cell = cells.first(mask)
            received = shortened([cell]) if cell else "an empty cell"
            raise DataError(
                f"target {column.name!r}, {column.place(row)}: expected {expected}, "
                f"got {received}"
            )


def are_too_many(classes: int, rows: int) -> bool:
    """Return whether so many different answers of so many rows are hardly classes."""
    return classes > MOST_CLASSES or (classes > FEW_CLASSES and classes > 0.5 * rows)


def _check_classes(name: str, task: TaskName, classes: tuple[str, ...], column: Cells) -> None:
    rows, k = len(column.codes), len(classes)
    if k == 1:
        raise DataError(f"target {name!r}: expected two classes or more, got {classes[0]!r} only")
    if task == "binary" and k != 2:
        raise DataError(f"target {name!r}: expected 2 classes for binary, got {k:,}")
    if are_too_many(k, rows):
        raise DataError(
            f"target {name!r}: expected at most {MOST_CLASSES:,} classes of several rows each, "
            f"got {k:,} in {rows:,} rows; {_suspicion(column)}"
        )


def _suspicion(column: Cells) -> str:
    """Say what may be wrong with a target of too many classes."""
    if not column.words.any():
        return "are these numbers for regression?"
    commas = [t for t in column.texts if has_decimal_comma(t)]
    if len(commas) > 0.5 * len(column.texts):
        return f"a decimal comma, as in {commas[0]!r}, makes a word of a number"
    if np.count_nonzero(column.words) < 0.5 * len(column.texts):
        _, cell = column.first(column.words)
        return f"most are numbers, but {shortened([cell])} is not"
    return "is this a column of identifiers or of free text?"
