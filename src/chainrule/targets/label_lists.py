"""Several labels of a sample as a list of those that hold: ["a", "b"], ["c"], []."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from numbers import Real
from typing import Any

import numpy as np

from chainrule.data.cells import shortened
from chainrule.targets.label_checks import check_labels, is_list, rows_of
from chainrule.types import Array

__all__ = [
    "as_label_lists",
    "check_label_lists",
    "held_in",
    "is_listed",
    "is_matrix",
    "labels_in",
    "tuples_of",
]


def as_label_lists(y: Any) -> Any:
    """Return answers that are lists of labels as an array (n,) of tuples, others as they are.

    Rows of numbers that are all as long as each other are an indicator matrix, or numbers to
    predict, and stay as they are; sets never are.

    Parameters
    ----------
    y : array-like
        Of lists, tuples, sets or arrays of labels.

    Raises
    ------
    ValueError
        Some rows are lists, and some are not.
    """
    if is_listed(y):
        return y
    rows = rows_of(y)
    listed = [is_list(row) for row in rows]
    if any(listed) and not all(listed):
        row = listed.index(False)
        raise ValueError(
            f"y: expected a list of labels in each row, got {type(rows[row]).__name__} in row "
            f"{row}; [] says that none holds"
        )
    if not rows or not all(listed) or _is_matrix(rows):
        return y
    found = np.empty(len(rows), object)
    found[:] = [tuple(_plain(label) for label in row) for row in rows]
    return found


def is_listed(y: Any) -> bool:
    """Return whether answers are an array (n,) of tuples."""
    return (
        isinstance(y, np.ndarray)
        and y.dtype == object
        and y.ndim == 1
        and len(y) > 0
        and all(type(row) is tuple for row in y)
    )


def is_matrix(y: Any) -> bool:
    """Return whether answers are rows of several numbers each, which would be 0 and 1."""
    shape = getattr(y, "shape", None)
    if shape is not None:
        return len(shape) == 2 and shape[1] > 1
    rows = rows_of(y)
    return bool(rows) and all(map(is_list, rows)) and _is_matrix(rows) and len(rows[0]) > 1


def labels_in(y: Array) -> Array:
    """Return all labels of an array of tuples, sorted.

    Raises
    ------
    ValueError
        There are none, or they are not of one type that can be sorted.
    """
    check_label_lists("y", y)
    types = {type(label) for row in y for label in row}
    if not types:
        raise ValueError("y: expected lists of labels with a label, got empty ones only")
    if len(types) > 1 or not types <= {str, int, bool, float}:
        names = " and ".join(sorted(kind.__name__ for kind in types))
        raise ValueError(
            f"y: expected lists of labels that are all texts, or all whole numbers, got {names}"
        )
    found = {label for row in y for label in row}
    return np.array(sorted(found), dtype=object if types == {str} else None)


def check_label_lists(owner: str, y: Iterable[Collection[Any]]) -> None:
    """Raise an error that names the first label of lists that is none, or of another kind.

    Parameters
    ----------
    owner : str
        Whom messages name.
    y : iterable of collections
        The labels of each row.
    """
    labels: list[Any] = []
    rows: list[int] = []
    for row, own in enumerate(y):
        labels += own
        rows += [row] * len(own)
    check_labels(owner, labels, rows)


def held_in(y: Array, labels: Array) -> Array:
    """Return whether each label holds, (n, labels), for an array of tuples.

    Raises
    ------
    ValueError
        A label is none of them.
    """
    places = {label: place for place, label in enumerate(labels.tolist())}
    held = np.zeros((len(y), len(labels)), bool)
    for row, names in enumerate(y):
        for name in names:
            if name not in places:
                raise ValueError(
                    f"got {name!r} in row {row} of y, expected labels of "
                    f"{shortened(list(map(str, places)))}"
                )
            held[row, places[name]] = True
    return held


def tuples_of(held: Array, labels: Array) -> Array:
    """Return an array (n,) of tuples of the labels that hold, in the order of the labels."""
    names = labels.tolist()
    found = np.empty(len(held), object)
    found[:] = [tuple(names[place] for place in np.flatnonzero(row)) for row in held]
    return found


def _is_matrix(rows: list[Any]) -> bool:
    """Return whether rows are those of numbers, as long as each other."""
    if any(isinstance(row, set | frozenset) for row in rows):
        return False
    alike = len({len(row) for row in rows}) == 1 and len(rows[0]) > 0
    return alike and all(map(_are_numbers, rows))


def _are_numbers(row: Iterable[Any]) -> bool:
    return all(isinstance(value, Real | np.generic) and not isinstance(value, str) for value in row)


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label
