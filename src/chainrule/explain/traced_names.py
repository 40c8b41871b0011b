"""Intermediate results of a rule's code: their names, and the letters of their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chainrule.explain.building import free_letters, index, renamed
from chainrule.explain.expressions import Call, Expression, Power, Quotient, Sum, Symbol
from chainrule.explain.terms import factors_of
from chainrule.notation.line import Indices
from chainrule.types import Array

Letters = tuple[str | None, ...]
"""A letter for each axis, None where it has one element for all."""

BOUND = {"i": "k", "j": "l", "c": "d", "n": "r", "m": "q"}
"""What letters are called in a sum over them, so that the term of a sum has a letter of its own."""

OTHERS = "tuvwxyzabefgpsh"


@dataclass
class Names:
    """Intermediate results that have names, with their formulas and the numbers computed.

    Parameters
    ----------
    suffix : str
        What stands behind each name.
    open : bool
        Whether further results are given names.
    """

    suffix: str
    open: bool = True
    definitions: dict[Symbol, Expression] = field(default_factory=dict)
    values: dict[str, Array] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    """The letters of parameters, and those beside which they were used."""

    def named(self, formula: Expression, letters: Letters, value: Array) -> Expression:
        """Return the name of a result that has one, or its formula."""
        for symbol, known in self.definitions.items():
            if known == formula:
                return symbol
        name = self._fitting(formula) if self.open else None
        if name is None or name + self.suffix in self.values:
            return formula
        kept = [axis for axis, letter in enumerate(letters) if letter is not None]
        symbol = Symbol(name + self.suffix, _indices(letters))
        self.definitions[symbol] = formula
        self.values[symbol.name] = value.reshape([value.shape[axis] for axis in kept])
        return symbol

    def _fitting(self, formula: Expression) -> str | None:
        """Return what is usual: m of a mean, v of one of squares, s of 1/√v, Z of what s scales."""
        factors = factors_of(formula)
        last = factors[-1]
        if last == Symbol("s" + self.suffix, getattr(last, "indices", ())) and len(factors) == 2:
            return "Z"
        if isinstance(formula, Quotient) and isinstance(formula.below, Call):
            return "s" if formula.below.name == "sqrt" else None
        body = getattr(last, "body", None)
        if len(factors) != 2 or not isinstance(factors[0], Quotient) or body is None:
            return None
        return "v" if isinstance(body, Power) else "m"


def _indices(letters: Letters) -> Indices:
    return tuple(index(x) for x in letters if x is not None)


def letters_in(part: Expression) -> Sequence[str]:
    """Return the letters in a part of a formula, but not in its own parts."""
    if isinstance(part, Symbol):
        return [x for index in part.indices for _, x in index.letters]
    return getattr(part, "letters", ())


def with_plain_sums(formula: Expression, free: Sequence[str]) -> Expression:
    """Return a formula in which a sum goes over the letter of its axis, where that is free."""
    used = {*free, *free_letters(formula)}
    names = {bound: letter for letter, bound in BOUND.items() if letter not in used}
    taken = {x for part in formula.walk() for x in letters_in(part)}
    return renamed(formula, {x: y for x, y in names.items() if x not in used and y not in taken})


def canonical(formula: Expression, depth: int = 0) -> Expression:
    """Return a formula with the letters of its sums by number, so that equal ones are equal."""
    if isinstance(formula, Sum) and formula.apart is None:
        names = {x: f"#{depth + place}" for place, x in enumerate(formula.letters)}
        inside = renamed(formula.body, names)
        return Sum(tuple(names.values()), canonical(inside, depth + len(names)))
    return formula.mapped(lambda part: canonical(part, depth))
