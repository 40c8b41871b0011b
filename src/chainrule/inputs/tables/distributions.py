"""How numbers are spread: all of them, or different ones with how often each occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import CONSTANT, Moments

__all__ = ["Counted", "Distribution", "Sample"]


class Distribution(Protocol):
    """What a column of numbers is learned from: finite numbers, at least one."""

    @property
    def count(self) -> int:
        """How many numbers there are."""

    @property
    def constant(self) -> bool:
        """Whether they are all one number, up to rounding."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The different numbers, rising."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each occurs."""

    def quantiles(self, shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the numbers below which these shares are, as ``np.quantile`` does."""


class Sample:
    """All numbers (n)."""

    def __init__(self, x: NDArray[np.float64]) -> None:
        self.x = x

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return len(self.x)

    @property
    def constant(self) -> bool:
        """Whether they are all one number, up to rounding."""
        return Moments.of(self.x).scale == 0.0

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The different numbers, rising."""
        return np.unique(self.x)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each occurs."""
        return np.unique(self.x, return_counts=True)[1]

    def quantiles(self, shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the numbers below which these shares are."""
        return np.asarray(np.quantile(self.x, shares))


@dataclass(frozen=True)
class Counted:
    """Different numbers (d), rising, and how often each occurs."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())

    @property
    def constant(self) -> bool:
        """Whether they are all one number, up to rounding."""
        largest = float(np.abs(self.values[[0, -1]]).max())
        if self.values[0] == self.values[-1]:
            return True
        z = self.values / largest
        mean = np.average(z, weights=self.counts)
        return bool(np.sqrt(np.average((z - mean) ** 2, weights=self.counts)) <= CONSTANT)

    def quantiles(self, shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the numbers below which these shares are.

        Between the two that are nearest it is interpolated as NumPy does, with its rounding.
        """
        at = (self.count - 1) * np.asarray(shares, np.float64)
        low = np.floor(at)
        t = at - low
        ends = np.cumsum(self.counts)
        last = len(self.values) - 1
        first, second = (
            self.values[np.minimum(np.searchsorted(ends, place, side="right"), last)]
            for place in (low, np.minimum(low + 1, self.count - 1))
        )
        apart = second - first
        return np.asarray(np.where(t >= 0.5, second - apart * (1 - t), first + apart * t))
