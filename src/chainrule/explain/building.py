"""Formulas put together, and taken apart by their letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chainrule.explain.expressions import (
    ONE,
    ZERO,
    Derivative,
    Expression,
    Largest,
    Negative,
    Position,
    Product,
    Size,
    Sum,
    Symbol,
    Total,
)
from chainrule.notation.line import Index, Scale, letters_of


def index(letter: str) -> Index:
    """Return the index that is a letter."""
    return Index(((Scale(1), letter),))


def indexed(name: str, letters: str | tuple[str, ...]) -> Symbol:
    """Return an element of an array, ``indexed("X", "ni")``."""
    return Symbol(name, tuple(map(index, letters)))


def by_loss(symbol: Symbol) -> Derivative:
    """Return ∂L/∂symbol."""
    return Derivative(None, symbol)


def product(*factors: Expression) -> Expression:
    """Return factors as one formula: none that is 1, the signs in front, one factor by itself."""
    flat: list[Expression] = []
    negative = False
    for factor in factors:
        while isinstance(factor, Negative):
            negative, factor = not negative, factor.body
        flat += factor.factors if isinstance(factor, Product) else [factor]
    if ZERO in flat:
        return ZERO
    kept = tuple(factor for factor in flat if factor != ONE)
    whole = kept[0] if len(kept) == 1 else Product(kept) if kept else ONE
    return Negative(whole) if negative else whole


def total(*terms: Expression) -> Expression:
    """Return terms as one formula: none that is 0, one term by itself."""
    flat: list[Expression] = []
    for term in terms:
        flat += term.terms if isinstance(term, Total) else [term]
    kept = tuple(term for term in flat if term != ZERO)
    return kept[0] if len(kept) == 1 else Total(kept) if kept else ZERO


def summed(letters: tuple[str, ...], body: Expression, apart: str | None = None) -> Expression:
    """Return a sum, or its body where there are no letters."""
    if isinstance(body, Negative):
        return Negative(summed(letters, body.body, apart))
    return Sum(letters, body, apart) if letters else body


def free_letters(expression: Expression) -> list[str]:
    """Return the letters that a formula depends on, each once, in order."""
    found: dict[str, None] = {}
    bound: set[str] = set()
    if isinstance(expression, Symbol):
        return letters_of(expression.indices)
    if isinstance(expression, Position):
        return letters_of((expression.index,))
    if isinstance(expression, Largest):
        bound = set(expression.letters)
    if isinstance(expression, Sum):
        bound = set(expression.letters)
        found |= {expression.apart: None} if expression.apart else {}
    for part in expression.parts():
        found |= dict.fromkeys(free_letters(part))
    return [letter for letter in found if letter not in bound]


def renamed(expression: Expression, names: Mapping[str, str]) -> Expression:
    """Return a formula with other letters."""
    if isinstance(expression, Symbol):
        indices = tuple(index.renamed(names) for index in expression.indices)
        return replace(expression, indices=indices)
    if isinstance(expression, Position):
        return Position(expression.index.renamed(names))
    if isinstance(expression, Size):
        return Size(names.get(expression.letter, expression.letter))
    changed = expression.mapped(lambda part: renamed(part, names))
    if isinstance(changed, Sum):
        letters = tuple(names.get(letter, letter) for letter in changed.letters)
        apart = names.get(changed.apart, changed.apart) if changed.apart else None
        return replace(changed, letters=letters, apart=apart)
    return changed
