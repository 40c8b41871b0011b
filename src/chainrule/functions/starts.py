"""Where parameters start, for functions that say so: numbers drawn from a distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from chainrule import random
from chainrule.types import Array

Place = tuple[int, ...]


class Distribution(Protocol):
    """What the numbers of a parameter are drawn from."""

    def draw(self, count: int, seed: int, place: Place) -> Array:
        """Return numbers (count,) that depend on the seed and on the place of the parameter."""


Start = float | Distribution
"""One number for all of a parameter, or what its numbers are drawn from."""


@dataclass(frozen=True)
class Uniform:
    """Numbers between two bounds, all equally likely.

    Parameters
    ----------
    low, high : float
        The bounds.
    """

    low: float
    high: float

    def draw(self, count: int, seed: int, place: Place) -> Array:
        """Return numbers (count,)."""
        numbers = random.uniform(count, seed, random.Stream.INITIALIZATION, *place)
        return self.low + (self.high - self.low) * numbers


@dataclass(frozen=True)
class Normal:
    """Numbers of a normal distribution.

    Parameters
    ----------
    mean, deviation : float
        Its mean and standard deviation.
    """

    mean: float = 0.0
    deviation: float = 1.0

    def draw(self, count: int, seed: int, place: Place) -> Array:
        """Return numbers (count,)."""
        numbers = random.normal(count, seed, random.Stream.INITIALIZATION, *place)
        return self.mean + self.deviation * numbers


@dataclass(frozen=True)
class Signs:
    """1 or −1, equally likely: what tells the members of a batch ensemble apart."""

    def draw(self, count: int, seed: int, place: Place) -> Array:
        """Return numbers (count,)."""
        numbers = random.uniform(count, seed, random.Stream.INITIALIZATION, *place)
        return np.where(numbers < 0.5, -1.0, 1.0)
