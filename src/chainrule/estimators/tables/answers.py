"""Answers of a table's rows, y, before anything is learned: one of each row, classes or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_y

from chainrule.data import Column
from chainrule.data.cells import shortened
from chainrule.estimators.answer_checks import check_each_is_there
from chainrule.estimators.validation import are_columns, read_answers
from chainrule.targets.columns import are_too_many
from chainrule.types import Array

__all__ = ["answers_of_rows"]

NUMBERS = int, float, np.integer, np.floating, np.bool_


def answers_of_rows(estimator: Any, y: Any) -> Array:
    """Return the answers (n,) of a fit, or several numbers a row (n, k), validated.

    Parameters
    ----------
    estimator : TableEstimator
        Of classes, or of numbers.
    y : array-like, Column or tuple of Columns
        As they were given.

    Raises
    ------
    ValueError
        One is missing; there are several classes in a row; they are no classes, or no numbers.
    """
    name, numeric = type(estimator).__name__, not hasattr(estimator, "predict_proba")
    cells = isinstance(y, Column) or are_columns(y)
    y = read_answers(estimator, y, None)
    if not cells:
        check_each_is_there(name, y)
        y = np.asarray(_check_y(y, multi_output=True, y_numeric=False, estimator=estimator))
        y = _numbers(name, y) if numeric else _classes(name, y)
    elif not numeric and y.dtype.kind == "f" and are_too_many(len(np.unique(y)), len(y)):
        raise _continuous(name, y)
    if y.ndim == 2 and y.shape[1] > 1:
        if numeric:
            return np.asarray(y)
        raise ValueError(
            f"{name}: expected one answer a row, y (n,), got shape {y.shape}; "
            "fit an estimator for each column, such as by MultiOutputClassifier"
        )
    return np.asarray(column_or_1d(y, warn=True)) if y.ndim == 2 else y


def _numbers(name: str, y: Array) -> Array:
    """Return numbers; what is True counts as 1."""
    if y.dtype.kind in "iuf":
        return y
    try:
        numbers = y.astype(np.float64)
    except (ValueError, TypeError):
        raise ValueError(
            f"{name}: expected numbers as y, got {shortened([str(y.flat[0])])}; TableClassifier "
            "predicts classes"
        ) from None
    if (infinite := ~np.isfinite(numbers)).any():
        row = int(infinite.argmax()) * len(numbers) // numbers.size
        raise ValueError(
            f"Input y contains infinity. {name}: expected finite numbers as y, got "
            f"{shortened([str(y.flat[infinite.argmax()])])} in row {row}"
        )
    return numbers


def _classes(name: str, y: Array) -> Array:
    """Return classes, which are texts or whole numbers, as files have them."""
    types = {type(value) for value in y.ravel().tolist()} if y.dtype.kind == "O" else set()
    if types and all(issubclass(each, NUMBERS) for each in types):
        y, types = np.array(y.tolist()), set()
    if y.dtype.kind == "f" and (broken := y != np.floor(y)).any():
        raise _continuous(name, y[broken])
    if y.dtype.kind in "mM" or (types and not issubclass(types.pop(), str)):
        kind = type(y.flat[0]).__name__ if y.dtype.kind == "O" else str(y.dtype)
        raise ValueError(
            f"Unknown label type: {kind}. {name} expected classes as y that are texts or whole "
            f"numbers, got {shortened([str(y.flat[0])])}; str() makes a text of each"
        )
    return y


def _continuous(name: str, y: Array) -> ValueError:
    """Return the error about numbers that are no classes."""
    return ValueError(
        f"Unknown label type: continuous. {name} expected classes as y, got numbers such as "
        f"{y.flat[0]:g}; TableRegressor predicts those"
    )
