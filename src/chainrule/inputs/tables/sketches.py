"""What is kept of columns that are read once, and need not fit in memory: quantiles and counts.

**Quantiles.** Numbers come into a buffer. As long as there are at most 2048 different ones, each is
kept with its count, and nothing is lost. From then on sorted numbers stand in levels; one of level
h stands for 2ʰ that came. Where a level has K = 2048 numbers, every other of them goes up to the
next level, the first or the second of each pair in turn, and the rest is forgotten. (Munro and
Paterson, "Selection and sorting with limited storage", 1980; Manku, Rajagopalan and Lindsay, 1998.)

That changes how many numbers seem to lie below any x by at most 2ʰ; it happens at most n / (K 2ʰ)
times in level h, and two in a row cannot both err to the same side. Levels up to log₂(n / K) have K
numbers at all. So the rank of a number is off by at most (L / 2 + 2) n / K, L = log₂(n / K) + 1:
0.5 % of 50 million rows. Nothing is drawn: the same rows in the same order make the same quantiles.
The smallest and the largest number are exact.

**Counts of texts.** As long as there are at most 65,536 different ones, all counts are exact.
Beyond, the 32,769th largest count is taken off all of them, and texts with nothing left are
forgotten (Misra and Gries, "Finding repeated elements", 1982). A count is then too small by at most
what has been taken off, no more than n / 32,769: every text that is more frequent is known.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.tables.distributions import Counted

__all__ = ["QuantileSketch", "TextCounts"]

LEVEL = 2048
"""Numbers in a level, K, and different ones that are counted exactly; even."""

MOST_TEXTS = 65_536


class QuantileSketch:
    """Quantiles of numbers that are given a few at a time."""

    def __init__(self) -> None:
        self._buffer: list[NDArray[np.float64]] = []
        self._waiting = 0
        self._exact: Counted | None = Counted(np.zeros(0), np.zeros(0, np.int64))
        self._levels: list[NDArray[np.float64]] = []
        self._halvings: list[int] = []
        self.low, self.high = np.inf, -np.inf

    @property
    def exact(self) -> bool:
        """Whether all numbers are known with their counts."""
        return self._exact is not None

    @property
    def rank_error(self) -> float:
        """By how many numbers a rank is off at most."""
        return float(sum(-(-times // 2) << h for h, times in enumerate(self._halvings)))

    def add(self, x: NDArray[np.float64]) -> None:
        """Take numbers (n), all finite."""
        if len(x):
            self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
            self._buffer.append(np.array(x))
            self._waiting += len(x)
            if self._waiting >= 4 * LEVEL:
                self._take()

    def distribution(self) -> Counted:
        """Return the different numbers that are kept, and how many came for each."""
        self._take()
        if self._exact is not None:
            return self._exact
        values = np.concatenate(self._levels)
        weights = np.concatenate(
            [np.full(len(level), 2**h, np.int64) for h, level in enumerate(self._levels)]
        )
        found = _counted(values, weights)
        ends = found.values.copy()
        ends[0], ends[-1] = self.low, self.high  # those that went up may not be the last ones
        return Counted(ends, found.counts)

    def _take(self) -> None:
        """Take what is in the buffer."""
        if not self._waiting:
            return
        x = np.concatenate(self._buffer)
        self._buffer, self._waiting = [], 0
        if self._exact is not None:
            values, counts = np.unique(x, return_counts=True)
            known = self._exact
            joined = _counted(
                np.concatenate([known.values, values]), np.concatenate([known.counts, counts])
            )
            if len(joined.values) <= LEVEL:
                self._exact = joined
                return
            self._exact = None
            for h in range(int(joined.counts.max()).bit_length()):  # a count is a sum of powers
                self._put(h, joined.values[joined.counts >> h & 1 == 1])
            return
        self._put(0, x)

    def _put(self, h: int, x: NDArray[np.float64]) -> None:
        """Put numbers into a level; what is too many goes up."""
        while len(self._levels) <= h:
            self._levels.append(np.zeros(0))
            self._halvings.append(0)
        here = np.concatenate([self._levels[h], x])
        whole = len(here) // LEVEL * LEVEL
        self._levels[h] = here[whole:]
        if not whole:
            return
        up = []
        for start in range(0, whole, LEVEL):
            pairs = np.sort(here[start : start + LEVEL])
            up.append(pairs[self._halvings[h] % 2 :: 2])
            self._halvings[h] += 1
        self._put(h + 1, np.concatenate(up))


def _counted(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Counted:
    """Return numbers, some of them the same, with their counts added."""
    distinct, places = np.unique(values, return_inverse=True)
    sums = np.zeros(len(distinct), np.int64)
    np.add.at(sums, places, counts)
    return Counted(distinct, sums)


Text = TypeVar("Text", str, bytes)


class TextCounts(Generic[Text]):
    """How often each of many texts occurs, given a few at a time."""

    def __init__(self, most: int = MOST_TEXTS) -> None:
        self.most, self.taken_off, self.rows = most, 0, 0
        self._counts: dict[Text, int] = {}

    @property
    def exact(self) -> bool:
        """Whether all texts are known with their counts."""
        return not self.taken_off

    def add(self, counts: Counter[Text]) -> None:
        """Add counts of texts."""
        known = self._counts
        for text, count in counts.items():
            known[text] = known.get(text, 0) + count
            self.rows += count
        if len(known) > self.most:
            self._prune()

    def counts(self) -> Counter[Text]:
        """Return the texts that are known, and how often each occurs, or at least so often."""
        return Counter(self._counts)

    def _prune(self) -> None:
        kept = self.most // 2
        each = np.fromiter(self._counts.values(), np.int64, len(self._counts))
        off = int(np.partition(each, len(each) - kept - 1)[len(each) - kept - 1])
        self.taken_off += off
        left = {text: count - off for text, count in self._counts.items() if count > off}
        self._counts = left
