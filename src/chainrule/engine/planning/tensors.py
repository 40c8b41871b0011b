"""Where the arrays of a line of index notation lie: byte offsets of their elements, by letters.

Numbers of samples lie in tiles of as many samples as a vector has lanes: (tiles, features, lanes).
Parameters lie in panels of their last axis, or of another one that gradients are computed along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned

Array = NDArray[Any]
Offsets = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """An array in memory: byte offsets of its elements, and bytes from a tile to the next.

    The offsets (a size for each axis, that of the samples left out) are sums of one for each axis.
    """

    address: int
    offsets: Offsets
    tile: int = 0

    def along(
        self, own: Sequence[str], letters: Sequence[str], sizes: Mapping[str, int]
    ) -> Offsets:
        """Return the offsets where letters run, the last one fastest, and all others are zero.

        ``own`` are the letters of the array's axes.
        """
        present = [letter for letter in letters if letter in own]
        corner = tuple(slice(None) if letter in present else 0 for letter in own)
        left = [letter for letter in own if letter in present]
        chosen = self.offsets[corner].transpose([left.index(letter) for letter in present])
        axes = tuple(slice(None) if letter in own else None for letter in letters)
        whole = tuple(sizes[letter] for letter in letters)
        return np.broadcast_to(chosen[axes], whole).reshape(-1)

    def stride(self, own: Sequence[str], letter: str) -> int:
        """Return how many bytes an axis takes a step along."""
        axis = own.index(letter)
        if self.offsets.shape[axis] == 1:
            return VECTOR
        ends = (0,) * axis, (0,) * (len(own) - axis - 1)
        return int(self.offsets[(*ends[0], 1, *ends[1])] - self.offsets[(0,) * len(own)])


@dataclass(frozen=True)
class Tiles:
    """Numbers (samples, *shape) in tiles of samples; blocks of a vector's width may be read."""

    shape: tuple[int, ...]
    data: Array

    @classmethod
    def zeros(cls, tiles: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tiles:
        """Return zeros."""
        lanes = VECTOR // dtype.itemsize
        features = -(-prod(shape) // lanes) * lanes
        apart = features + (features % (4096 // VECTOR) == 0)
        # Transposing along any axis reads whole blocks, and so beyond the last element.
        beyond = (lanes - 1) * (prod(shape[1:]) + 1)
        data = aligned(((tiles * apart + beyond) * lanes,), dtype)
        return cls(shape, data[: tiles * apart * lanes].reshape(tiles, apart, lanes))

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return int(self.data.shape[0])

    @property
    def features(self) -> int:
        """Numbers of a sample."""
        return prod(self.shape)

    @property
    def place(self) -> Place:
        """Where the elements are."""
        offsets = np.arange(self.features, dtype=np.int64).reshape(self.shape) * VECTOR
        return Place(address(self.data), offsets, int(self.data.strides[0]))


@dataclass(frozen=True)
class LineParameter:
    """A parameter of a line in panels along one axis; its gradient and its optimizer's numbers.

    ``rate`` is the factor of its learning rate.
    """

    shape: tuple[int, ...]
    axis: int
    values: Panels
    gradient: Panels
    state: tuple[Panels, ...]
    rate: float = 1.0

    @classmethod
    def zeros(
        cls, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], slots: int, rate: float
    ) -> LineParameter:
        """Return zeros."""
        features = shape[axis] if shape else 1
        rows = prod(shape) // features
        values, gradient, *state = (Panels.zeros(rows, features, dtype) for _ in range(2 + slots))
        return cls(shape, axis, values, gradient, tuple(state), rate)

    @property
    def penalized(self) -> bool:
        """Whether a penalty applies: to all but biases."""
        return len(self.shape) > 1

    def part(self, slot: int | None) -> Panels:
        """Return the values, one of the optimizer's numbers for each, or, at −1, the gradient."""
        return self.values if slot is None else self.gradient if slot < 0 else self.state[slot]

    def load(self, parameter: Array, slot: int | None) -> None:
        """Take numbers over from an array of the parameter's shape."""
        moved = self._axis_last(parameter)
        self.part(slot).write(moved.reshape(-1, moved.shape[-1]))

    def store(self, parameter: Array, slot: int | None) -> None:
        """Put numbers into an array of the parameter's shape."""
        moved = self._axis_last(parameter)
        moved[...] = self.part(slot).read().reshape(moved.shape)

    def _axis_last(self, parameter: Array) -> Array:
        """Return a view of a parameter with the axis of the panels last."""
        return np.moveaxis(parameter, self.axis, -1) if self.shape else parameter.reshape(1)

    def place(self, panels: Panels) -> Place:
        """Return where the elements are in the values, or in what lies as they do."""
        offsets = panels.rows_at[:, None] + panels.columns
        others = self.shape[: self.axis] + self.shape[self.axis + 1 :]
        if not self.shape:
            return Place(panels.address, offsets.reshape(()))
        along = offsets.reshape(*others, self.shape[self.axis])
        return Place(panels.address, np.moveaxis(along, -1, self.axis))
