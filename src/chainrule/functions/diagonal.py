"""Jacobians of functions that take each number alone."""

from __future__ import annotations

from math import prod

import numpy as np

from chainrule.types import Array


def diagonal(values: Array) -> Array:
    """Return the Jacobians (n, *s, *s) whose diagonals are the values (n, *s)."""
    n, size = values.shape[0], prod(values.shape[1:])
    result = np.zeros((n, size, size), dtype=values.dtype)
    every = np.arange(size)
    result[:, every, every] = values.reshape(n, size)
    return result.reshape(values.shape + values.shape[1:])
