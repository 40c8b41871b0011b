"""The bytes of a model file, taken one thing after the other."""

from __future__ import annotations

import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cursor", "mapped"]

CHUNK = 2**20


@contextmanager
def mapped(path: Path) -> Iterator[tuple[mmap.mmap, BinaryIO]]:
    """Map a file that is not empty into memory; give the file, too."""
    with path.open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("cannot be read: it is a device or pipe")
        if not status.st_size:
            raise ValueError("is no model of fastText: it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content, file


class Cursor:
    """What is left of a file; nothing is taken, and no memory, before it is known to be there."""

    def __init__(self, content: mmap.mmap, file: BinaryIO) -> None:
        self.content, self.file = content, file
        self.place = 0

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return len(self.content) - self.place

    def expect(self, size: int, what: str) -> None:
        """Raise ValueError unless so many bytes are left for ``what``."""
        if not 0 <= size <= self.left:
            raise ValueError(
                f"is cut off or damaged: expected {size:,} bytes of {what}, "
                f"got {self.left:,} up to its end"
            )

    def numbers(self, layout: str, what: str) -> tuple[Any, ...]:
        """Take numbers of a little-endian ``struct`` layout."""
        layout = f"<{layout}"
        size = struct.calcsize(layout)
        self.expect(size, what)
        self.place += size
        return struct.unpack_from(layout, self.content, self.place - size)

    def flag(self, what: str) -> bool:
        """Take a byte that is 0 or 1."""
        (value,) = self.numbers("B", what)
        if value > 1:
            raise ValueError(f"is damaged: expected 0 or 1 for {what}, got {value}")
        return bool(value)

    def array(self, count: int, dtype: str, what: str) -> NDArray[Any]:
        """Take a copy of so many numbers; floats are finite."""
        kind = np.dtype(dtype)
        self.expect(count * kind.itemsize, what)
        taken = np.empty(count, kind)
        self.file.seek(self.place)
        for first in range(0, count, CHUNK):
            part = taken[first : first + CHUNK]
            _fill(self.file, part.view(np.uint8).data)
            self.place += part.nbytes
            if kind.kind == "f" and not np.isfinite(part).all():
                raise ValueError(f"expected finite numbers in {what}, got NaN or infinity")
        return taken

    def end(self) -> None:
        """Raise ValueError if anything is left."""
        if self.left:
            raise ValueError(f"is damaged: expected its end, got {self.left:,} bytes more")


def _fill(file: BinaryIO, part: memoryview) -> None:
    """Read from a file until a part of memory is full."""
    done = 0
    while done < len(part):
        got = file.readinto(part[done:])  # type: ignore[attr-defined]
        if not got:
            raise ValueError("is cut off: it became shorter while it was read")
        done += got
