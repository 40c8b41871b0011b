"""A formula with numbers put in, for one element: ``exp(−2.85)/(exp(−2.85) + exp(0.86) + …)``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product as combinations

import numpy as np

from chainrule.explain.building import product
from chainrule.explain.evaluation import COMPARED, Arrays, Scope, indices_of
from chainrule.explain.expressions import (
    Cases,
    Condition,
    Derivative,
    Expression,
    Number,
    Position,
    Product,
    Size,
    Sum,
    Symbol,
    Total,
)
from chainrule.notation.line import Index
from chainrule.notation.sizes import offset

MOST_TERMS = 8


class TooManyTermsError(ValueError):
    """A formula with numbers put in would be too long to read."""


class Substitution:
    """Numbers for the elements of arrays.

    Parameters
    ----------
    arrays : Arrays
        Where the numbers are.
    scope : Scope
        Sizes of letters that no array tells, and constants of indices.
    digits : int
        How many digits are shown.
    """

    def __init__(self, arrays: Arrays, scope: Scope, digits: int) -> None:
        self.arrays, self.scope, self.digits = arrays, scope, digits

    def put_in(self, formula: Expression, letters: Mapping[str, int]) -> Expression:
        """Return a formula with numbers for its elements at some values of its letters.

        Raises
        ------
        TooManyTermsError
            A sum in it has more than :data:`MOST_TERMS` terms.
        """
        match formula:
            case Symbol(_, indices):
                return self._number(self.arrays.array(formula), indices, letters)
            case Derivative():
                return self._number(self.arrays.array(formula), indices_of(formula), letters)
            case Size(letter):
                return Number(float(self._size(formula, letter)), self.digits)
            case Sum():
                return self._sum(formula, letters)
            case Cases(pieces, otherwise):
                for value, holds in pieces:
                    if all(self._holds(one, letters) for one in holds):
                        return self.put_in(value, letters)
                return self.put_in(otherwise, letters)
        changed = formula.mapped(lambda part: self.put_in(part, letters))
        return product(*changed.factors) if isinstance(changed, Product) else changed

    def _number(
        self, array: np.ndarray, indices: tuple[Index, ...], letters: Mapping[str, int]
    ) -> Expression:
        place = tuple(self._index(index, letters) for index in indices)
        inside = all(0 <= at < size for at, size in zip(place, array.shape, strict=True))
        return Number(float(array[place]) if inside else 0.0, self.digits)

    def _index(self, index: Index, letters: Mapping[str, int]) -> int:
        constants = self.scope.constants
        scaled = (scale.value(constants) * letters[letter] for scale, letter in index.letters)
        return offset(index, constants) + sum(scaled)

    def _holds(self, condition: Condition, letters: Mapping[str, int]) -> bool:
        sides = []
        for side in (condition.left, condition.right):
            if isinstance(side, Position):
                sides.append(float(self._index(side.index, letters)))
            else:
                sides.append(value_of(self.put_in(side, letters)))
        return bool(COMPARED[condition.relation](*sides))

    def _sum(self, formula: Sum, letters: Mapping[str, int]) -> Expression:
        ranges = [range(self._size(formula, letter)) for letter in formula.letters]
        count = int(np.prod([len(each) for each in ranges]))
        if count > MOST_TERMS:
            raise TooManyTermsError(f"{count} terms")
        terms = []
        for values in combinations(*ranges):
            own = {**letters, **dict(zip(formula.letters, values, strict=True))}
            if formula.apart is None or own[formula.letters[0]] != own[formula.apart]:
                terms.append(self.put_in(formula.body, own))
        return terms[0] if len(terms) == 1 else Total(tuple(terms))

    def _size(self, formula: Expression, letter: str) -> int:
        if letter in self.scope.sizes:
            return self.scope.sizes[letter]
        for part in formula.walk():
            if isinstance(part, Symbol | Derivative):
                indices = part.indices if isinstance(part, Symbol) else indices_of(part)
                own = [index.letter for index in indices]
                if letter in own:
                    return int(self.arrays.array(part).shape[own.index(letter)])
        raise TooManyTermsError(f"a letter {letter} of unknown size")


def value_of(formula: Expression) -> float:
    """Return the number that a formula without letters is."""
    from chainrule.explain.evaluation import evaluate

    return float(evaluate(formula, (), (), _NoArrays(), Scope()))


class _NoArrays:
    def array(self, term: Symbol | Derivative) -> np.ndarray:
        raise TypeError(f"expected numbers, got {term!r}")

    def stated(self, statement: Expression) -> np.ndarray:
        raise TypeError(f"expected numbers, got {statement!r}")
