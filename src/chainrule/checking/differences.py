"""Derivatives of functions of several variables by finite differences, and steps along them.

The derivative of f along one coordinate is estimated by Richardson's extrapolation of central
differences, D(h) = (f(x + h) − f(x − h)) / 2h:

    R(h) = (4·D(h/2) − D(h)) / 3,   wrong by about h⁴·f⁽⁵⁾/480 + ε·|f|/h

In float64 (ε = 2e-16) a step of h = 2e-3 times the size of x leaves both near 1e-13. Where only
f″ jumps, as ELU's at 0, D(h) is wrong by a multiple of h, and another sum is better:

    T(h) = 2·D(h/2) − D(h),         wrong by about h²·f‴/12

A step may also cross a kink: a ReLU that switches, another maximum in a pool. The slopes to the
right and to the left show it, by how far they differ when extrapolated to h = 0:

    J(h) = 2·s(h/2) − s(h),  with s(h) = (f(x + h) − 2·f(x) + f(x − h)) / h

Where f is smooth, s(h) is h·f″(x) and J(h) all but nothing. Where D(h) and D(h/2) agree and J(h)
is nothing, f is a line. Elsewhere a step counts as far as the next two smaller ones confirm it: it
is doubted by J(h), and by how far its estimate and the next one differ. Two small steps, blurred by
rounding, may agree by chance; but rounding grows as the step shrinks, so the doubt about a smaller
step, in proportion to its size, is a doubt about the larger one. Steps shrink until the doubt is
small; the least doubted estimate is kept.

At a kink itself no derivative exists, and an entry is reported as such and not judged. Its mark:
J(h) is more than rounding makes it at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.types import Array

_STEPS = tuple(2.0**-9 / 8**k for k in range(9))
_OF_ANY_FUNCTION = _STEPS[:7]
"""Sums inside an unknown function may round more than it: from close by it is a staircase."""

_AGREEMENT = 1e-9


def finite_difference(f: Callable[[Array], Any], x: Any) -> Array:
    """Return the gradient of a function of several variables at x, in the shape of x.

    >>> finite_difference(lambda x: np.sum(x**2), [1.0, 2.0])    # to twelve digits or so
    array([2., 4.])

    Parameters
    ----------
    f : callable
        A function from an array to a number.
    x : array
        Where the derivatives are taken.

    Returns
    -------
    gradient : ndarray
        Float64, in the shape of x.
    """
    return jacobian(lambda at: np.float64(f(at)), x)


def jacobian(f: Callable[[Array], Any], x: Any) -> Array:
    """Return the Jacobian of f at x by finite differences.

    Parameters
    ----------
    f : callable
        A function from an array to an array.
    x : array
        Where the derivatives are taken.

    Returns
    -------
    J : ndarray
        Float64, of the shape of f(x), then that of x.
    """
    point = np.array(x, dtype=np.float64, order="C")
    columns = [difference.values for _, difference in differences(f, point)]
    shape = np.shape(f(point))
    return (
        np.stack(columns, axis=-1).reshape(shape + point.shape)
        if columns
        else np.empty(shape + point.shape)
    )


@dataclass(frozen=True)
class Difference:
    """The derivative of an array by one number, where it has none, and the array's size.

    ``size`` is the largest number in the array: values are known to about 1e-12 times that.
    """

    values: Array
    kinks: Array
    size: float


def differences(
    f: Callable[[Array], Any], point: Array, entries: Array | None = None
) -> Iterator[tuple[int, Difference]]:
    """Yield the numeric derivative of f along each coordinate of a point, or along some.

    ``entries`` are positions in the flattened point. The point, float64, is changed while f is
    called, and then put back.
    """
    flat = point.reshape(-1)
    if flat.size and not np.shares_memory(flat, point):
        raise ValueError("differences: expected a contiguous array")
    start = np.array(f(point), dtype=np.float64)
    for entry in range(flat.size) if entries is None else entries:
        x = flat[entry]

        def moved(step: float, entry: int = entry, x: float = x) -> Array:
            flat[entry] = x + step
            try:
                return np.array(f(point), dtype=np.float64)  # a copy: f may return the point
            finally:
                flat[entry] = x

        yield int(entry), _difference(moved, start, max(1.0, abs(x)), _OF_ANY_FUNCTION)


def difference_along(
    f: Callable[[Array], Any], x: Array, direction: Array, start: Array
) -> Difference:
    """Return the numeric derivative of f at x along a direction; ``start`` is f(x).

    No number of x moves by more than a step of its own size.
    """
    fastest = np.max(np.abs(direction) / np.maximum(1, np.abs(x)), initial=0)
    if fastest == 0:
        still = np.zeros(np.shape(start))
        return Difference(still, still != 0, _size(start))
    return _difference(lambda step: f(x + step * direction), start, 1 / fastest, _STEPS)


def _difference(
    f: Callable[[float], Any], start: Array, size: float, lengths: Sequence[float]
) -> Difference:
    """Return the derivative at 0 of f, from a number to an array, that is ``start`` there.

    The lengths of the steps are fractions of ``size``. Numbers of f that are lines are done after
    one.
    """
    largest, before = _size(start), start.reshape(-1)
    first = _Step.of(f, before, lengths[0] * size)
    best, kinks = first.estimates[0].copy(), np.zeros(before.shape, dtype=bool)
    agreement = _AGREEMENT * _size(best)
    line = np.maximum(first.bend, first.jump) <= max(agreement, first.rounding)
    rest = np.flatnonzero(~line)
    if rest.size:
        steps, settled = [first.at(rest)], np.zeros(rest.shape, dtype=bool)
        while not settled.all() and len(steps) < len(lengths):
            steps.append(_Step.of(f, before, lengths[len(steps)] * size, rest))
            doubts = _doubts(steps[-3:])[0].min(axis=0)
            settled |= doubts <= max(agreement, steps[-3:][0].rounding)
        confirmed = steps[: max(1, len(steps) - 2)]
        best[rest] = _least_doubted(confirmed, _doubts(steps))
        sharp = [s.jump > np.maximum(1e-3 * s.slope, 1e-7 * largest / size) for s in confirmed]
        kinks[rest] = ~settled & np.all(sharp, axis=0)
    return Difference(best.reshape(start.shape), kinks.reshape(start.shape), largest)


@dataclass(frozen=True)
class _Step:
    """What the values at x ± h and x ± h/2 show of m numbers; see the head of this file.

    ``estimates`` (2, m) are R(h) and T(h), ``bend`` (m) is |D(h) − D(h/2)|, ``jump`` (m) |J(h)|,
    ``slope`` (m) the steeper of the slopes to the right and to the left, and ``rounding`` what
    rounding makes of all these at the most.
    """

    h: float
    estimates: Array
    bend: Array
    jump: Array
    slope: Array
    rounding: float

    @classmethod
    def of(
        cls, f: Callable[[float], Any], start: Array, h: float, rest: Array | None = None
    ) -> _Step:
        """Evaluate f, which is ``start`` at 0, and keep the numbers at some positions, or all."""
        where: Any = slice(None) if rest is None else rest
        whole = [np.array(f(at), dtype=np.float64).reshape(-1) for at in (h, -h, h / 2, -h / 2)]
        right, left, half_right, half_left = (values[where] for values in whole)
        centre = start[where]
        wide, narrow = (right - left) / (2 * h), (half_right - half_left) / h
        bulge, half_bulge = right + left - 2 * centre, half_right + half_left - 2 * centre
        return cls(
            h,
            np.stack([(4 * narrow - wide) / 3, 2 * narrow - wide]),
            bend=np.abs(narrow - wide),
            jump=np.abs(4 * half_bulge - bulge) / h,
            slope=np.maximum(np.abs(right - centre), np.abs(left - centre)) / h,
            rounding=1e-14 * _size(whole[0]) / h,
        )

    def at(self, rest: Array) -> _Step:
        """Return what is known of some of the numbers."""
        kept = (self.estimates[:, rest], self.bend[rest], self.jump[rest], self.slope[rest])
        return _Step(self.h, *kept, self.rounding)


def _doubts(steps: Sequence[_Step]) -> Array:
    """Return the doubt about the estimates of each step but the last, (steps − 1, 2, m)."""
    doubts = []
    later: Array | float = steps[-1].jump
    for step, smaller in reversed(list(pairwise(steps))):
        apart = np.abs(step.estimates - smaller.estimates)
        later = np.maximum(np.maximum(apart, step.jump), later * (smaller.h / step.h))
        doubts.append(later)
    return np.stack(doubts[::-1])


def _least_doubted(steps: Sequence[_Step], doubts: Array) -> Array:
    """Return, of each number (m), the estimate of these steps that is doubted least."""
    estimates = np.concatenate([step.estimates for step in steps])
    doubts = np.concatenate(doubts[: len(steps)])
    chosen = np.argmin(np.where(np.isnan(doubts), np.inf, doubts), axis=0)
    return np.asarray(np.take_along_axis(estimates, chosen[None], axis=0)[0])


def _size(values: Array) -> float:
    """Return the largest absolute value."""
    return float(np.max(np.abs(values), initial=0))
