"""The sample-blocked layout of images: the lanes of a vector are samples.

A tile is as many samples as a vector has lanes. Images (n, c, h, w) lie as (tiles, c, h', w',
lanes), h' and w' with margins for the windows that will slide over them, so that a window's tap is
an offset and nothing more. With 16 lanes, this layout is known as Nchw16n.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.types import Array, Shape

Margin = tuple[int, int]
"""Rows or columns before and after an image."""
NONE: tuple[Margin, Margin] = ((0, 0), (0, 0))


@dataclass(frozen=True)
class Planes:
    """Images (c, h, w), sample-blocked, with margins (rows before, after), (columns likewise)."""

    shape: Shape
    margins: tuple[Margin, Margin]
    data: Array

    @classmethod
    def filled(
        cls,
        tiles: int,
        shape: Shape,
        dtype: Any,
        margins: tuple[Margin, Margin] = NONE,
        value: float = 0.0,
        *,
        apart: bool = False,
    ) -> Planes:
        """Return images full of a value, which stays in the margins.

        Channels may be kept ``apart``, so that they are not powers of two of vectors from one
        another: those would take the same few places of a cache.
        """
        c, h, w = shape
        (top, bottom), (left, right) = margins
        lanes = VECTOR // np.dtype(dtype).itemsize
        high, wide = top + h + bottom, left + w + right
        pixels = high * wide | (1 if apart and c > 1 else 0)
        whole = (tiles, c, pixels, lanes)
        # Transposing reads whole blocks of vectors, and so a little beyond the last pixel.
        data = aligned((prod(whole) + lanes * lanes,), dtype)[: prod(whole)].reshape(whole)
        data[...] = value
        return cls(shape, margins, data[:, :, : high * wide].reshape(tiles, c, high, wide, lanes))

    def read(self) -> Array:
        """Return the images without their margins, (tiles, c, h, w, lanes)."""
        (top, _), (left, _) = self.margins
        _, h, w = self.shape
        return self.data[:, :, top : top + h, left : left + w]

    @property
    def contiguous(self) -> bool:
        """Whether all numbers of a tile lie side by side."""
        return self.data.flags.c_contiguous

    @property
    def tile(self) -> int:
        """Bytes from a tile to the next."""
        return int(self.data.strides[0])

    @property
    def channel(self) -> int:
        """Bytes from a channel to the next."""
        return int(self.data.strides[1])

    @property
    def row(self) -> int:
        """Bytes from a row to the next."""
        return int(self.data.strides[2])

    @property
    def strides(self) -> tuple[int, int, int]:
        """Bytes from a tile, a channel and a row to the next."""
        return self.tile, self.channel, self.row

    def at(self, tile: int, c: int = 0, i: int = 0, j: int = 0) -> int:
        """Return the address of a pixel, which may lie in the margins."""
        (top, _), (left, _) = self.margins
        pixel = tile * self.tile + c * self.channel + (i + top) * self.row + (j + left) * VECTOR
        return address(self.data) + pixel


def points(count: int, channels: int, tiles: int, dtype: Any) -> Array:
    """Return room for numbers at points, (points, channels, tiles, lanes).

    What is read or written at once is kept off powers of two.
    """
    lanes, odd = VECTOR // np.dtype(dtype).itemsize, tiles | 1
    lines = aligned((count, channels * odd | 1, lanes), dtype)
    return lines[:, : channels * odd].reshape(count, channels, odd, lanes)
