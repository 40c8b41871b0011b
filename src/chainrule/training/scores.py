"""Scores of outputs against targets; higher is better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.types import Array

Score = Callable[[Array, Array], float]
"""A function of outputs Y and targets t; higher is better."""


def accuracy(Y: Array, t: Array) -> float:
    """Return the fraction of samples whose most probable class is the true one.

    Y (n, k) with t (n,) class numbers or (n, k); or Y (n, 1) probabilities with t of 0 and 1.
    """
    if Y.shape[1] == 1:
        return float(np.mean((Y[:, 0] > 0.5) == (np.reshape(t, -1) > 0.5)))
    labels = t if np.ndim(t) == 1 else np.argmax(t, axis=1)
    return float(np.mean(np.argmax(Y, axis=1) == labels))


def r_squared(Y: Array, t: Array) -> float:
    """Return the fraction of the targets' variance that the outputs explain, at most 1."""
    T = np.reshape(t, Y.shape).astype(np.float64)
    rest, whole = np.sum((T - Y) ** 2), np.sum((T - T.mean(axis=0)) ** 2)
    return float(1 - rest / whole) if whole > 0 else float(rest == 0)
