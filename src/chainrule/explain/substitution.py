"""A formula with numbers put in, for one element: ``exp(−2.85)/(exp(−2.85) + exp(0.86) + …)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product as combinations

import numpy as np

from chainrule.explain.building import product
from chainrule.explain.evaluation import COMPARED, Arrays, Scope, indices_of
from chainrule.explain.expressions import (
    Call,
    Cases,
    Condition,
    Derivative,
    Expression,
    Largest,
    Negative,
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
            case Largest():
                return self._largest(formula, letters)
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

    def _largest(self, formula: Largest, letters: Mapping[str, int]) -> Expression:
        array, indices = self.arrays.array(formula.body), formula.body.indices
        places = (
            tuple(self._index(index, own) for index in indices)
            for own in self._each(formula, letters)
        )
        inside = [
            place
            for place in places
            if all(0 <= at < size for at, size in zip(place, array.shape, strict=True))
        ]
        numbers = tuple(Number(float(array[place]), self.digits) for place in inside)
        return numbers[0] if len(numbers) == 1 else Call("max", numbers)

    def _each(self, formula: Sum | Largest, letters: Mapping[str, int]) -> Iterator[dict[str, int]]:
        """Yield all letters with each of the values of those that a formula goes over."""
        ranges = [range(self._size(formula, letter)) for letter in formula.letters]
        count = int(np.prod([len(each) for each in ranges]))
        if count > MOST_TERMS:
            raise TooManyTermsError(f"{count} terms")
        for values in combinations(*ranges):
            yield {**letters, **dict(zip(formula.letters, values, strict=True))}

    def _sum(self, formula: Sum, letters: Mapping[str, int]) -> Expression:
        terms = []
        for own in self._each(formula, letters):
            if formula.apart is None or own[formula.letters[0]] != own[formula.apart]:
                terms.append(self.put_in(formula.body, own))
        return terms[0] if len(terms) == 1 else Total(tuple(map(_signed, terms)))

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


def _signed(term: Expression) -> Expression:
    """Return a number below zero as one that is subtracted."""
    if isinstance(term, Number) and term.negative:
        return Negative(Number(-term.value, term.digits))
    return term


def value_of(formula: Expression) -> float:
    """Return the number that a formula without letters is."""
    from chainrule.explain.evaluation import evaluate

    return float(evaluate(formula, (), (), _NoArrays(), Scope()))


class _NoArrays:
    def array(self, term: Symbol | Derivative) -> np.ndarray:
        raise TypeError(f"expected numbers, got {term!r}")

    def stated(self, statement: Expression) -> np.ndarray:
        raise TypeError(f"expected numbers, got {statement!r}")
