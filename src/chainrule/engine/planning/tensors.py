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
from chainrule.engine.planning.weights import StoredParameter
from chainrule.types import Array

Offsets = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """An array in memory: byte offsets of its elements, and bytes from a tile to the next.

    The offsets (a size for each axis, that of the samples left out) are sums of one for each axis.
    Where a thread needs a few tiles at a time and no others ever do, it has room of its own, for
    the tiles from one on: the addresses ``own``.
    """

    address: int
    offsets: Offsets
    tile: int = 0
    own: tuple[int, ...] = ()

    def base(self, thread: int, tile: int) -> int:
        """Return what offsets count from, for a thread that works on tiles from one on."""
        return self.own[thread] - tile * self.tile if self.own else self.address

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


def placed(parameter: StoredParameter, panels: Panels) -> Place:
    """Return where the elements of a parameter are in its values, or in what lies as they do."""
    offsets, shape, axis = panels.rows_at[:, None] + panels.columns, parameter.shape, parameter.axis
    if not shape:
        return Place(panels.address, offsets.reshape(()))
    assert axis is not None
    along = offsets.reshape(*shape[:axis], *shape[axis + 1 :], shape[axis])
    return Place(panels.address, np.moveaxis(along, -1, axis))
