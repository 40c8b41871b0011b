"""Labels as users give them, looked at one by one: the first that is none is named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from numbers import Number
from typing import Any

import numpy as np

from chainrule.tables import cut

__all__ = ["check_labels", "check_order", "is_list", "is_missing", "rows_of"]

LISTS = (list, tuple, set, frozenset)
LARGEST = 2**63
SURROGATE = re.compile("[\ud800-\udfff]")

KINDS: dict[str, tuple[type, ...]] = {
    "texts": (str,),
    "numbers": (Number, np.number, np.bool_),
    "times": (date, timedelta, np.datetime64, np.timedelta64),
}
"""What labels may be, those of one classifier all of one kind."""


def rows_of(y: Any) -> list[Any]:
    """Return answers row by row, as Python's own values where a library has its own.

    Of a column, or of a table with one, these are its cells; of an array with several axes, and of
    anything else, there are none.
    """
    if isinstance(y, list | tuple):
        return list(y)
    if getattr(y, "ndim", 1) == 2 and np.shape(y)[1] == 1:
        y = y.iloc[:, 0] if hasattr(y, "iloc") else y[:, 0]
    for name in ("to_pylist", "to_list", "tolist"):
        values = getattr(y, name, None)
        if values is not None and getattr(y, "ndim", 1) == 1:
            return list(values())
    return []


def is_list(row: Any) -> bool:
    """Return whether a row has several answers, be it none of them."""
    return isinstance(row, LISTS) or (isinstance(row, np.ndarray) and row.ndim == 1)


def check_order(owner: str, y: Any) -> None:
    """Raise TypeError for answers in no order, or in one that can be seen once only."""
    if isinstance(y, set | frozenset | dict | bytes) or hasattr(y, "__next__"):
        advice = "; list(…) makes one of it" if hasattr(y, "__next__") else ", which has no rows"
        raise TypeError(f"{owner}: expected a list of labels y, got a {type(y).__name__}{advice}")


def check_labels(owner: str, labels: Sequence[Any], rows: Sequence[int] | None = None) -> None:
    """Raise an error that names the first label that is none, is missing, or is of another kind.

    Parameters
    ----------
    owner : str
        Whom messages name.
    labels : sequence
        All labels; those of one classifier are all texts, all numbers or all times.
    rows : sequence of int, optional
        The row that each stands in, its place by default.

    Raises
    ------
    ValueError
        One is missing, of another kind than the first, or a text or number that NumPy cannot keep.
    TypeError
        One is nothing that can be a label.
    """
    kind = ""
    for label in _different(labels):
        found, wrong = _kind_of(label)
        if wrong or (kind and found != kind):
            break
        kind = found
    else:
        return
    kind = ""
    for place, label in enumerate(labels):
        found, wrong = _kind_of(label)
        if not wrong and kind and found != kind:
            wrong = f"labels that are all {kind}, as the first is, got {_told(label)}"
        if wrong:
            row = place if rows is None else rows[place]
            error = ValueError if found else TypeError
            raise error(f"{owner}: expected {wrong} in row {row} of y")
        kind = found


def _different(labels: Sequence[Any]) -> Iterable[Any]:
    try:
        return set(labels)
    except TypeError:  # some are lists or the like, and cannot be labels
        return labels


def _kind_of(label: Any) -> tuple[str, str]:
    """Return a label's kind, or "missing", or "", and what is wrong with it, if anything."""
    if is_missing(label):
        return "missing", f"a label, got {label}, a missing one,"
    kind = next((name for name, known in KINDS.items() if isinstance(label, known)), "")
    if not kind:
        return "", f"labels that are texts or numbers, got {_told(label)}"
    if kind == "texts" and label.endswith("\0"):
        return kind, f"labels that do not end with NUL, as arrays of texts drop it, got {label!r}"
    if kind == "texts" and not label.isascii() and SURROGATE.search(label):
        return kind, f"labels of Unicode characters, got {label!r}"
    if kind == "numbers" and isinstance(label, int) and not -LARGEST <= label < 2 * LARGEST:
        wide = f"whole numbers of at most 64 bits as labels, got {label}"
        return kind, f"{wide}, of which str(…) makes a text,"
    return kind, ""


def is_missing(label: Any) -> bool:
    """Return whether a label is None, NaN, NaT, pandas' NA, or masked."""
    if label is None or label is np.ma.masked:
        return True
    return not isinstance(label, str) and str(label) in ("nan", "NaT", "<NA>")


def _told(label: Any) -> str:
    if isinstance(label, bytes):
        return "bytes, which label.decode() makes a text,"
    return f"{cut(' '.join(repr(label).split()), 80)}, of type {type(label).__name__},"
