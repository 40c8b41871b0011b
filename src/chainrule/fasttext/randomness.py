"""fastText's random numbers: the generator minstd_rand, and what is drawn from it.

    x ← 48271·x mod 2³¹ − 1        a draw, from 1 to 2³¹ − 2

The n-th number after x is 48271ⁿ·x mod 2³¹ − 1, so that any of them is had without those before:
a row of the input matrix's start can be made when somebody asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["MinstdRand", "UniformStart"]

FACTOR = 48271
MODULUS = 2**31 - 1
RANGE = MODULUS - 1
"""Different draws; both uniform numbers below divide by it."""

BLOCKS = 10
LOW_BITS = 16


class MinstdRand:
    """The generator of the C++ standard's name; a seed of 0, mod 2³¹ − 1, counts as 1."""

    def __init__(self, seed: int) -> None:
        self.state = seed % 2**64 % MODULUS or 1

    def draw(self) -> int:
        """Return the next number, from 1 to 2³¹ − 2."""
        self.state = self.state * FACTOR % MODULUS
        return self.state

    def below(self, count: int) -> int:
        """Return a number from 0 to count − 1, all equally likely.

        Numbers above the last multiple of ``count`` are drawn again.
        """
        scale = (RANGE - 1) // count
        while True:
            number = self.draw() - 1
            if number < count * scale:
                return number // scale

    def unit(self) -> float:
        """Return a number from 0 to 1, of two draws."""
        low = self.draw() - 1
        return (low + float(self.draw() - 1) * RANGE) / (float(RANGE) * RANGE)


@dataclass(frozen=True)
class UniformStart:
    """The input matrix before training: uniform from −1/dim to 1/dim, any row of it at any time.

    A tenth of all numbers is one block, and the block b is drawn with a seed of its own,
    ``seed + b``; what is left over is a last block, number 10.

    Parameters
    ----------
    rows, dim : int
        Size of the matrix.
    seed : int
        Seed of the first block.
    """

    rows: int
    dim: int
    seed: int = 0

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the numbers at places of the flattened matrix, in the shape of ``places``."""
        size = self.rows * self.dim // BLOCKS
        block = np.minimum(places // max(size, 1), BLOCKS) if size else np.full_like(places, BLOCKS)
        seeds = np.array([MinstdRand(self.seed + b).state for b in range(BLOCKS + 1)], np.uint64)
        first = _reduced(_power(2 * (places - block * size) + 1) * seeds[block])
        second = _reduced(first * np.uint64(FACTOR))
        return _uniform(first, second, self.dim)

    def take(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return some rows (n, dim)."""
        wanted = np.asarray(rows, np.int64)[..., None]
        return self.numbers(wanted * self.dim + np.arange(self.dim))


def _uniform(
    first: NDArray[np.uint64], second: NDArray[np.uint64], dim: int
) -> NDArray[np.float32]:
    """Return two draws as one number from −1/dim to 1/dim."""
    low, high = (draw.astype(np.float64) - 1 for draw in (first, second))
    unit = (low + high * RANGE) / (float(RANGE) * RANGE)
    limit = float(np.float32(1 / dim))
    scaled: NDArray[np.float32] = (unit * (2 * limit) - limit).astype(np.float32)
    return scaled


@cache
def _tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return FACTOR's powers 0, 1, 2, … 2¹⁶ − 1, and 0, 2¹⁶, 2·2¹⁶, …: one of each is any power."""
    low = [1]
    for _ in range(2**LOW_BITS):
        low.append(low[-1] * FACTOR % MODULUS)
    step, high = low.pop(), [1]
    for _ in range(2 ** (31 - LOW_BITS) - 1):
        high.append(high[-1] * step % MODULUS)
    return np.array(low, np.uint64), np.array(high, np.uint64)


def _power(exponents: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return FACTOR to the power of so many steps, mod 2³¹ − 1."""
    low, high = _tables()
    exponents = exponents % RANGE  # FACTOR generates all residues: the powers repeat
    return _reduced(low[exponents & (2**LOW_BITS - 1)] * high[exponents >> LOW_BITS])


def _reduced(products: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return products of two residues, neither of them 0, mod 2³¹ − 1.

    2³¹ is 1 there, so that upper bits are added to the lower ones, twice.
    """
    for _ in range(2):
        products = (products & np.uint64(MODULUS)) + (products >> np.uint64(31))
    return products
