"""The Jacobian of a function read from its code, derived from forward a result at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.explain.algebra import Side, common
from chainrule.explain.differentiating import (
    Differentiation,
    Facts,
    Slope,
    folded,
    powered,
    whole,
)
from chainrule.explain.equations import Equation
from chainrule.explain.evaluation import Scope
from chainrule.explain.expressions import ZERO, Derivative, Expression, Symbol


def slopes_of_results(
    definitions: Mapping[Symbol, Expression], y: Symbol, x: Symbol, scope: Scope
) -> list[Equation]:
    """Return ∂/∂X of each intermediate result that X moves, and of Y at the end.

    Parameters
    ----------
    definitions : mapping
        Intermediate results, in their order, and Y, with their formulas.
    y : Symbol
        What the function makes, the last of the definitions.
    x : Symbol
        The element of X by which all are differentiated.
    scope : Scope
        Of the equations.

    Raises
    ------
    NoSlopeError
        There is a formula that has no rule.
    """
    facts = Facts.of({symbol: formula for symbol, formula in definitions.items() if symbol != y})
    rules = Differentiation(x, {})
    found = []
    for symbol, formula in definitions.items():
        slope = rules.slope(formula, symbol)
        if not slope:
            continue
        sides, simple = _forms(slope, facts, first=not rules.known)
        rules.known[symbol] = simple
        found.append(Equation(Derivative(symbol, x), sides, scope))
    return found


def _forms(slope: Slope, facts: Facts, *, first: bool) -> tuple[tuple[Side, ...], Slope]:
    """Return the forms of a derivative, and the last one's terms."""
    reason = "term by term" if first else "the product rule and the chain rule"
    slope = _changed(slope, folded)
    sides = [Side(powered(whole(slope)), reason)]
    for change, said in (
        (facts.without_zeros, "numbers without their mean have the sum 0"),
        (facts.with_names, "what has a name, by its name"),
    ):
        slope = _changed(_changed(slope, change), folded)
        formula = powered(whole(slope))
        if formula != sides[-1].formula:
            sides.append(Side(formula, said))
    last = powered(common(whole(slope)))
    if last != sides[-1].formula:
        sides.append(Side(last, "what the terms have in common, in front"))
    return tuple(sides), slope


def _changed(slope: Slope, change: Callable[[Expression], Expression]) -> Slope:
    terms = {where: change(term) for where, term in slope.items()}
    return {where: term for where, term in terms.items() if term != ZERO}
