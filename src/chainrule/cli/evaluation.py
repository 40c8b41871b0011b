"""Predictions of a trained network for raw data, and how good they are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.cli.known_classes import with_known_classes
from chainrule.cli.model_data import answers_of, predicts_one, samples_of
from chainrule.cli.text_sources import TextSource
from chainrule.data import Column, DataError, DataWarning, Source, Table
from chainrule.data.cells import shortened
from chainrule.finite import NotFiniteError
from chainrule.targets.columns import label_text
from chainrule.targets.scores import class_scores, label_scores, regression_scores
from chainrule.types import Array

Scores = dict[str, dict[str, float]]

FIRST = "precision at 1"
"""Of lists of labels: the most probable label is one that holds."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted numbers, or classes, of samples.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, k)
        As users gave them.
    probabilities : ndarray of shape (n, K) or None
        A column for each class.
    chosen : ndarray or None
        The classes as targets encode them.
    notes : list of str
        What was unusual in the data.
    logits : ndarray or None
        What goes into the last function of a classifier, if it was asked for.
    """

    values: Array
    probabilities: Array | None
    chosen: Array | None
    notes: list[str]
    logits: Array | None = None


def predicted(estimator: Any, data: Any, *, logits: bool = False) -> Predictions:
    """Return what a network predicts; DataError names the line of a sample that has no answer."""
    targets = estimator.targets_
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        with np.errstate(all="ignore"):  # what is not finite is refused below
            try:
                Y = estimator._outputs(data)
            except NotFiniteError as error:
                raise _named(error, estimator, data) from None
            probabilities = chosen = Z = None
            if targets.kind == "numbers":
                values = targets.decode(Y)
            else:
                chosen = targets.chosen(Y, 0.5)
                values, probabilities = targets.decode(chosen), Y.astype(np.float64)
                if len(targets.labels) == 1:
                    probabilities = np.ones_like(probabilities)
                elif targets.one_vs_rest:
                    probabilities = estimator.predict_proba(data).astype(np.float64)
                elif not (targets.exclusive or targets.several):
                    probabilities = np.hstack([1 - probabilities, probabilities])
                if logits:
                    apart = targets.one_vs_rest  # whose probabilities are no softmax
                    Z = (estimator.predict_log_proba if apart else estimator._logits)(data)
    wrong = ~np.isfinite(values if probabilities is None else probabilities)
    if wrong.any():
        row = int(np.argwhere(wrong)[0, 0])
        number = (values if probabilities is None else probabilities)[wrong][0]
        raise DataError(f"{_place(data, row)}: expected a finite prediction, got {number}")
    notes = [str(each.message) for each in caught if issubclass(each.category, DataWarning)]
    return Predictions(values, probabilities, chosen, list(dict.fromkeys(notes)), Z)


def _named(error: NotFiniteError, estimator: Any, data: Any) -> DataError:
    """Return an error about a sample with the line and the column of the data that it stands in."""
    column, names = "", estimator.inputs_.raw_names
    if names is not None and len(error.place) == 1 and estimator.inputs_.kind == "rows":
        column = f"column {names[error.place[0]]!r}, " if error.expected.startswith("X") else ""
    place = _place(data, error.sample)
    return DataError(f"{column}{place}: expected {error.expected}, got {error.received}")


def _place(data: Any, row: int) -> str:
    """Return where the data have a row."""
    return data.place(row) if isinstance(data, Table) else f"image {row}"


def evaluate(estimator: Any, data: Any, y: Column | Array) -> tuple[dict[str, float], list[str]]:
    """Return the scores of predictions for data with answers y, and notes on the data."""
    targets = estimator.targets_
    found = compared(estimator, data, y)
    if found.probabilities is None:
        return regression_scores(found.t, found.chosen), found.notes
    if targets.several:
        scores = label_scores(found.t, found.chosen)
        if targets.listed:
            scores = {FIRST: first_right(found.t, found.probabilities), **scores}
        return scores, found.notes
    assert found.logits is not None
    return class_scores(found.t, found.chosen, found.probabilities, found.logits), found.notes


@dataclass(frozen=True, eq=False)
class Compared:
    """Targets and predictions as scores take them.

    Parameters
    ----------
    t, chosen : ndarray
        Numbers; labels (n, k); or places of classes (n,).
    probabilities : ndarray of shape (n, K) or None
        None of numbers.
    logits : ndarray or None
        Of classes that exclude each other.
    notes : list of str
        What was unusual in the data.
    """

    t: Array
    chosen: Array
    probabilities: Array | None
    logits: Array | None
    notes: list[str]


def compared(estimator: Any, data: Any, y: Column | Array) -> Compared:
    """Return the predictions for data beside answers y."""
    targets = estimator.targets_
    y = targets.read(y) if isinstance(y, Column) else y
    found = predicted(estimator, data, logits=targets.kind == "classes" and not targets.several)
    if found.chosen is None or found.probabilities is None:
        return Compared(y, found.values, None, None, found.notes)
    t, chosen = targets.encode(y), found.chosen
    if not targets.several:
        if targets.one_vs_rest:
            t, chosen = np.argmax(t, axis=1), np.argmax(chosen, axis=1)
        elif t.ndim == 2:
            t, chosen = t[:, 0].astype(np.int64), chosen[:, 0].astype(np.int64)
    return Compared(t, chosen, found.probabilities, found.logits, found.notes)


def first_right(t: Array, probabilities: Array) -> float:
    """Return the share of rows of which the most probable label holds, t (n, K)."""
    return float(np.mean(t[np.arange(len(t)), np.argmax(probabilities, axis=1)]))


def scores_json(scores: Scores) -> dict[str, dict[str, float | None]]:
    """Return scores as JSON has them: None in the place of an infinite one."""
    return {
        part: {name: value if math.isfinite(value) else None for name, value in own.items()}
        for part, own in scores.items()
    }


def positive_class(classes: Sequence[Any]) -> str | None:
    """Return the class that F1 is of: the second of two."""
    return str(classes[1]) if len(classes) == 2 else None


def evaluate_source(
    estimator: Any, source: Source, target: str | None
) -> tuple[Scores, dict[str, int], list[str]]:
    """Return scores by part of the data and by name, the rows of each part, and notes.

    Raises
    ------
    DataError
        There are no targets, or they are not like those of training.
    """
    parts, scores, notes = parts_of(source), {}, list(source.notes)
    for name, whole in list(parts.items()):
        part, unknown = labelled_part(estimator, whole)
        parts[name] = part
        notes += unknown
        y = answers_of(estimator, part, target)
        scores[name], unusual = evaluate(estimator, samples_of(estimator, part, target), y)
        notes += unusual
    return scores, {name: len(part) for name, part in parts.items()}, notes


def parts_of(source: Source) -> dict[str, Source]:
    """Return the parts of data by name; what has none is "all"."""
    own = {"validation": source.validation, "test": source.test}
    others = {name: part for name, part in own.items() if part is not None}
    return {"training" if others else "all": source, **others}


def labelled_part(estimator: Any, part: Source) -> tuple[Source, list[str]]:
    """Return the rows of a part of data whose classes training had, and a note on the others.

    Raises
    ------
    DataError
        There are no classes, or none of training; or an image is of another one.
    """
    if not isinstance(part.data, Table):
        _check_classes(estimator, part)
    elif estimator.targets_.kind == "classes" and (
        predicts_one(estimator) or isinstance(part, TextSource)
    ):
        classes = [label_text(label) for label in estimator.classes_.tolist()]
        return with_known_classes(part, classes)
    return part, []


def _check_classes(estimator: Any, part: Source) -> None:
    """Raise DataError for classes of images that training did not have, or for none at all."""
    if part.cells is None:
        raise DataError(f"{part.name}: expected the classes of the images as folders' names")
    if estimator.targets_.kind != "classes":
        return
    classes = tuple(map(label_text, estimator.classes_.tolist()))
    unknown = sorted({*part.cells} - {*classes})
    if unknown:
        raise DataError(
            f"{part.name}: got images of {shortened(unknown)}, expected the classes "
            f"{shortened(classes)}"
        )
