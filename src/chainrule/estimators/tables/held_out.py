"""Which rows of a table are held out: some of each class, whole groups, or the last in time."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import Column, DataError, DataWarning, split, split_groups, split_times
from chainrule.data.coded import Coded, RawCells
from chainrule.data.frame_columns import cells_of
from chainrule.data.split import LEAST_ROWS
from chainrule.inputs.tables.times import times_of
from chainrule.types import Array, Rows
from chainrule.warning import warn

__all__ = ["codes_of_groups", "held_out_rows"]


def held_out_rows(
    rows: int,
    fraction: float,
    seed: int,
    *,
    classes: Array | None = None,
    groups: Any = None,
    time: Any = None,
) -> tuple[Rows, Rows]:
    """Return the rows to train on, and those to be held out, perhaps none.

    Parameters
    ----------
    rows : int
        How many there are.
    fraction : float
        What part is to be held out, from 0 to 1.
    seed : int
        Of the choice; that by time is none.
    classes : ndarray of shape (rows,), optional
        Of which both parts are to have equal shares. None is held out whole.
    groups : array-like of shape (rows,), optional
        Of which none stands in both parts.
    time : array-like of shape (rows,), optional
        Numbers or dates: the last rows are held out, those of one time together.

    Returns
    -------
    training, held_out : ndarray of int
        In the order of the table.

    Raises
    ------
    DataError
        There are no two groups, or times, to divide.
    """
    if groups is not None and time is not None:
        raise ValueError("expected groups or time, got both: which rows are to be held out?")
    if fraction == 0:
        return np.arange(rows), np.arange(0)
    shares = 1 - fraction, fraction
    if time is not None:
        times = _times(_one_a_row("time", time))
        if len(np.unique(times)) < 2:
            raise DataError("time: expected different times, got one only, which cannot be divided")
        return _sorted(split_times(times, shares))
    if groups is not None:
        codes = codes_of_groups(groups)
        if codes.max() == 0:
            raise DataError("groups: expected two groups or more, got one, which cannot be divided")
        return _sorted(split_groups(codes, shares, seed))
    if rows < LEAST_ROWS:
        return np.arange(rows), np.arange(0)
    out = np.zeros(rows, bool)
    out[split(rows, shares, seed, classes)[1]] = True
    if classes is not None:
        codes = np.unique(classes, return_inverse=True)[1]
        out &= np.bincount(codes[~out], minlength=codes.max() + 1)[codes] > 0
    return np.flatnonzero(~out), np.flatnonzero(out)


def codes_of_groups(groups: Any) -> Rows:
    """Return groups (n) as numbers from 0 on; DataError unless there is one a row."""
    return _codes(_one_a_row("groups", groups))


def _sorted(parts: list[Rows]) -> tuple[Rows, Rows]:
    """Return both parts in the order of the table."""
    training, held_out = map(np.sort, parts)
    return training, held_out


def _codes(values: Any) -> Rows:
    """Return groups as numbers, in the order of their values."""
    if isinstance(values, Coded):  # as an array, each text would be as long as the longest
        ranks = np.unique(np.array(values.texts, object), return_inverse=True)[1]
        return np.asarray(np.unique(ranks[values.codes], return_inverse=True)[1])
    if isinstance(values, list) and any(isinstance(value, str) for value in values):
        values = list(map(str, values))
    array = np.asarray(values)
    if array.dtype.kind == "O":
        array = np.array([str(value) for value in array.tolist()])
    codes: Rows = np.unique(array, return_inverse=True)[1]
    return codes.reshape(-1)


def _times(values: Any) -> Array:
    """Return times as numbers or dates that can be sorted; DataError if they are none."""
    array = values if isinstance(values, np.ndarray | Coded) else np.asarray(values)
    if isinstance(array, Coded) or array.dtype.kind in "OUS":
        array = _written_times(cells_of(values))
    if array.dtype.kind not in "iufmMb":
        raise DataError(f"time: expected numbers or dates, got {array.dtype}")
    missing = np.isnat(array) if array.dtype.kind in "mM" else ~np.isfinite(array)
    if missing.any():
        raise DataError(f"time: expected a time for each row, got none in row {missing.argmax()}")
    return array


def _written_times(raw: RawCells) -> Array:
    """Return times that are written out, or have a zone, as numbers that can be sorted."""
    if isinstance(raw, np.ndarray):
        return raw
    try:
        times, remarks = times_of(Column("time", raw, unit="row"))
    except DataError as error:
        raise DataError(f"time: {error}") from None
    if remarks and not np.isnan(times).any():
        warn(f"time: {'; '.join(remarks)}", DataWarning)
    return times


def _one_a_row(what: str, values: Any) -> Any:
    """Return values (n,); DataError if they have another shape."""
    if isinstance(values, Coded) or np.ndim(values) == 1:
        return values
    if np.ndim(values) == 2 and np.shape(values)[1] == 1:
        return np.asarray(values)[:, 0]
    raise DataError(f"{what}: expected one value a row, got shape {np.shape(values)}")
