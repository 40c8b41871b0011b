"""Rows that would not fit in memory: an error that says what they need, before it is taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["rows_in_memory"]


@contextmanager
def rows_in_memory(
    owner: str, name: str, rows: int, dimensions: int, bytes_each: int
) -> Iterator[None]:
    """Raise MemoryError for rows of numbers that this machine cannot hold, or does not give.

    Parameters
    ----------
    owner : str
        Whom messages name.
    name : str
        What the numbers of a row are called.
    rows, dimensions : int
        How many rows there are to be, and of how many numbers.
    bytes_each : int
        What a number takes at least, with all that training keeps for it.
    """
    needed = rows * dimensions * bytes_each
    told = (
        f"{owner}: expected {name} for which there is memory, got {dimensions:,}: {rows:,} rows × "
        f"{dimensions:,} numbers × {bytes_each} bytes are {_spelled(needed)}"
    )
    there = _physical()
    if there is not None and needed > there:
        raise MemoryError(f"{told}, this machine has {_spelled(there)}")
    try:
        yield
    except MemoryError as error:
        raise MemoryError(f"{told}, or more, which were not to be had") from error


def _physical() -> int | None:
    """Return how many bytes of memory the machine has, None where nobody says it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _spelled(count: int) -> str:
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:,} bytes"
