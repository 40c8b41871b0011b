"""SymPy's symbols, as NumPy's functions take them, and with conditions that count as numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

from chainrule import mathematics
from chainrule.numpy_functions import ReadsNumPy


class Symbolic(ReadsNumPy):
    """A SymPy expression that NumPy's functions take, too.

    Parameters
    ----------
    expression : sympy.Basic
        What it stands for.
    """

    __mathematics__: ClassVar[Any]

    def __init__(self, expression: Any) -> None:
        self.expression = expression


def bare(value: Any) -> Any:
    """Return the SymPy expression, or number, that a value stands for."""
    return value.expression if isinstance(value, Symbolic) else value


def read(rule: Callable[..., Any], *symbols: Any) -> Any:
    """Return what a rule makes of SymPy's symbols, as a SymPy expression or a number.

    Raises
    ------
    TypeError, AttributeError
        The rule uses more than :mod:`chainrule.mathematics` has.
    """
    return _number(rule(*map(Symbolic, symbols)))


def _lifted(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: Symbolic(compute(*map(_number, operands)))


def _number(value: Any) -> Any:
    """Return an operand of arithmetic: a condition counts as 1 where it holds, else as 0."""
    import sympy
    from sympy.core.relational import Relational
    from sympy.logic.boolalg import BooleanAtom, BooleanFunction

    expression = bare(value)
    if isinstance(expression, Relational | BooleanAtom | BooleanFunction):
        return sympy.Piecewise((1, expression), (0, True))
    return expression


def _swapped(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: compute(y, x)


def _vocabulary(name: str) -> Callable[..., Symbolic]:
    def function(*operands: Any) -> Symbolic:
        given = [bare(operand) for operand in operands]
        return Symbolic(getattr(mathematics.symbols(), name)(*given))

    return function


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _compute = getattr(operator, _name)
    setattr(Symbolic, f"__{_name}__", _lifted(_compute))
    setattr(Symbolic, f"__r{_name}__", _lifted(_swapped(_compute)))
for _name in ("lt", "le", "gt", "ge", "neg", "pos"):
    setattr(Symbolic, f"__{_name}__", _lifted(getattr(operator, _name)))
for _name in ("and_", "or_", "invert"):
    _method = f"__{_name.strip('_')}__"
    _compute = getattr(operator, _name)
    setattr(Symbolic, _method, lambda *x, f=_compute: Symbolic(f(*map(bare, x))))
Symbolic.__mathematics__ = SimpleNamespace(
    **{name: _vocabulary(name) for name in mathematics.NAMES}
)
