"""The exponential of float32 as GNU's C library has it, of arrays; the kernel says how."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.single_exponential import ROOTS, STEPS, TERMS

__all__ = ["exponential", "roots_of_2"]


@cache
def roots_of_2() -> NDArray[np.float64]:
    """Return 2^(i/32), (32,)."""
    return np.array([2.0 ** (place / ROOTS) for place in range(ROOTS)])


def exponential(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the exponential of numbers from −87 to 88."""
    steps = x.astype(np.float64) * STEPS
    whole = np.rint(steps)
    r, place = steps - whole, whole.astype(np.int64)
    power = np.ldexp(roots_of_2()[place % ROOTS], place // ROOTS)
    c0, c1, c2 = TERMS
    raised: NDArray[np.float64] = ((c0 * r + c1) * (r * r) + (c2 * r + 1)) * power
    return raised.astype(np.float32)
