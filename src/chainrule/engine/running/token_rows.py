"""Gradients of sparse samples: the rows of a matrix that their tokens name, and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import aligned
from chainrule.types import Array

Add = Callable[[Array, Array], None]


@dataclass(frozen=True)
class TokenRows:
    """Rows (k, width) of a gradient, and the tokens (k,) that they belong to, in rising order.

    All other rows are zero.
    """

    tokens: NDArray[np.int64]
    rows: Array

    def plus(self, other: TokenRows, add: Add) -> TokenRows:
        """Return the sum, by what adds the second array to the first one in place."""
        tokens = np.union1d(self.tokens, other.tokens)
        total, more = (self._among(tokens), other._among(tokens))
        add(total, more)
        return TokenRows(tokens, total)

    def _among(self, tokens: NDArray[np.int64]) -> Array:
        """Return the rows of some tokens, these among them."""
        found = room_for(len(tokens), self.rows)
        found[np.searchsorted(tokens, self.tokens)] = self.rows
        return found


def room_for(count: int, like: Array) -> Array:
    """Return zeros for so many rows, which kernels can add."""
    return aligned((count, like.shape[1]), like.dtype)
