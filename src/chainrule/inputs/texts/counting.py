"""How often each feature stands in each text, and which features are frequent."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.inputs.texts.ngrams import Keys, Places

__all__ = ["Slots", "counts_of", "different", "frequent", "least_count"]

Number = TypeVar("Number", np.uint64, np.int64)

MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
"""An odd number whose product spreads numbers over the upper bits."""


def different(keys: NDArray[Number]) -> tuple[NDArray[Number], NDArray[np.int64]]:
    """Return the different numbers, rising, and how often each stands."""
    rising = np.sort(keys)
    first = np.ones(len(rising), bool)
    first[1:] = rising[1:] != rising[:-1]
    starts = np.flatnonzero(first)
    return rising[starts], np.diff(np.append(starts, len(rising)))


def least_count(counts: NDArray[Any], most: int, least: int = 1) -> int:
    """Return the least count, from ``least`` on, that at most so many reach.

    Parameters
    ----------
    counts : array of int
        Of all there are.
    most : int
        How many may reach it.
    least : int
        Where to begin.
    """
    enough = counts[counts >= least]
    if len(enough) <= most:
        return least
    place = len(enough) - most - 1  # of the last one that is left out
    return int(np.partition(enough, place)[place]) + 1


def frequent(keys: Keys, least: int, most: int) -> tuple[Keys, int]:
    """Return the different numbers that stand often enough, rising, at most so many.

    Also how often each of them stands, at least.
    """
    found, counts = different(keys)
    least = least_count(counts, most, least)
    return found[counts >= least], least


class Slots:
    """Different numbers by a hash table, for where each of others stands among them.

    Parameters
    ----------
    known : array of uint64
        Different ones.
    """

    def __init__(self, known: Keys) -> None:
        self.count = len(known)
        if not self.count:
            return
        self.shift = np.uint64(64 - (4 * self.count).bit_length())
        slots = known * MULTIPLIER >> self.shift
        self.order = np.argsort(slots)
        self.first = np.zeros((2**64 >> int(self.shift)) + 1, np.int32)
        """Where, among the numbers in the order of their slots, those of each slot begin."""
        counts = np.bincount(slots.astype(np.int64), minlength=len(self.first) - 1)
        np.cumsum(counts, out=self.first[1:])
        self.known = known[self.order]

    def places(self, keys: Keys) -> Places:
        """Return the place of each number among the known ones, −1 where it is not among them."""
        places = np.full(len(keys), -1, np.int64)
        if not self.count or not len(keys):
            return places
        slots = (keys * MULTIPLIER >> self.shift).astype(np.int64)
        at, end = self.first[slots], self.first[slots + 1]
        left = np.flatnonzero(at < end)
        at, end, keys = at[left], end[left], keys[left]
        while len(left):
            right = self.known[at] == keys
            places[left[right]] = self.order[at[right]]
            again = ~right & (at + 1 < end)
            left, at, end, keys = left[again], at[again] + 1, end[again], keys[again]
        return places


def counts_of(
    parts: list[tuple[Places, Places]], texts: int, features: int
) -> sparse.csr_array:
    """Return how often each feature stands in each text, (texts, features) of float64.

    Parameters
    ----------
    parts : list of (array, array)
        Texts, and the feature that stands there once; −1 for none.
    texts, features : int
        How many there are.
    """
    bits = max(1, features.bit_length())
    both = np.concatenate([of[found >= 0] << bits | found[found >= 0] for of, found in parts])
    both, times = different(both)
    rows, columns = both >> bits, both & (1 << bits) - 1
    index = np.int32 if max(features, len(both)) < 2**31 else np.int64
    starts = np.zeros(texts + 1, index)
    np.cumsum(np.bincount(rows, minlength=texts), out=starts[1:])
    entries = times.astype(np.float64), columns.astype(index), starts
    return sparse.csr_array(entries, (texts, features))
