"""What would not fit in memory, or on a disk: an error with the sizes, before anything is taken."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["expect_disk", "expect_memory", "rows_in_memory", "size_text"]


def expect_memory(told: str, needed: int) -> None:
    """Raise MemoryError for more bytes than this machine has; ``told`` says whose they are."""
    there = _physical()
    if there is not None and needed > there:
        raise MemoryError(f"{told}, this machine has {size_text(there)}")


def expect_disk(path: Path, needed: int) -> None:
    """Raise ValueError for a file of more bytes than its disk has left.

    A file that is there already stays until the new one is whole, and frees nothing before.
    """
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise ValueError(
            f"cannot be written: it takes {size_text(needed)}, its disk has {size_text(free)} left"
        )


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
        f"{dimensions:,} numbers × {bytes_each} bytes are {size_text(needed)}"
    )
    expect_memory(told, needed)
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


def size_text(count: int) -> str:
    """Return a number of bytes as it is read: 1.5 GB."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:,} bytes"
