"""Answers that are missing, or no labels: the first one is named."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from chainrule.data import Column
from chainrule.estimators.validation import are_columns, names_of
from chainrule.targets.label_checks import (
    check_labels,
    check_order,
    is_list,
    is_missing,
    rows_of,
)

__all__ = ["check_each_is_a_label", "check_each_is_there"]


def check_each_is_a_label(name: str, y: Any) -> None:
    """Raise an error for a missing answer, and for what can be no label, or not beside others.

    Parameters
    ----------
    name : str
        Whom messages name.
    y : Any
        Answers of a classifier. Rows of several labels are not looked into, nor what names, or is,
        columns of a table.
    """
    if y is None or isinstance(y, str | int | Column) or are_columns(y) or sparse.issparse(y):
        return
    check_order(name, y)
    labels = rows_of(y)
    if any(map(is_list, labels)):
        return
    check_each_is_there(name, y)
    if not (isinstance(getattr(y, "dtype", None), np.dtype) and y.dtype.kind in "biufcmMV"):
        check_labels(name, labels)


def check_each_is_there(name: str, answers: Any) -> None:
    """Raise ValueError for a missing answer, be it NaN, None, or pandas' NA or NaT."""
    y = np.asarray(answers)
    if y.dtype.kind == "U" and isinstance(answers, list | tuple):  # NaN has become a word
        y = np.asarray(answers, object)
    if y.dtype.kind == "O":
        gone = np.array([is_missing(value) for value in y.ravel().tolist()], bool)
    elif y.dtype.kind in "fmM":
        gone = y.ravel() != y.ravel()
    else:
        return
    if gone.any():
        row, place = divmod(int(gone.argmax()), len(gone) // len(y))
        names = names_of(answers)
        where = f"row {row}, column {names[place]!r}" if names else f"row {row}"
        raise ValueError(
            f"Input y contains NaN. {name} expected an answer for each row, got none in "
            f"{int(gone.sum())} of {len(gone)}, {where} the first: leave such rows out"
        )
