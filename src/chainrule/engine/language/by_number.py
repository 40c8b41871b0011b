"""Functions of numbers, or of arrays, that the C library computes number by number.

NumPy has functions of its own for arrays and some processors, whose last bits are others than those
of the C library, and of each other: a power with AVX-512, say. What kernels read must not depend on
that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule import mathematics


def by_number(function: Callable[..., float], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of numbers or arrays, by the function of numbers.

    Where that refuses (an overflow, the logarithm of 0), ``otherwise`` says which infinity or NaN
    it is.
    """

    def one(*numbers: float) -> float:
        try:
            return function(*numbers)
        except (OverflowError, ValueError):
            with np.errstate(all="ignore"):
                return float(otherwise(*map(np.float64, numbers)))

    def compute(*operands: Any) -> Any:
        if not any(isinstance(operand, np.ndarray) for operand in operands):
            return one(*map(float, operands))
        arrays = np.broadcast_arrays(*operands)
        try:
            return _each(function, arrays)
        except (OverflowError, ValueError):
            return _each(one, arrays)

    return compute


def _each(function: Callable[..., float], arrays: Sequence[Any]) -> Any:
    """Return the function of each number, one after the other: lists would take their memory."""
    found = map(function, *(array.flat for array in arrays))
    return np.fromiter(found, np.float64, arrays[0].size).reshape(arrays[0].shape)


power = by_number(math.pow, np.power)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": by_number(math.exp, np.exp),
    "expm1": by_number(math.expm1, np.expm1),
    "log": by_number(math.log, np.log),
    "log1p": by_number(math.log1p, np.log1p),
    "tanh": by_number(math.tanh, np.tanh),
    "sin": by_number(math.sin, np.sin),
    "cos": by_number(math.cos, np.cos),
    "erf": by_number(math.erf, mathematics.erf),
    "erfc": by_number(math.erfc, mathematics.erfc),
}
"""Those of :mod:`chainrule.mathematics` that are more than a few operations."""
