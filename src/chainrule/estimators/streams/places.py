"""Errors of a stream's rows: they name the file, and the row there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from chainrule.data import DataError
from chainrule.data.streams import DataStream

__all__ = ["placed", "rows_placed"]

ROW = re.compile(r"\brow (\d+)(?=: |, |; |$)")
"""A row of a stream in a message, that does not say yet which file has it."""

NOT_FINITE = re.compile(r"\AInput X contains (NaN|infinity)")
"""What scikit-learn says of arrays, without a row."""


def placed(text: str, stream: DataStream, first: int = 0) -> str:
    """Return a message in which the first row that is named is one of a file.

    Parameters
    ----------
    text : str
        Of an error, in which rows are counted over the stream.
    stream : DataStream
        That was read.
    first : int, default=0
        The row of the stream from which they are counted.
    """
    found = ROW.search(text)
    if found is None or first + int(found[1]) >= len(stream):
        return text
    place = stream.place_of(first + int(found[1]))
    return text[: found.start()] + place + text[found.end() :]


@contextmanager
def rows_placed(stream: DataStream, first: int = 0) -> Iterator[None]:
    """Let errors of values name the file that a row is in, and the row there."""
    try:
        yield
    except ValueError as error:
        if type(error) not in (ValueError, DataError):
            raise
        text = str(error)
        told = _of_numbers(stream, first) if NOT_FINITE.match(text) else None
        told = told or placed(text, stream, first)
        if told == text:
            raise
        raise type(error)(told) from None


def _of_numbers(stream: DataStream, first: int) -> str | None:
    """Return the first row from one on with a number that is none, None if there is no such."""
    start = 0
    for part in stream.parts():
        stop = start + len(part)
        if stop > first:
            X = part.part.numbers(part.features)
            wrong = np.argwhere(~np.isfinite(X))
            wrong = wrong[wrong[:, 0] >= first - start]
            if len(wrong):
                row, *rest = wrong[0].tolist()
                column = (
                    repr(part.features[rest[0]]) if part.features else ", ".join(map(str, rest))
                )
                place = stream.place_of(start + row)
                return f"expected finite X, got {X[tuple(wrong[0])]} in {place}, column {column}"
        start = stop
    return None
