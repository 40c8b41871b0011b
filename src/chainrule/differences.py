"""Derivatives of functions of several variables by finite differences, and steps along them.

The derivative of f along one coordinate is estimated by Richardson's extrapolation of central
differences, D(h) = (f(x + h) − f(x − h)) / 2h:

    R(h) = (4·D(h/2) − D(h)) / 3,   wrong by about h⁴·f⁽⁵⁾/480 + ε·|f|/h

In float64 (ε = 2e-16) a step of h = 2e-3 times the size of x leaves both near 1e-13. A step may
also cross a kink (a ReLU that switches, another maximum in a pool), so R(h) is only believed when
R(h/5) agrees with it; otherwise smaller and smaller steps are tried, and the estimate that agrees
best with the one before it is kept. Where only f″ jumps, as ELU's at 0, none agree well: then the
slopes to the right and to the left are extrapolated apart, by differences F(h) = (f(x+h) − f(x))/h,

    S(h) = (F(h) − 6·F(h/2) + 8·F(h/4)) / 3,   wrong by about h³·f⁗/192

and their mean is kept if S(h) and S(−h) agree better.

At a kink itself no derivative exists, and an entry is reported as such and not judged. Its mark:
the slopes to the left and to the right still differ at the smallest step, by more than rounding
makes them differ, and no less than at a step five times as large. Where f is smooth that
difference is h·f″(x), and shrinks with h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ascend", "descend", "finite_difference", "jacobian"]

Array = NDArray[Any]

_STEPS = tuple(2e-3 / 5**k for k in range(6))
_AGREEMENT = 1e-9


def finite_difference(f: Callable[[Array], Any], x: Any) -> Array:
    """Return the gradient of a function of several variables at x, in the shape of x.

    ``f`` maps an array to a number: ``finite_difference(lambda x: np.sum(x**2), [1.0, 2.0])``
    is [2, 4] to twelve digits or so.
    """
    return jacobian(lambda at: np.float64(f(at)), x)


def jacobian(f: Callable[[Array], Any], x: Any) -> Array:
    """Return the Jacobian of f at x by finite differences: the shape of f(x), then that of x."""
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
    """The derivative of an array along one coordinate, where it has none, and the array's size.

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
    for entry in range(flat.size) if entries is None else entries:
        yield int(entry), _difference(f, point, flat, int(entry))


def _difference(f: Callable[[Array], Any], point: Array, flat: Array, entry: int) -> Difference:
    x = flat[entry]
    size = max(1.0, abs(x))

    def at(value: float) -> Array:
        flat[entry] = value
        try:
            return np.array(f(point), dtype=np.float64)
        finally:
            flat[entry] = x

    def estimate(h: float) -> tuple[Array, Array]:
        """Return R(h), and how much of it is rounding at the most."""
        right, left = at(x + h), at(x - h)
        narrow = (at(x + h / 2) - at(x - h / 2)) / h
        rounding = 1e-14 * np.max(np.abs(right), initial=0) / h
        return (4 * narrow - (right - left) / (2 * h)) / 3, rounding

    def one_sided(h: float) -> Array:
        """Return S(h)."""
        start = at(x)
        F, half, quarter = ((at(x + h / k) - start) * (k / h) for k in (1, 2, 4))
        return np.asarray((F - 6 * half + 8 * quarter) / 3)

    def slopes_apart(h: float) -> tuple[Array, Array]:
        """Return how far the slopes to the right and to the left differ, and the steeper one."""
        right, left = (at(x + h) - at(x)) / h, (at(x) - at(x - h)) / h
        return np.abs(right - left), np.maximum(np.abs(right), np.abs(left))

    last, _ = estimate(_STEPS[0] * size)
    best, trust = last, np.full(last.shape, np.inf)
    for step in _STEPS[1:]:
        now, now_rounding = estimate(step * size)
        doubt = np.abs(now - last)
        best, trust = np.where(doubt < trust, last, best), np.minimum(doubt, trust)
        scale = np.max(np.abs(best), initial=0)
        if np.all(trust <= np.maximum(_AGREEMENT * scale, now_rounding)):
            break
        last = now
    else:
        for step in _STEPS:
            right, left = one_sided(step * size), one_sided(-step * size)
            doubt = np.abs(right - left)
            best = np.where(doubt < trust, (right + left) / 2, best)
            trust = np.minimum(doubt, trust)
    jump, steepest = slopes_apart(_STEPS[-1] * size)
    before, _ = slopes_apart(_STEPS[-2] * size)
    largest = float(np.max(np.abs(at(x)), initial=0))
    kinks = (jump > np.maximum(1e-3 * steepest, 1e-7 * largest)) & (jump > before / 2)
    return Difference(best, kinks, largest)


def descend(
    f: Callable[[Array], Any],
    x: Any,
    *,
    learning_rate: float,
    steps: int,
    gradient: Callable[[Array], Any] | None = None,
) -> Array:
    """Return the path (steps + 1, …) of x := x − learning_rate · ∇f(x)ᵀ, its start included.

    The gradient is taken by finite differences unless it is given.
    """
    path = [np.array(x, dtype=np.float64, order="C")]
    for _ in range(steps):
        at = path[-1]
        slope = finite_difference(f, at) if gradient is None else np.asarray(gradient(at))
        path.append(at - learning_rate * slope.reshape(at.shape))
    return np.stack(path)


def ascend(
    f: Callable[[Array], Any],
    x: Any,
    *,
    learning_rate: float,
    steps: int,
    gradient: Callable[[Array], Any] | None = None,
) -> Array:
    """Return the path (steps + 1, …) of x := x + learning_rate · ∇f(x)ᵀ, its start included."""
    return descend(f, x, learning_rate=-learning_rate, steps=steps, gradient=gradient)
