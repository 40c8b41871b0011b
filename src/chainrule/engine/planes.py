"""How images lie in memory: the lanes of a vector are samples.

A tile is as many samples as a vector has lanes. Images (n, c, h, w) lie as (tiles, c, h', w',
lanes), h' and w' with margins for the windows that will slide over them, so that a window's tap is
an offset and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.memory import VECTOR, aligned
from chainrule.functions.sliding import Axis

Array = NDArray[Any]
Shape = tuple[int, int, int]
Margin = tuple[int, int]
"""Rows or columns before and after an image."""


@dataclass(frozen=True)
class Planes:
    """Images of a shape (c, h, w), with margins (rows before, after), (columns before, after)."""

    shape: Shape
    margins: tuple[Margin, Margin]
    data: Array

    @classmethod
    def filled(
        cls,
        tiles: int,
        shape: Shape,
        dtype: Any,
        margins: tuple[Margin, Margin] = ((0, 0), (0, 0)),
        value: float = 0.0,
    ) -> Planes:
        """Return images full of a value, which stays in the margins."""
        c, h, w = shape
        (top, bottom), (left, right) = margins
        lanes = VECTOR // np.dtype(dtype).itemsize
        whole = (tiles, c, top + h + bottom, left + w + right, lanes)
        # Transposing reads whole blocks of vectors, and so a little beyond the last pixel.
        data = aligned((prod(whole) + lanes * lanes,), dtype)[: prod(whole)].reshape(whole)
        data[...] = value
        return cls(shape, margins, data)

    @property
    def inside(self) -> Array:
        """The images without their margins, (tiles, c, h, w, lanes)."""
        (top, _), (left, _) = self.margins
        _, h, w = self.shape
        return self.data[:, :, top : top + h, left : left + w]

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

    def at(self, tile: int, c: int = 0, i: int = 0, j: int = 0) -> int:
        """Return the address of a pixel, which may lie in the margins."""
        (top, _), (left, _) = self.margins
        pixel = tile * self.tile + c * self.channel + (i + top) * self.row + (j + left) * VECTOR
        return int(self.data.ctypes.data) + pixel


def margin(axis: Axis, size: int, windows: int) -> Margin:
    """Return how far windows reach over an axis of a size, before and after it."""
    before = axis.before(size)
    return before, max(0, (windows - 1) * axis.stride + axis.span - size - before)


@dataclass(frozen=True)
class Phase:
    """Every s-th element of an axis from the first: the same windows see them by the same taps.

    ``taps`` are pairs: the number of a tap, and the window by which it sees the first element.
    """

    first: int
    count: int
    taps: tuple[tuple[int, int], ...]


def phases(axis: Axis, size: int) -> list[Phase]:
    """Return who sees the elements of an axis: window (h + p − d·u)/s sees h by tap u."""
    before = axis.before(size)
    found = []
    for first in range(min(axis.stride, size)):
        starts = [(u, first + before - axis.dilation * u) for u in range(axis.size)]
        taps = tuple((u, at // axis.stride) for u, at in starts if at % axis.stride == 0)
        found.append(Phase(first, len(range(first, size, axis.stride)), taps))
    return found


def gradient_margin(axis: Axis, size: int, windows: int) -> Margin:
    """Return how far the windows that :func:`phases` names lie outside of those that exist."""
    reach = [
        end
        for phase in phases(axis, size)
        for _, window in phase.taps
        for end in (window, window + phase.count - 1)
    ]
    return max(0, -min(reach, default=0)), max(0, max(reach, default=0) - (windows - 1))
