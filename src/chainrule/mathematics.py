"""One vocabulary of elementary functions, with several readers.

A rule written with these names is read in more than one way:

- given numbers or NumPy arrays, it computes, in the float type of its arguments;
- given SymPy expressions, it builds the formula;
- given any object whose class has an attribute ``__mathematics__`` (a namespace with the same
  names as this module), it does whatever that reader does: emit machine code, say.

So ``value(x)`` and ``derivative(x, y)`` of an elementwise function are ordinary Python, written
once, and are the code and the formula at the same time. SymPy is imported only when one of its
expressions turns up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

Operand = Any
"""A number, a NumPy array, a SymPy expression, or an operand of another reader."""

NAMES = (
    "exp",
    "expm1",
    "log",
    "log1p",
    "tanh",
    "sin",
    "cos",
    "erf",
    "erfc",
    "sqrt",
    "abs",
    "maximum",
    "minimum",
    "where",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "equal",
    "constant",
)
"""The vocabulary: what every reader provides."""

__all__ = [*NAMES, "NAMES", "Operand"]


def _weak(numpy_function: Callable[..., Operand]) -> Callable[..., Operand]:
    """Keep Python numbers Python numbers, so that they do not widen float32 arrays."""

    def function(*operands: Operand) -> Operand:
        y = numpy_function(*operands)
        return y.item() if all(type(x) in (float, int, bool) for x in operands) else y

    return function


def _of_scipy(name: str) -> Callable[[Operand], Operand]:
    """Return SciPy's function, float64 at best, for numbers of any float type.

    SciPy is loaded when it is called, as most rules do without.
    """

    def any_float(x: Operand) -> Operand:
        from scipy import special

        function = getattr(special, name)
        if getattr(x, "dtype", None) == np.longdouble:
            return function(x.astype(np.float64)).astype(np.longdouble)
        return function(x)

    return any_float


_NUMBERS = SimpleNamespace(
    exp=_weak(np.exp),
    expm1=_weak(np.expm1),
    log=_weak(np.log),
    log1p=_weak(np.log1p),
    tanh=_weak(np.tanh),
    sin=_weak(np.sin),
    cos=_weak(np.cos),
    erf=_weak(_of_scipy("erf")),
    erfc=_weak(_of_scipy("erfc")),
    sqrt=_weak(np.sqrt),
    abs=_weak(np.abs),
    maximum=_weak(np.maximum),
    minimum=_weak(np.minimum),
    where=_weak(np.where),
    less=_weak(np.less),
    less_equal=_weak(np.less_equal),
    greater=_weak(np.greater),
    greater_equal=_weak(np.greater_equal),
    equal=_weak(np.equal),
    constant=lambda value: math.pi if value == "pi" else value,
)


def symbols() -> SimpleNamespace:
    """Return the reader that builds SymPy expressions."""
    import sympy

    return SimpleNamespace(
        exp=sympy.exp,
        expm1=lambda x: sympy.exp(x) - 1,
        log=sympy.log,
        log1p=lambda x: sympy.log(1 + x),
        tanh=sympy.tanh,
        sin=sympy.sin,
        cos=sympy.cos,
        erf=sympy.erf,
        erfc=lambda x: 1 - sympy.erf(x),
        sqrt=sympy.sqrt,
        abs=sympy.Abs,
        maximum=sympy.Max,
        minimum=sympy.Min,
        where=lambda condition, x, y: sympy.Piecewise((x, condition), (y, True)),
        less=sympy.Lt,
        less_equal=sympy.Le,
        greater=sympy.Gt,
        greater_equal=sympy.Ge,
        equal=sympy.Eq,
        constant=sympy.sympify,
    )


def _reader(*operands: Operand) -> Any:
    """Return the namespace that reads these operands: the first that is not a plain number."""
    for operand in operands:
        if isinstance(operand, np.ndarray | np.generic | float | int):
            continue
        reader = getattr(operand, "__mathematics__", None)
        if reader is not None:
            return reader
        if type(operand).__module__.partition(".")[0] == "sympy":
            return symbols()
    return _NUMBERS


def constant(value: int | str, like: Operand) -> Operand:
    """Return an integer, or "pi", as the reader of ``like`` sees it: exact where it can be."""
    return _reader(like).constant(value)


def exp(x: Operand) -> Operand:
    """Return e to the power x."""
    return _reader(x).exp(x)


def expm1(x: Operand) -> Operand:
    """Return exp(x) − 1, accurate near x = 0."""
    return _reader(x).expm1(x)


def log(x: Operand) -> Operand:
    """Return the natural logarithm of x."""
    return _reader(x).log(x)


def log1p(x: Operand) -> Operand:
    """Return log(1 + x), accurate near x = 0."""
    return _reader(x).log1p(x)


def tanh(x: Operand) -> Operand:
    """Return the hyperbolic tangent of x."""
    return _reader(x).tanh(x)


def sin(x: Operand) -> Operand:
    """Return the sine of x, an angle in radians."""
    return _reader(x).sin(x)


def cos(x: Operand) -> Operand:
    """Return the cosine of x, an angle in radians."""
    return _reader(x).cos(x)


def erf(x: Operand) -> Operand:
    """Return the error function, 2/√π times the integral of exp(−u²) from 0 to x."""
    return _reader(x).erf(x)


def erfc(x: Operand) -> Operand:
    """Return 1 − erf(x), accurate where that is small."""
    return _reader(x).erfc(x)


def sqrt(x: Operand) -> Operand:
    """Return the square root of x."""
    return _reader(x).sqrt(x)


def abs(x: Operand) -> Operand:  # noqa: A001 (the field's name)
    """Return the absolute value of x."""
    return _reader(x).abs(x)


def maximum(x: Operand, y: Operand) -> Operand:
    """Return the larger of x and y; NaN where either is NaN."""
    return _reader(x, y).maximum(x, y)


def minimum(x: Operand, y: Operand) -> Operand:
    """Return the smaller of x and y; NaN where either is NaN."""
    return _reader(x, y).minimum(x, y)


def where(condition: Operand, x: Operand, y: Operand) -> Operand:
    """Return x where the condition holds and y elsewhere."""
    return _reader(condition, x, y).where(condition, x, y)


def less(x: Operand, y: Operand) -> Operand:
    """Return whether x < y."""
    return _reader(x, y).less(x, y)


def less_equal(x: Operand, y: Operand) -> Operand:
    """Return whether x ≤ y."""
    return _reader(x, y).less_equal(x, y)


def greater(x: Operand, y: Operand) -> Operand:
    """Return whether x > y."""
    return _reader(x, y).greater(x, y)


def greater_equal(x: Operand, y: Operand) -> Operand:
    """Return whether x ≥ y."""
    return _reader(x, y).greater_equal(x, y)


def equal(x: Operand, y: Operand) -> Operand:
    """Return whether x = y."""
    return _reader(x, y).equal(x, y)
