"""The pixel-blocked layout of one sample's images: the lanes of a vector are pixels, row after row.

Images (c, h, w) lie as they do in NumPy, but that a row may be followed by some numbers more, the
margins of windows: those on the right of a row are those on the left of the next. So a window's
tap is an offset, and a vector of pixels may go on in the next row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.machine.planes import NONE, Margin
from chainrule.types import Array, Shape

PAGE = 4096
"""Bytes: what lies a multiple of it apart is in each other's way in a cache."""


@dataclass(frozen=True)
class Raster:
    """Images (c, h, w) of a sample; ``start`` is where the first pixel is in a channel's numbers.

    ``pitch`` are the numbers from a row to the next, ``data`` (channels, numbers) all of them.
    """

    shape: Shape
    margins: tuple[Margin, Margin]
    pitch: int
    start: int
    data: Array

    @classmethod
    def filled(
        cls,
        shape: Shape,
        dtype: Any,
        *,
        margins: tuple[Margin, Margin] = NONE,
        pitch: int = 0,
        value: float = 0.0,
        reach: int = 1,
    ) -> Raster:
        """Return images full of a value, which stays in the margins.

        There is room for a vector behind a channel, and for `reach` vectors more behind the last.
        """
        c, h, w = shape
        (top, bottom), sides = margins
        item = dtype.itemsize
        lanes = VECTOR // item
        pitch = max(pitch, least_pitch(w, sides))
        start = whole(top * pitch + sides[0], lanes)
        room = start + whole((h + bottom) * pitch + sides[1], lanes) + lanes
        room += lanes * (room * item % PAGE == 0)
        data = aligned((c * room + (2 + reach) * lanes,), dtype)
        data[...] = value
        return cls(shape, margins, pitch, start, data[: c * room].reshape(c, room))

    @property
    def item(self) -> int:
        """Bytes of a number."""
        return int(self.data.itemsize)

    @property
    def row(self) -> int:
        """Bytes from a row to the next."""
        return self.pitch * self.item

    @property
    def channel(self) -> int:
        """Bytes from a channel to the next."""
        return int(self.data.strides[0])

    def at(self, c: int = 0, i: int = 0, j: int = 0) -> int:
        """Return the address of a pixel, which may lie in the margins."""
        return address(self.data) + c * self.channel + (self.start + i * self.pitch + j) * self.item

    def vectors(self, rows: int, columns: int) -> int:
        """Return how many vectors reach from the first pixel to the last of so many."""
        return whole((rows - 1) * self.pitch + columns, VECTOR // self.item) * self.item // VECTOR


@dataclass(frozen=True)
class Sample(Raster):
    """A sample as it comes, wherever it is: :meth:`at` tells how far a pixel is from the first."""

    @classmethod
    def of(cls, shape: Shape, dtype: Any) -> Sample:
        """Return a sample of a shape."""
        return cls(shape, NONE, shape[2], 0, np.empty((0, 0), dtype))

    @property
    def channel(self) -> int:
        """Bytes from a channel to the next."""
        _, h, w = self.shape
        return h * w * self.item

    def at(self, c: int = 0, i: int = 0, j: int = 0) -> int:
        """Return the bytes from the first pixel to another."""
        return c * self.channel + i * self.row + j * self.item


def least_pitch(columns: int, sides: Margin) -> int:
    """Return how many numbers a row takes at least, one side's margin being another row's, too."""
    return columns + max(sides)


def whole(count: int, unit: int) -> int:
    """Return the next multiple of a unit."""
    return -(-count // unit) * unit
