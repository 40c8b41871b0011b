"""Formulas of arrays as trees: what a derivation is made of.

A tree is read in several ways: printed as text (:mod:`~chainrule.explain.text`), typeset
(:mod:`~chainrule.explain.typesetting`), transformed (:mod:`~chainrule.explain.algebra`), and
computed (:mod:`~chainrule.explain.evaluation`). So the line that a student reads is the line that a
check computes.

Indices are those of :mod:`chainrule.notation`, and so is their meaning: an element outside of its
array is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

from chainrule.notation.line import Index, Indices, Scale, letters_of

RELATIONS = ("=", "≠", "<", "≤", ">", "≥")


class Expression:
    """A formula: a number, an element of an array, or what is made of formulas."""

    def parts(self) -> Iterator[Expression]:
        """Yield the formulas that this one is made of."""
        for field in fields(self):  # type: ignore[arg-type]
            yield from _inside(getattr(self, field.name))

    def walk(self) -> Iterator[Expression]:
        """Yield this formula and all that it is made of."""
        yield self
        for part in self.parts():
            yield from part.walk()

    def mapped(self, change: Callable[[Expression], Expression]) -> Expression:
        """Return the formula with its parts changed."""
        changed = {
            field.name: _changed(getattr(self, field.name), change)
            for field in fields(self)  # type: ignore[arg-type]
        }
        return replace(self, **changed)  # type: ignore[type-var]


def _inside(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _inside(item)


def _changed(value: Any, change: Callable[[Expression], Expression]) -> Any:
    if isinstance(value, Expression):
        return change(value)
    return tuple(_changed(item, change) for item in value) if type(value) is tuple else value


@dataclass(frozen=True)
class Number(Expression):
    """A number, and how many digits of it are shown where it is no fraction."""

    value: Fraction | float
    digits: int = 6

    @property
    def negative(self) -> bool:
        """Whether it is below zero."""
        return self.value < 0


@dataclass(frozen=True)
class Symbol(Expression):
    """An element of an array, ``X1[n,i]``; without indices a number, or the array as a whole."""

    name: str
    indices: Indices = ()


@dataclass(frozen=True)
class Position(Expression):
    """An index as a number, where it is compared with another."""

    index: Index


@dataclass(frozen=True)
class Size(Expression):
    """How many values a letter takes."""

    letter: str


@dataclass(frozen=True)
class Sum(Expression):
    """A sum over letters; with ``apart``, over all values of the letter but another one's."""

    letters: tuple[str, ...]
    body: Expression
    apart: str | None = None


@dataclass(frozen=True)
class Product(Expression):
    """Factors."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Quotient(Expression):
    """One formula over another."""

    above: Expression
    below: Expression


@dataclass(frozen=True)
class Negative(Expression):
    """A formula with a minus before it."""

    body: Expression


@dataclass(frozen=True)
class Total(Expression):
    """Terms that are added, those that are :class:`Negative` subtracted."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Power(Expression):
    """A whole power."""

    base: Expression
    exponent: int


@dataclass(frozen=True)
class Call(Expression):
    """An elementary function of numbers: exp, log, max, √, |…|."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Condition(Expression):
    """Two numbers compared."""

    left: Expression
    relation: str
    right: Expression


@dataclass(frozen=True)
class Cases(Expression):
    """The first value whose conditions all hold, else another."""

    pieces: tuple[tuple[Expression, tuple[Condition, ...]], ...]
    otherwise: Expression


@dataclass(frozen=True)
class Derivative(Expression):
    """``∂L/∂X1[n,i]``, L being the loss, or ``∂X2[n,o]/∂X1[n,i]``."""

    of: Symbol | None
    by: Symbol


@dataclass(frozen=True)
class Matrix(Expression):
    """An array of two axes as a matrix, perhaps transposed."""

    array: Symbol | Derivative
    transposed: bool = False


@dataclass(frozen=True)
class MatrixProduct(Expression):
    """Matrices multiplied."""

    factors: tuple[Matrix, ...]


@dataclass(frozen=True)
class Stated(Expression):
    """What a rule states in words that are no formula here, and the method of it that computes.

    ``method`` is "forward", "jacobian" or "backprop", of ``array``.
    """

    text: str
    latex: str
    method: str
    array: Symbol | Derivative


ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


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


def replaced(expression: Expression, old: Expression, new: Expression) -> Expression:
    """Return a formula with another in the place of a part."""
    if expression == old:
        return new
    return expression.mapped(lambda part: replaced(part, old, new))
