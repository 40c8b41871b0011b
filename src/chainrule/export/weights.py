"""The file of a program's large parameters: a header that the program knows, then the numbers.

All is little-endian. The header is four words of 32 bits: ``CRW1``, the bytes of a number, how many
numbers follow, and the CRC-32 of their bytes, as zlib and PNG have it. A program is written with
the same words, so it tells its own file from any other, and a whole file from one that is cut off,
too long, or damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.export.steps import Array

__all__ = ["HEADER_BYTES", "MAGIC", "WeightsFile", "weights_file"]

MAGIC = b"CRW1"
"""What every such file begins with."""

HEADER_BYTES = 16
"""So that the numbers behind it lie at a place that any type of theirs can have."""


@dataclass(frozen=True)
class WeightsFile:
    """The content of a file of weights.

    Parameters
    ----------
    name : str
        What the file is called.
    numbers : bytes
        The parameters, one after the other, each row by row.
    item : int
        Bytes of a number.
    """

    name: str
    numbers: bytes
    item: int

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return len(self.numbers) // self.item

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return HEADER_BYTES + len(self.numbers)

    @cached_property
    def checksum(self) -> int:
        """The CRC-32 of the numbers' bytes."""
        return zlib.crc32(self.numbers)

    @property
    def words(self) -> tuple[int, int, int, int]:
        """The header as whole numbers of 32 bits."""
        return int.from_bytes(MAGIC, "little"), self.item, self.count, self.checksum

    def parts(self) -> Iterator[bytes]:
        """Yield the header and the numbers."""
        yield struct.pack("<4I", *self.words)
        yield self.numbers


def weights_file(name: str, arrays: Iterable[Array], dtype: np.dtype[Any]) -> WeightsFile:
    """Return the file of some parameters.

    Parameters
    ----------
    name : str
        What the file is called.
    arrays : iterable of Array
        With their numbers.
    dtype : dtype
        The type of the program's numbers.

    Raises
    ------
    ValueError
        There are more numbers than the header can tell, 2³² − 1.
    """
    little = dtype.newbyteorder("<")
    parts = [np.ravel(np.asarray(array.numbers)).astype(little).tobytes() for array in arrays]
    made = WeightsFile(name, b"".join(parts), dtype.itemsize)
    if made.count >= 2**32:
        raise ValueError(f"export: expected fewer than 2**32 weights in a file, got {made.count:,}")
    return made
