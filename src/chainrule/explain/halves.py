"""A formula that is written for numbers above and below 0, as the one that both are.

Rules that must not overflow take another way below 0 than above, with exp(−|x|). Where both ways
are the same quotient of powers of exp(x), that is shorter to read.
"""

from __future__ import annotations

from typing import Any


def as_one(expression: Any, x: Any, others: tuple[Any, ...] = ()) -> Any:
    """Return a formula of x as one for all numbers, or as it is where it is not the same for all.

    Parameters
    ----------
    expression : SymPy expression
        With |x|, or cases that tell whether x > 0.
    x : SymPy symbol
        A real number.
    others : tuple of SymPy symbols
        What else may stand in it.
    """
    import sympy

    if not expression.has(sympy.Abs, sympy.Piecewise) or expression.has(*others):
        return expression
    above, below = (
        _powers(expression.xreplace({x: half}), half, x)
        for half in (sympy.Symbol("x", positive=True), sympy.Symbol("x", negative=True))
    )
    if above is None or above != below:
        return expression
    return above


def _powers(expression: Any, half: Any, x: Any) -> Any:
    """Return a quotient of powers of exp(x), its factors apart; None of anything else."""
    import sympy

    E = sympy.Symbol("E", positive=True)
    plain = sympy.piecewise_fold(expression).replace(
        lambda part: isinstance(part, sympy.exp) and (part.args[0] / half).is_Integer,
        lambda part: E ** (part.args[0] / half),
    )
    if plain.has(sympy.Piecewise) or not plain.is_rational_function(half, E):
        return None
    short = sympy.factor(sympy.cancel(sympy.together(plain)))
    powers = short.replace(
        lambda part: part.is_Pow and part.base == E, lambda part: sympy.exp(part.exp * x)
    )
    return powers.xreplace({half: x, E: sympy.exp(x)})
