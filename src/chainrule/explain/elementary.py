"""What SymPy reads of a rule for single numbers, as a formula of elements of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from chainrule.explain.building import product, total
from chainrule.explain.expressions import (
    Call,
    Cases,
    Condition,
    Expression,
    Negative,
    Number,
    Power,
    Quotient,
    Symbol,
)
from chainrule.formulas import exact

NAMES = {"Max": "max", "Min": "min", "Abs": "abs"}
RELATIONS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}


def formula_of(value: Any, symbols: Mapping[Any, Expression]) -> Expression:
    """Return a SymPy expression as a formula.

    Parameters
    ----------
    value : sympy.Expr or number
        What :func:`chainrule.symbols.read` returns.
    symbols : mapping from sympy.Symbol to Expression
        What its symbols stand for.

    Raises
    ------
    TypeError
        It has more in it than formulas do.
    """
    return _Reader(symbols).formula(exact(value))


class _Reader:
    def __init__(self, symbols: Mapping[Any, Expression]) -> None:
        self.symbols = symbols

    def formula(self, value: Any) -> Expression:
        import sympy

        if value in self.symbols:
            return self.symbols[value]
        if value.is_Rational:
            number = Number(Fraction(abs(int(value.p)), int(value.q)))
            return Negative(number) if value < 0 else number
        if value == sympy.pi:
            return Symbol("π")
        if value.is_number and not value.args:
            number = Number(abs(float(value)))
            return Negative(number) if value < 0 else number
        if value.is_Add:
            return total(*map(self.formula, _ordered(value)))
        if value.is_Mul or value.is_Pow:
            return self.power(value)
        if isinstance(value, sympy.Piecewise):
            return self.cases(value)
        if value.is_Function:
            return self.call(value)
        raise TypeError(f"{value} is no formula of elementary functions")

    def power(self, value: Any) -> Expression:
        """Return products and powers, what divides below a line."""
        import sympy

        if isinstance(value, sympy.exp):
            return self.call(value)
        above, below = sympy.fraction(value)
        if below != 1:
            return _over(self.formula(above), self.formula(below))
        if above.is_Mul:
            return product(*map(self.formula, above.as_ordered_factors()))
        base, exponent = above.as_base_exp()
        if exponent == sympy.Rational(1, 2):
            return Call("sqrt", (self.formula(base),))
        if not exponent.is_Integer:
            raise TypeError(f"{value} is no whole power")
        return Power(self.formula(base), int(exponent))

    def call(self, value: Any) -> Expression:
        name = type(value).__name__
        arguments = value.args[::-1] if name in ("Max", "Min") else value.args
        inside = tuple(map(self.formula, arguments))
        if name == "Abs" and isinstance(inside[0], Negative):
            inside = (inside[0].body,)
        return Call(NAMES.get(name, name), inside)

    def cases(self, piecewise: Any) -> Expression:
        *pieces, (last, _) = (piece.args for piece in piecewise.args)
        return Cases(
            tuple((self.formula(value), self.conditions(holds)) for value, holds in pieces),
            self.formula(last),
        )

    def conditions(self, holds: Any) -> tuple[Condition, ...]:
        import sympy

        if isinstance(holds, sympy.And):
            return tuple(one for part in holds.args for one in self.conditions(part))
        if not holds.is_Relational:
            raise TypeError(f"{holds} is no comparison")
        relation = RELATIONS.get(holds.rel_op, holds.rel_op)
        return (Condition(self.formula(holds.lhs), relation, self.formula(holds.rhs)),)


def _ordered(value: Any) -> list[Any]:
    """Return terms in SymPy's order for people, one with a plus first where there is one."""
    terms = value.as_ordered_terms(order="rev-lex")
    plus = [term for term in terms if not term.could_extract_minus_sign()]
    return plus[:1] + [term for term in terms if not plus or term is not plus[0]]


def _over(above: Expression, below: Expression) -> Expression:
    if isinstance(above, Negative):
        return Negative(_over(above.body, below))
    return Quotient(above, below)
