"""Memory of matrices in bfloat16, in blocks that a tile takes at once: 16 rows of 32 numbers.

A product Y[m,p] = Σ_k A[m,k] B[k,p] reads A and B in blocks of 32 along k, each 1,024 contiguous
bytes. A block of A has 16 rows m, and 32 numbers k in each. A block of B has 16 pairs of k, and
16 columns p of two numbers each, which are the lanes of a panel. Beyond the last k lie zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.engine.machine.matrix_tiles import DEPTH, TILE_ROWS
from chainrule.engine.machine.memory import address, aligned
from chainrule.types import Array

BLOCK = 1024
"""Bytes of a block."""


@dataclass(frozen=True)
class Blocks:
    """A matrix in blocks: (⌈n/16⌉, ⌈depth/32⌉) of them, n being rows of A or columns of B.

    Parameters
    ----------
    data : array of uint16, (⌈n/16⌉, ⌈depth/32⌉, 512)
        The upper halves of float32's bits.
    """

    data: Array

    @classmethod
    def zeros(cls, n: int, depth: int) -> Blocks:
        """Return a matrix of zeros."""
        shape = -(-n // TILE_ROWS), -(-depth // DEPTH), BLOCK // 2
        return cls(aligned(shape, np.uint16))

    @property
    def address(self) -> int:
        """Where the first number is."""
        return address(self.data)

    @property
    def depth(self) -> int:
        """How many blocks there are along k."""
        return int(self.data.shape[1])

    @property
    def stride(self) -> int:
        """Bytes from the blocks of 16 rows or columns to those of the next."""
        return int(self.data.strides[0])

    def rows(self) -> Array:
        """Return A (16 ⌈n/16⌉, 32 ⌈depth/32⌉) as float32."""
        many, deep, _ = self.data.shape
        blocks = self.data.reshape(many, deep, TILE_ROWS, DEPTH).transpose(0, 2, 1, 3)
        return _widened(blocks.reshape(many * TILE_ROWS, deep * DEPTH))

    def columns(self) -> Array:
        """Return B (32 ⌈depth/32⌉, 16 ⌈n/16⌉) as float32."""
        many, deep, _ = self.data.shape
        blocks = self.data.reshape(many, deep, DEPTH // 2, TILE_ROWS, 2).transpose(1, 2, 4, 0, 3)
        return _widened(blocks.reshape(deep * DEPTH, many * TILE_ROWS))


def _widened(halves: Array) -> Array:
    numbers: Array = (halves.astype(np.uint32) << 16).view(np.float32)
    return numbers
