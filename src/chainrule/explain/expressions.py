"""Formulas of arrays as trees: what a derivation is made of.

A tree is read in several ways: printed as text (:mod:`~chainrule.explain.text`), typeset
(:mod:`~chainrule.explain.typesetting`), transformed (:mod:`~chainrule.explain.algebra`), and
computed (:mod:`~chainrule.explain.evaluation`). So the line that a student reads is the line that a
check computes.

Indices are those of :mod:`chainrule.notation`, and so is their meaning: an element outside of its
array is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

from chainrule.notation.line import Index, Indices

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
class Largest(Expression):
    """The largest element of an array over values of letters; there is none outside of it."""

    letters: tuple[str, ...]
    body: Symbol


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
