"""A model's two matrices: the input has a row for each word and n-gram, the output for each label.

Whoever holds one asks for rows, or for the products of its rows with a vector. Sums go in order,
number after number in float32, as fastText's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.fasttext.randomness import UniformStart

__all__ = ["Dense", "KeptRows", "Matrix", "Rows", "products_in_order", "sum_in_order"]

Floats = NDArray[np.float32]


class Rows(Protocol):
    """Numbers (rows, dim), however they are kept: an input matrix."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of a row."""

    def take(self, rows: ArrayLike) -> Floats:
        """Return some rows (n, dim)."""


class Matrix(Rows, Protocol):
    """Rows that are multiplied with a vector: an output matrix."""

    def scores(self, hidden: Floats) -> Floats:
        """Return the product (rows,) of each row with a vector (dim,)."""


@dataclass(frozen=True)
class Dense:
    """All numbers, as they are.

    Parameters
    ----------
    values : NDArray[np.float32] of shape (rows, dim)
        The numbers.
    """

    values: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of a row."""
        rows, dim = self.values.shape
        return rows, dim

    def take(self, rows: ArrayLike) -> Floats:
        """Return some rows (n, dim)."""
        taken: Floats = self.values[np.asarray(rows, np.int64)]
        return taken

    def scores(self, hidden: Floats) -> Floats:
        """Return the product (rows,) of each row with a vector (dim,)."""
        return products_in_order(hidden, self.values)


@dataclass(frozen=True)
class KeptRows:
    """Rows that training has moved; all others are as they were drawn before it.

    Parameters
    ----------
    kept : NDArray[np.int64] of shape (n,)
        The places of the moved rows, rising.
    values : NDArray[np.float32] of shape (n, dim)
        Their numbers.
    start : UniformStart
        The matrix before training.
    """

    kept: NDArray[np.int64]
    values: Floats
    start: UniformStart

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of a row."""
        return self.start.rows, self.start.dim

    def take(self, rows: ArrayLike) -> Floats:
        """Return some rows (n, dim)."""
        wanted = np.asarray(rows, np.int64)
        place = np.searchsorted(self.kept, wanted)
        here = place < len(self.kept)
        here[here] = self.kept[place[here]] == wanted[here]
        taken = np.empty((len(wanted), self.start.dim), np.float32)
        taken[here] = self.values[place[here]]
        taken[~here] = self.start.take(wanted[~here])
        return taken


def sum_in_order(rows: Floats) -> Floats:
    """Return the sum (dim,) of rows (n, dim), one after the other from 0."""
    if not len(rows):
        return np.zeros(rows.shape[1:], np.float32)
    total: Floats = np.add.accumulate(rows, axis=0, dtype=np.float32)[-1] + np.float32(0)
    return total


def products_in_order(hidden: Floats, rows: Floats) -> Floats:
    """Return the products (n,) of a vector (dim,) with rows (n, dim), summed in order."""
    sums: Floats = np.add.accumulate(rows * hidden, axis=1, dtype=np.float32)[:, -1]
    return sums
