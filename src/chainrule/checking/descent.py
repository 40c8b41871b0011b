"""Gradient descent and ascent on a function of several variables, as the notes take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.checking.differences import finite_difference
from chainrule.types import Array


def descend(
    f: Callable[[Array], Any],
    x: Any,
    *,
    learning_rate: float,
    steps: int,
    gradient: Callable[[Array], Any] | None = None,
) -> Array:
    """Return the path of gradient descent, x := x − learning_rate · ∇f(x)ᵀ.

    Parameters
    ----------
    f : callable
        The function, from an array to a number.
    x : array
        The start.
    learning_rate : float
        The length of a step, times that of the gradient.
    steps : int
        The number of steps.
    gradient : callable, optional
        From x to ∇f(x); by finite differences unless it is given.

    Returns
    -------
    path : ndarray of shape (steps + 1, …)
        The values of x, the start included.
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
    """Return the path of gradient ascent, x := x + learning_rate · ∇f(x)ᵀ.

    Parameters
    ----------
    f : callable
        The function, from an array to a number.
    x : array
        The start.
    learning_rate : float
        The length of a step, times that of the gradient.
    steps : int
        The number of steps.
    gradient : callable, optional
        From x to ∇f(x); by finite differences unless it is given.

    Returns
    -------
    path : ndarray of shape (steps + 1, …)
        The values of x, the start included.
    """
    return descend(f, x, learning_rate=-learning_rate, steps=steps, gradient=gradient)
