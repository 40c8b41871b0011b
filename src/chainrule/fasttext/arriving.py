"""Lines of a file or pipe as they arrive: whoever writes line by line gets each answer at once."""

from __future__ import annotations

import io
import select
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.data.tokens import BLOCK
from chainrule.engine.machine.memory import aligned

__all__ = ["ArrivingLines", "Chunk"]

Chunk: TypeAlias = tuple[NDArray[np.uint8], int, bool]
"""Bytes of whole lines with zeros behind, how many there are, and whether it is the last."""


class ArrivingLines:
    """Chunks of whole lines, and None where nothing more is there yet.

    Parameters
    ----------
    file : binary file
        Not buffered, so that what has arrived is seen.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def chunks(self, size: int) -> Iterator[Chunk | None]:
        """Yield chunks of about ``size`` bytes, unless a line is longer; the last may be empty."""
        kept, last = np.zeros(0, np.uint8), False
        while not last:
            room = max(size, 2 * len(kept))
            text = aligned((room + 2 * BLOCK,), np.uint8)
            text[: len(kept)] = kept
            filled, last, waits = self._fill(text, len(kept), room)
            end = filled if last else text[:filled].tobytes().rfind(b"\n") + 1
            kept = text[end:filled].copy()
            text[end:] = 0
            if end or last:
                yield text, end, last
            if waits and not last:
                yield None

    def _fill(self, text: NDArray[np.uint8], filled: int, room: int) -> tuple[int, bool, bool]:
        """Read what is there; return where it ends, whether all has, and whether more is awaited.

        The first read may wait; the others do not.
        """
        while filled < room:
            count = self.file.readinto(text[filled:room].data)  # type: ignore[attr-defined]
            if not count:
                return filled, True, False
            filled += count
            if filled < room and not _has_more(self.file):
                return filled, False, True
        return filled, False, False


def _has_more(file: Any) -> bool:
    """Return whether a read would not wait; where that cannot be known, that it would."""
    try:
        if file.seekable():
            return True
        ready, _, _ = select.select([file], [], [], 0)
    except (io.UnsupportedOperation, OSError, ValueError):
        return False
    return bool(ready)
