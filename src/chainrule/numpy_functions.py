"""NumPy's functions in rules: they are read as those of :mod:`chainrule.mathematics`.

A rule's stand-ins for numbers, symbols and vectors of machine code alike, derive from
:class:`ReadsNumPy`. So ``np.tanh(x)`` in a ``value`` is ``mathematics.tanh(x)``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from chainrule import mathematics as m

Read = Callable[..., Any]


def _sign(x: Any) -> Any:
    return m.where(m.greater(x, 0.0), 1.0, m.where(m.less(x, 0.0), -1.0, x))


def _log_add_exp(x: Any, y: Any) -> Any:
    return m.maximum(x, y) + m.log1p(m.exp(-m.abs(x - y)))


def _clip(x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    low, high = bounds.pop("min", a_min), bounds.pop("max", a_max)
    _refuse("clip", bounds)
    x = x if low is None else m.maximum(x, low)
    return x if high is None else m.minimum(x, high)


UFUNCS: dict[Any, Read] = {
    np.exp: m.exp,
    np.expm1: m.expm1,
    np.log: m.log,
    np.log1p: m.log1p,
    np.tanh: m.tanh,
    np.sin: m.sin,
    np.cos: m.cos,
    np.sqrt: m.sqrt,
    np.absolute: m.abs,
    np.fabs: m.abs,
    np.maximum: m.maximum,
    np.minimum: m.minimum,
    np.less: m.less,
    np.less_equal: m.less_equal,
    np.greater: m.greater,
    np.greater_equal: m.greater_equal,
    np.equal: m.equal,
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.power: operator.pow,
    np.negative: operator.neg,
    np.positive: lambda x: x,
    np.square: lambda x: x * x,
    np.reciprocal: lambda x: 1 / x,
    np.sign: _sign,
    np.logaddexp: _log_add_exp,
}
"""How NumPy's functions of numbers are read."""


@cache
def _scipy_functions() -> dict[Any, Read]:
    """Return how SciPy's functions of numbers are read; it takes long to load."""
    from scipy import special

    return {special.erf: m.erf, special.expit: lambda x: 1 / (1 + m.exp(-x))}


ARRAY_FUNCTIONS: dict[Any, Read] = {
    np.where: m.where,
    np.clip: _clip,
    np.zeros_like: lambda x, **options: 0.0,
    np.ones_like: lambda x, **options: 1.0,
    np.full_like: lambda x, value, **options: value,
}
"""How NumPy's functions of arrays are read."""


class ReadsNumPy:
    """A stand-in for a number that NumPy's functions take as those of mathematics do."""

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any
    ) -> Any:
        read = UFUNCS.get(ufunc) or _scipy_functions().get(ufunc)
        if method != "__call__" or read is None:
            of = "" if method == "__call__" else f".{method}"
            raise TypeError(_unknown(ufunc.__name__ + of))
        _refuse(ufunc.__name__, options)
        return read(*map(plain, operands))

    def __array_function__(
        self, function: Any, types: Iterable[type], operands: Any, options: Any
    ) -> Any:
        if function not in ARRAY_FUNCTIONS:
            raise TypeError(_unknown(function.__name__))
        return ARRAY_FUNCTIONS[function](*map(plain, operands), **options)

    def __abs__(self) -> Any:
        return m.abs(self)


def plain(operand: Any) -> Any:
    """Return NumPy's numbers as Python's; TypeError for an array, which is no number."""
    if isinstance(operand, np.generic | np.ndarray):
        if operand.ndim:
            raise TypeError(f"an array of shape {operand.shape} in a rule of single numbers")
        return operand.item()
    return operand


def _refuse(name: str, options: Any) -> None:
    if options:
        raise TypeError(f"np.{name} with {', '.join(options)} in a rule")


def _unknown(name: str) -> str:
    return f"np.{name} is not among the functions of chainrule.mathematics"
