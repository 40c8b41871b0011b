"""Which rows of a streamed table are held out: some of all, whole groups, or the last in time.

Rows held out are not trained on; at most some 20,000 of them, drawn, are watched in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np

from chainrule import random
from chainrule.data import DataError
from chainrule.data.cells import Cells
from chainrule.data.streams import DataStream, LabelledPart
from chainrule.inputs.tables.categories import values_of
from chainrule.inputs.tables.fold_sums import FOLDS
from chainrule.inputs.tables.sketches import QuantileSketch, TextCounts
from chainrule.types import Array

__all__ = ["RowFolds", "check_parts", "held_out_of_stream", "watched_of"]

MOST_HELD_OUT = 20_000
"""Rows that are watched, at most."""

CHUNK = 65_536
FOLD, WATCHED = 1, 3
"""Places of the stream of random numbers that splits rows, beside that of rows held out."""

HASHES = 2.0**64


class RowFolds:
    """The fold of each row of a stream: drawn by its number, or by the group that it is of.

    Parameters
    ----------
    seed : int
        Of the draw.
    groups : str, optional
        The column of groups, each of which is in one fold as a whole.
    """

    def __init__(self, seed: int, groups: str | None = None) -> None:
        self.seed, self.groups = seed, groups

    def of(self, rows: Array, part: LabelledPart | None = None) -> Array:
        """Return the folds of rows (n), by their numbers, which rise, or their groups."""
        if self.groups is not None and part is not None:
            hashes, codes = _hashes(part.part.raw((self.groups,)).columns[0], self.seed, b"fold")
            return np.asarray((hashes % np.uint64(FOLDS)).astype(np.intp)[codes])
        folds = np.empty(len(rows), np.intp)
        chunks = rows // CHUNK
        for chunk in np.unique(chunks).tolist():
            own = chunks == chunk
            drawn = random.words(CHUNK, self.seed, random.Stream.SPLITTING, FOLD, chunk)
            folds[own] = drawn[rows[own] - chunk * CHUNK] % np.uint64(FOLDS)
        return folds


def check_parts(name: str, stream: DataStream, given: Any) -> None:
    """Raise ValueError unless groups and time, if given, are each a column, and go together."""
    for what, value in (("groups", given.groups), ("time", given.time)):
        if value is None:
            continue
        if not isinstance(value, str):
            raise ValueError(
                f"{name}.fit: expected {what} as the name of a column of the stream, got "
                f"{type(value).__name__}"
            )
        if given.held_out[0] is not None:
            raise ValueError(
                f"{name}.fit: expected {what}, or X_val as the rows held out, got both"
            )
        stream.without(value)
    if given.groups is not None and given.time is not None:
        raise ValueError("expected groups or time, got both: which rows are to be held out?")


def held_out_of_stream(
    stream: DataStream, fraction: float, seed: int, folds_seed: int, given: Any
) -> Array:
    """Return the numbers of rows that are not trained on, rising; none of a validation set.

    Parameters
    ----------
    stream : DataStream
        All rows.
    fraction : float
        What part is to be held out.
    seed : int
        Of rows that are drawn.
    folds_seed : int
        Of groups.
    given : Given
        Which has the columns of groups or time.

    Raises
    ------
    DataError
        There are no two groups or times, or a row has no time.
    """
    if given.held_out[0] is not None or not fraction:
        return np.arange(0)
    if given.groups is not None:
        return _of_groups(stream, given.groups, fraction, folds_seed)
    if given.time is not None:
        return _of_time(stream, given.time, fraction)
    most = MOST_HELD_OUT if stream.window_rows is None else stream.window_rows
    count = min(round(fraction * len(stream)), MOST_HELD_OUT, most)
    return random.choice(len(stream), count, seed, random.Stream.SPLITTING)


def watched_of(stream: DataStream, out: Array, seed: int) -> Array:
    """Return those of rows held out that are watched: all, or some that are drawn."""
    most = min(MOST_HELD_OUT, stream.window_rows or MOST_HELD_OUT)
    if len(out) <= most:
        return out
    return np.asarray(out[random.choice(len(out), most, seed, random.Stream.SPLITTING, WATCHED)])


def _of_groups(stream: DataStream, name: str, fraction: float, seed: int) -> Array:
    """Return the rows of the groups that come first by their hash, until they are enough."""
    counts = TextCounts()
    for raw in stream.column_parts(name):
        cells = Cells.read(raw)
        each: Counter[str] = Counter()
        for value, count in zip(values_of(cells), cells.counts().tolist(), strict=True):
            each[value] += count
        counts.add(each)
    bound = np.uint64(min(fraction, 1 - 2.0**-52) * HASHES)
    if counts.exact:
        known = counts.counts()
        if len(known) < 2:
            raise DataError("groups: expected two groups or more, got one, which cannot be divided")
        hashes = np.array([_hash(value, seed, b"part") for value in known], np.uint64)
        order = np.argsort(hashes, kind="stable")
        sums = np.cumsum(np.array(list(known.values()))[order])[:-1]
        last = int(np.argmin(np.abs(sums - fraction * len(stream))))
        bound = hashes[order[last]]
    found, first = [], 0
    for raw in stream.column_parts(name):
        hashes, codes = _hashes(raw, seed, b"part")
        found.append(first + np.flatnonzero((hashes <= bound)[codes]))
        first += len(codes)
    return np.concatenate(found)


def _of_time(stream: DataStream, name: str, fraction: float) -> Array:
    """Return the rows from a time on, so that they are about a fraction of all."""
    sketch, first = QuantileSketch(), 0
    for times in _times(stream, name):
        wrong = np.flatnonzero(~np.isfinite(times))
        if len(wrong):
            row = first + wrong[0]
            raise DataError(f"time: expected a time for each row, got none in row {row}")
        sketch.add(times)
        first += len(times)
    spread = sketch.distribution()
    if len(spread.values) < 2:
        raise DataError("time: expected different times, got one only, which cannot be divided")
    before = np.cumsum(spread.counts)[:-1]
    cut = spread.values[1 + int(np.argmin(np.abs(before - (1 - fraction) * len(stream))))]
    found, first = [], 0
    for times in _times(stream, name):
        found.append(first + np.flatnonzero(times >= cut))
        first += len(times)
    return np.concatenate(found)


def _times(stream: DataStream, name: str) -> Iterator[Array]:
    """Yield the times of all rows as numbers, NaN where one is missing."""
    for raw in stream.column_parts(name):
        if not isinstance(raw, np.ndarray) or raw.dtype.kind not in "iufmMb":
            raise DataError(
                f"time: expected a column of numbers or dates, got {name!r}, whose cells are texts"
            )
        if raw.dtype.kind in "mM":
            moments = raw.astype(f"{raw.dtype.kind}8[us]")
            times = moments.astype(np.int64).astype(np.float64)
            times[np.isnat(moments)] = np.nan
            yield times
        else:
            yield raw.astype(np.float64)


def _hashes(raw: Any, seed: int, what: bytes) -> tuple[Array, Array]:
    """Return a number for each different cell (d), and the place of each cell's (n)."""
    cells = Cells.read(raw)
    hashes = np.array([_hash(value, seed, what) for value in values_of(cells)], np.uint64)
    return hashes, np.asarray(cells.codes)


def _hash(value: str, seed: int, what: bytes) -> int:
    text = value.encode("utf-8", "surrogatepass")
    key = seed.to_bytes(8, "little")
    return int.from_bytes(blake2b(text, digest_size=8, key=key, person=what).digest(), "little")
