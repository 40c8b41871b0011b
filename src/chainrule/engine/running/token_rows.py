"""Gradients of sparse samples: the rows of a matrix that their tokens name, and no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

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


def sum_over_shards(
    tokens: Sequence[NDArray[np.int64]], rows: Sequence[Array], add: Add
) -> TokenRows:
    """Return the sum, in their tree, of the rows that the tokens of shards name, in any order.

    Shards are a power of two; tokens of one differ.
    """
    named, places = np.unique(np.concatenate(tokens), return_inverse=True)
    shards = np.repeat(_turned(len(tokens)), [len(own) for own in tokens])
    sums = aligned((len(tokens), len(named), rows[0].shape[1]), rows[0].dtype)
    sums[shards, places] = np.concatenate(rows)
    half = len(tokens) // 2
    while half:
        add(sums[:half], sums[half : 2 * half])
        half //= 2
    return TokenRows(named, sums[0])


@cache
def _turned(count: int) -> NDArray[np.int64]:
    """Return places of shards, with the bits of their numbers turned round.

    What is added first, neighbours, is half of all apart.
    """
    places = np.zeros(1, np.int64)
    while len(places) < count:
        places = np.concatenate([2 * places, 2 * places + 1])
    return places
