"""Sums of a row without one of its numbers, which is not subtracted from the whole.

Σ_{k≠i} v_k as Σ_k v_k − v_i loses its digits where v_i is most of the sum. Here the largest number
is never added in the first place; any other one is smaller than that, which stays in the sum.
"""

from __future__ import annotations

import numpy as np

from chainrule.types import Array


def sums_without_largest(V: Array) -> Array:
    """Return the sum of each row without its largest number by magnitude, the first of several.

    Parameters
    ----------
    V : ndarray of shape (n, …, k)
        Any numbers; NaN makes the sum NaN.

    Returns
    -------
    rest : ndarray of shape (n, …, 1)
        The sums, 0 where k is 1.
    """
    return _largest_and_rest(V)[1]


def sums_of_others(V: Array) -> Array:
    """Return Σ_{k≠i} v_k for each number i of each row, accurate to rounding of its terms.

    Parameters
    ----------
    V : ndarray of shape (n, …, k)
        Any numbers; NaN makes all sums of its row NaN.

    Returns
    -------
    sums : ndarray of shape (n, …, k)
        The sum without the largest, to which the largest comes and the number itself goes:
        nothing at the largest.
    """
    largest, rest = _largest_and_rest(V)
    with np.errstate(invalid="ignore"):
        return np.asarray(rest + (largest - V))


def _largest_and_rest(V: Array) -> tuple[Array, Array]:
    """Return each row's largest number by magnitude, and the sum of the others, (n, …, 1)."""
    place = np.abs(V).argmax(axis=-1)[..., None]
    largest = np.take_along_axis(V, place, axis=-1)
    others = V.copy()
    np.put_along_axis(others, place, largest - largest, axis=-1)  # 0, or NaN if it is not finite
    return largest, others.sum(axis=-1, keepdims=True)
