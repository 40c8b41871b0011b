"""What standard output does not take: one error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["printing"]


@contextmanager
def printing() -> Iterator[None]:
    """Name standard output in the error of what cannot be printed; a reader may leave.

    Raises
    ------
    ValueError
        It takes no more, as a disk that is full.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"standard output: cannot be written: {reason}") from None
