"""Product quantisation: rows as bytes, each of which names one of 256 short pieces of a row.

A row of dim numbers is cut into parts of ``dsub``; the last may be shorter. Each part has 256
centroids, and a code is the number of the nearest. With norms, rows are divided by their lengths
first, and the lengths are quantised, too, as parts of one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.fasttext.matrices import products_in_order

__all__ = ["CENTROIDS", "ProductQuantiser", "Quantised"]

CENTROIDS = 256

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class ProductQuantiser:
    """The centroids of all parts of a row.

    Parameters
    ----------
    dim : int
        Numbers of a row.
    dsub : int
        Numbers of a part.
    centroids : NDArray[np.float32] of shape (256·dim,)
        Those of part s begin at 256·s·dsub, one after the other.
    """

    dim: int
    dsub: int
    centroids: Floats

    @property
    def parts(self) -> int:
        """How many codes a row has."""
        return -(-self.dim // self.dsub)

    def part(self, number: int) -> Floats:
        """Return the centroids (256, numbers of a part) of the part of this ``number``."""
        begin = number * self.dsub
        end = min(begin + self.dsub, self.dim)
        return self.centroids[CENTROIDS * begin : CENTROIDS * end].reshape(CENTROIDS, end - begin)

    def decode(self, codes: Codes) -> Floats:
        """Return the rows (n, dim) of codes (n, parts)."""
        pieces = [self.part(number)[codes[:, number]] for number in range(self.parts)]
        return np.concatenate(pieces, axis=1)


@dataclass(frozen=True)
class Quantised:
    """A matrix as codes.

    Parameters
    ----------
    codes : NDArray[np.uint8] of shape (rows, parts)
        The centroid of each part of each row.
    quantiser : ProductQuantiser
        The centroids.
    norm_codes : NDArray[np.uint8] of shape (rows,), optional
        The code of each row's length.
    norms : ProductQuantiser, optional
        The lengths, with dim 1.
    """

    codes: Codes
    quantiser: ProductQuantiser
    norm_codes: Codes | None = None
    norms: ProductQuantiser | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and numbers of a row."""
        return len(self.codes), self.quantiser.dim

    @cached_property
    def lengths(self) -> Floats | None:
        """What each row (rows,) is multiplied by, or None."""
        if self.norm_codes is None or self.norms is None:
            return None
        return self.norms.centroids[self.norm_codes]

    def take(self, rows: ArrayLike) -> Floats:
        """Return some rows (n, dim), decoded."""
        wanted = np.asarray(rows, np.int64)
        pieces = self.quantiser.decode(self.codes[wanted])
        if self.lengths is not None:
            pieces *= self.lengths[wanted, None]
        return pieces

    def scores(self, hidden: Floats) -> Floats:
        """Return the product (rows,) of each row with a vector (dim,); lengths come last."""
        sums = products_in_order(hidden, self.quantiser.decode(self.codes))
        return sums if self.lengths is None else sums * self.lengths
