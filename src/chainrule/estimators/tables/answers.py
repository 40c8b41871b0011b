"""Answers of a table's rows, y, before anything is learned: one of each row, classes or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_y

from chainrule.data import Column
from chainrule.data.cells import shortened
from chainrule.estimators.validation import read_answers
from chainrule.types import Array

__all__ = ["answers_of_rows", "check_each_is_there"]


def answers_of_rows(estimator: Any, y: Any) -> Array:
    """Return the answers (n,) of a fit, validated.

    Parameters
    ----------
    estimator : TableEstimator
        Of classes, or of numbers.
    y : array-like or Column
        As they were given.

    Raises
    ------
    ValueError
        One is missing; there are several in a row; they are no classes, or no numbers.
    """
    name, numeric = type(estimator).__name__, not hasattr(estimator, "predict_proba")
    cells = isinstance(y, Column)
    y = read_answers(estimator, y, None)
    if not cells:
        check_each_is_there(name, y)
        y = np.asarray(_check_y(y, multi_output=True, y_numeric=False, estimator=estimator))
        y = _numbers(name, y) if numeric else _classes(name, y)
    if y.ndim == 2 and y.shape[1] > 1:
        raise ValueError(
            f"{name}: expected one answer a row, y (n,), got shape {y.shape}; "
            "fit an estimator for each column, such as by MultiOutputRegressor or "
            "MultiOutputClassifier"
        )
    return np.asarray(column_or_1d(y, warn=True)) if y.ndim == 2 else y


def check_each_is_there(name: str, answers: Any) -> None:
    """Raise ValueError for a missing answer, be it NaN, None, or pandas' NA or NaT."""
    y = np.asarray(answers)
    if y.dtype.kind == "U" and isinstance(answers, list | tuple):  # NaN has become a word
        y = np.asarray(answers, object)
    if y.dtype.kind == "O":
        gone = np.array([_is_missing(value) for value in y.ravel().tolist()], bool)
    elif y.dtype.kind in "fmM":
        gone = y.ravel() != y.ravel()
    else:
        return
    if gone.any():
        row, count = int(gone.argmax()) * len(y) // len(gone), int(gone.sum())
        raise ValueError(
            f"Input y contains NaN. {name} expected an answer for each row, got none in {count} of "
            f"{len(gone)}, row {row} the first: leave such rows out"
        )


def _is_missing(value: Any) -> bool:
    return value is None or (not isinstance(value, str) and str(value) in ("nan", "NaT", "<NA>"))


def _numbers(name: str, y: Array) -> Array:
    """Return numbers; what is True counts as 1."""
    if y.dtype.kind in "iuf":
        return y
    try:
        return y.astype(np.float64)
    except (ValueError, TypeError):
        raise ValueError(
            f"{name}: expected numbers as y, got {shortened([str(y.flat[0])])}; TableClassifier "
            "predicts classes"
        ) from None


def _classes(name: str, y: Array) -> Array:
    """Return classes, which can be sorted, and are no fractions."""
    if y.dtype.kind == "f" and (broken := y != np.floor(y)).any():
        raise ValueError(
            f"Unknown label type: continuous. {name} expected classes as y, got numbers such as "
            f"{y[broken][0]:g}; TableRegressor predicts those"
        )
    if y.dtype.kind == "O":
        try:
            sorted(set(y.ravel().tolist()))
        except TypeError:
            types = sorted({type(value).__name__ for value in y.ravel().tolist()})
            raise ValueError(
                f"{name}: expected classes of one type as y, got {' and '.join(types)}"
            ) from None
    return y
