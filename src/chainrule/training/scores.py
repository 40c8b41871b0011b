"""Scores of outputs against targets; higher is better."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chainrule.types import Array

Score = Callable[[Array, Array], float]
"""A function of outputs Y and targets t; higher is better."""


def accuracy(Y: Array, t: Array) -> float:
    """Return the fraction of samples whose most probable class is the true one.

    Parameters
    ----------
    Y : ndarray of shape (n, k) or (n, 1)
        Scores of classes, the largest being the class; or probabilities of one.
    t : array of shape (n,) or (n, k)
        The numbers of the true classes, or rows with the largest number at them; for (n, 1)
        outputs 0 and 1.

    Returns
    -------
    accuracy : float
        From 0 to 1.
    """
    if Y.shape[1] == 1:
        return float(np.mean((Y[:, 0] > 0.5) == (np.reshape(t, -1) > 0.5)))
    labels = t if np.ndim(t) == 1 else np.argmax(t, axis=1)
    return float(np.mean(np.argmax(Y, axis=1) == labels))


def r_squared(Y: Array, t: Array) -> float:
    """Return the fraction of the targets' variance that the outputs explain.

    Parameters
    ----------
    Y : ndarray of shape (n, k)
        The outputs.
    t : array of shape (n, k), or (n,) for one output
        The targets.

    Returns
    -------
    score : float
        At most 1; 0 where the outputs do as well as the targets' mean. NaN for a single sample,
        which has no variance to explain.
    """
    if len(Y) < 2:
        return math.nan
    T = np.reshape(t, Y.shape).astype(np.float64)
    rest, whole = np.sum((T - Y) ** 2), np.sum((T - T.mean(axis=0)) ** 2)
    return float(1 - rest / whole) if whole > 0 else float(rest == 0)
