"""Memory that kernels work on: aligned buffers, and the feature-blocked layout of rows.

A vector is 64 bytes: 16 numbers of float32 or 8 of float64, its lanes. Features run along lanes.
A panel holds the vectors of all samples for one such group of features, so an array (n, f) lies
in memory as (⌈f/lanes⌉, rows, lanes), the features beyond f being padding that is never read: with
16 lanes, the layout that is known as Cn16c.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.types import Array

VECTOR = 64
"""Bytes of a vector, and of a cache line."""

IN_CACHE = 2**18
"""Bytes of an array that are brought into panels, or back, at once."""


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return zeros that start at a multiple of 64 bytes."""
    itemsize = np.dtype(dtype).itemsize
    raw = np.zeros(prod(shape) * itemsize + VECTOR, dtype=np.uint8)
    start = -raw.ctypes.data % VECTOR
    whole: Array = raw[start : start + prod(shape) * itemsize].view(dtype).reshape(shape)
    return whole


def address(array: Array) -> int:
    """Return where an array begins."""
    return int(array.ctypes.data)


@dataclass(frozen=True)
class Panels:
    """An array (rows, features), feature-blocked in panels.

    ``columns`` and ``rows_at`` are byte offsets: element (n, f) is at rows_at[n] + columns[f].
    """

    rows: int
    features: int
    data: Array

    @classmethod
    def zeros(cls, rows: int, features: int, dtype: Any) -> Panels:
        """Return an array of zeros; panels are kept off multiples of 4,096 bytes."""
        lanes = VECTOR // np.dtype(dtype).itemsize
        apart = rows + (8 if rows % 64 == 0 else 0)
        return cls(rows, features, aligned((-(-features // lanes), apart, lanes), dtype))

    @classmethod
    def by_rows(cls, rows: int, features: int, dtype: Any) -> Panels:
        """Return an array of zeros whose rows are whole: the panels of a row lie side by side."""
        lanes = VECTOR // np.dtype(dtype).itemsize
        data = aligned((rows, -(-features // lanes), lanes), dtype)
        return cls(rows, features, data.transpose(1, 0, 2))

    def lying_in(self, vectors: Array) -> Panels:
        """Return the same of an array (vectors, lanes), in which they lie in the same order."""
        count, rows, lanes = self.data.shape
        if self.data.strides[0] < self.data.strides[1]:  # whole rows
            return replace(self, data=vectors.reshape(rows, count, lanes).transpose(1, 0, 2))
        return replace(self, data=vectors.reshape(count, rows, lanes))

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return int(self.data.shape[2])

    @property
    def count(self) -> int:
        """How many panels there are."""
        return int(self.data.shape[0])

    @property
    def stride(self) -> int:
        """Bytes from a panel to the next."""
        return int(self.data.strides[0])

    @property
    def row_stride(self) -> int:
        """Bytes from a row to the next."""
        return int(self.data.strides[1])

    @property
    def address(self) -> int:
        """Where the first number is."""
        return address(self.data)

    @property
    def columns(self) -> NDArray[np.int64]:
        """Byte offsets of the features, (features,)."""
        f = np.arange(self.features, dtype=np.int64)
        return (f // self.lanes) * self.stride + (f % self.lanes) * self.data.itemsize

    @property
    def rows_at(self) -> NDArray[np.int64]:
        """Byte offsets of the rows, (rows,)."""
        return np.arange(self.rows, dtype=np.int64) * self.row_stride

    def read(self) -> Array:
        """Return the array (rows, features)."""
        values = np.empty((self.rows, self.features), dtype=self.data.dtype)
        self.copy_to(values)
        return values

    def copy_to(self, values: Array) -> None:
        """Put the first rows into an array (first rows, features), without a copy between."""
        for panels, features in self.views(values):
            features[...] = panels

    def write(self, values: Array) -> None:
        """Take over an array (first rows, features), without a copy between."""
        for panels, features in self.views(values):
            panels[...] = features

    def views(self, values: Array) -> Iterator[tuple[Array, Array]]:
        """Yield views of the same numbers, here and in an array: whole panels, then the rest.

        They are of so many rows that a cache holds them, since panels are walked one by one.
        """
        full, rest = self.features // self.lanes, self.features % self.lanes
        whole = full * self.lanes
        in_panels = values[:, :whole].reshape(len(values), full, self.lanes).transpose(1, 0, 2)
        at_once = max(1, IN_CACHE // max(1, self.features * values.itemsize))
        for first in range(0, len(values), at_once):
            rows = slice(first, min(first + at_once, len(values)))
            if full:
                yield self.data[:full, rows], in_panels[:, rows]
            if rest:
                yield self.data[full, rows, :rest], values[rows, whole:]
