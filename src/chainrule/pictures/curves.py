"""A function of one number and its derivative, at numbers that are drawn; where they jump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.types import Array

Rule = Callable[[Array], Array]

POINTS = 241
HALVINGS = 90
"""After so many an interval holds no number between its ends, or is as short as 1e-27."""

SMALLEST_JUMP = 1e-6
"""As a share of the largest number; what is less is rounding."""


@dataclass(frozen=True)
class Jump:
    """A place where a function jumps: its limits there, and its value."""

    x: float
    before: float
    after: float
    value: float


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one number with its derivative.

    Parameters
    ----------
    title : str
        What is drawn.
    variable : str
        What it depends on.
    x, y, slopes : ndarray of shape (points,)
        Numbers, the function's values and the derivative there.
    jumps : tuple of Jump
        Where the function itself jumps.
    kinks : tuple of Jump
        Where the derivative does.
    """

    title: str
    variable: str
    x: Array
    y: Array
    slopes: Array
    jumps: tuple[Jump, ...]
    kinks: tuple[Jump, ...]

    @classmethod
    def of(
        cls, title: str, variable: str, value: Rule, derivative: Rule, low: float, high: float
    ) -> Curve:
        """Return the curve of a function and its derivative, both of arrays, between two numbers.

        Raises
        ------
        ValueError
            The numbers are no range.
        """
        ends = isinstance(low, int | float | np.number), isinstance(high, int | float | np.number)
        if not all(ends) or not -np.inf < low < high < np.inf:
            raise ValueError(f"{title}: expected numbers low < high, got {low!r} and {high!r}")
        x = np.linspace(low, high, POINTS)
        y, slopes = value(x), derivative(x)
        jumps, kinks = find_jumps(value, x), find_jumps(derivative, x)
        return cls(title, variable, x, y, slopes, jumps, kinks)

    @property
    def y_line(self) -> tuple[Array, Array]:
        """The places and values of a line that is broken where the function jumps."""
        return broken(self.x, self.y, self.jumps)

    @property
    def slope_line(self) -> tuple[Array, Array]:
        """The places and values of the derivative's line, which is broken at kinks."""
        return broken(self.x, self.slopes, self.kinks)

    def limits(self) -> tuple[float, float]:
        """Return between which heights it is drawn: what goes to infinity is cut off."""
        numbers = np.concatenate([self.y, self.slopes])
        numbers = numbers[np.isfinite(numbers)]
        if not numbers.size:
            return -1.0, 1.0
        sizes, low, high = np.abs(numbers), float(numbers.min()), float(numbers.max())
        most = 4 * float(np.quantile(sizes[sizes > 0], 0.75)) if sizes.any() else 1.0
        low, high = -most if low < -1.6 * most else low, most if high > 1.6 * most else high
        room = 0.06 * (high - low) or 1.0
        return low - room, high + room


def find_jumps(rule: Rule, x: Array) -> tuple[Jump, ...]:
    """Return where a function jumps between numbers x, in their order.

    Of each interval between two of them the half in which the function changes more is taken, over
    and over: what is left of a change in the end is a jump.
    """
    low, high = x[:-1].copy(), x[1:].copy()
    with np.errstate(invalid="ignore"):
        before, after = rule(low), rule(high)
        for _ in range(HALVINGS):
            middle = low + (high - low) / 2
            made = rule(middle)
            first = np.abs(made - before) >= np.abs(after - made)
            low, before = np.where(first, low, middle), np.where(first, before, made)
            high, after = np.where(first, middle, high), np.where(first, made, after)
        sizes = np.abs(rule(x))
        scale = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes))) or 1.0
        change = np.abs(after - before)
        places = np.flatnonzero((change > SMALLEST_JUMP * scale) & np.isfinite(change))
    found: list[Jump] = []
    width = float(x[-1] - x[0])
    for k in places:
        place = float(np.round(low[k], 12)) + 0.0
        value = float(rule(np.array([place]))[0])
        jump = Jump(place, float(before[k]), float(after[k]), value)
        if found and place - found[-1].x < 1e-9 * width:  # a value of its own between two limits
            jump = Jump(place, found.pop().before, jump.after, value)
        found.append(jump)
    return tuple(found)


def broken(x: Array, y: Array, jumps: tuple[Jump, ...]) -> tuple[Array, Array]:
    """Return the points of a line that ends at each jump, and begins again beyond it."""
    for jump in jumps:
        apart = x != jump.x
        x, y = x[apart], y[apart]
        place = int(np.searchsorted(x, jump.x))
        x = np.insert(x, place, [jump.x] * 3)
        y = np.insert(y, place, [jump.before, np.nan, jump.after])
    return x, y
