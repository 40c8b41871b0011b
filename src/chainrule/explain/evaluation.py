"""Formulas computed with NumPy: each letter is an axis, an element outside of its array is zero."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import prod
from typing import Any, Protocol

import numpy as np
from scipy import special

from chainrule.explain.building import free_letters
from chainrule.explain.expressions import (
    Call,
    Cases,
    Condition,
    Derivative,
    Expression,
    Largest,
    MatrixProduct,
    Negative,
    Number,
    Position,
    Power,
    Product,
    Quotient,
    Size,
    Stated,
    Sum,
    Symbol,
    Total,
)
from chainrule.notation.line import Index, Indices
from chainrule.notation.sizes import offset
from chainrule.types import Array, Shape

MOST = 20_000_000
"""The most numbers that the letters of a formula may span together."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "erf": special.erf,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "max": lambda *x: reduce(np.maximum, x),
    "min": lambda *x: reduce(np.minimum, x),
}
COMPARED: dict[str, Callable[..., Any]] = {
    "=": operator.eq,
    "≠": operator.ne,
    "<": operator.lt,
    "≤": operator.le,
    ">": operator.gt,
    "≥": operator.ge,
}


class TooLargeError(ValueError):
    """A formula spans more numbers than are computed."""


class Arrays(Protocol):
    """Where a formula finds its arrays."""

    def array(self, term: Symbol | Derivative) -> Array:
        """Return the array that an element is of: of values, or of derivatives."""

    def stated(self, statement: Stated) -> Array:
        """Return what the method of a rule computes."""


@dataclass(frozen=True)
class Scope:
    """The letters of formulas: their sizes, and the named constants in indices."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)


def evaluate(
    expression: Expression, left: Indices, shape: Shape, arrays: Arrays, scope: Scope
) -> Array:
    """Return what a formula makes of the elements ``left`` of an array of a shape.

    For all values of all letters, the formula is added to the element on the left.

    Raises
    ------
    TooLargeError
        The letters span more than :data:`MOST` numbers.
    """
    if isinstance(expression, Stated):
        return arrays.stated(expression)
    if isinstance(expression, MatrixProduct):
        matrices = ((arrays.array(each.array), each.transposed) for each in expression.factors)
        turned = [matrix.T if transposed else matrix for matrix, transposed in matrices]
        return np.asarray(reduce(np.matmul, turned))
    if not left and shape:  # an array as a whole
        assert isinstance(expression, Symbol | Derivative)
        return arrays.array(expression)
    grid = _Grid.of(expression, left, shape, arrays, scope)
    with np.errstate(all="ignore"):
        values = np.asarray(grid.value(expression), dtype=np.float64)
    return grid.added(values, left, shape)


class _Grid:
    """An axis for each letter of a formula and of the left side before it."""

    def __init__(self, sizes: Mapping[str, int], arrays: Arrays, scope: Scope) -> None:
        self.arrays, self.scope = arrays, scope
        self.sizes, self.axes = sizes, {letter: axis for axis, letter in enumerate(sizes)}

    @classmethod
    def of(
        cls, expression: Expression, left: Indices, shape: Shape, arrays: Arrays, scope: Scope
    ) -> _Grid:
        """Return the grid, the sizes of letters taken from the arrays that they index."""
        sizes: dict[str, int] = {}
        pairs = [(left, shape)]
        for part in expression.walk():
            if isinstance(part, Symbol) and part.indices:
                pairs.append((part.indices, np.shape(arrays.array(part))))
            elif isinstance(part, Derivative):
                pairs.append((indices_of(part), np.shape(arrays.array(part))))
        for indices, own in pairs:
            for index, size in zip(indices, own, strict=True):
                if index.letter is not None:
                    sizes.setdefault(index.letter, size)
        for part in expression.walk():
            letters = part.letters if isinstance(part, Sum | Largest) else ()
            for letter in (*letters, *free_letters(part)):
                sizes.setdefault(letter, scope.sizes.get(letter, 0))
        sizes |= {letter: size for letter, size in scope.sizes.items() if letter in sizes}
        if prod(sizes.values()) > MOST:
            raise TooLargeError(f"a formula spans {prod(sizes.values()):,} numbers")
        return cls(sizes, arrays, scope)

    def letter(self, letter: str) -> Array:
        """Return the values of a letter, along its own axis."""
        shape = [1] * len(self.axes)
        shape[self.axes[letter]] = self.sizes[letter]
        return np.arange(self.sizes[letter]).reshape(shape)

    def index(self, index: Index) -> Array:
        """Return the values of an index."""
        value: Any = np.asarray(offset(index, self.scope.constants))
        for scale, letter in index.letters:
            value = value + scale.value(self.scope.constants) * self.letter(letter)
        return np.asarray(value)

    def places(self, indices: Indices, shape: Shape) -> tuple[tuple[Array, ...], Array]:
        """Return where elements lie in an array, and whether they do; those outside are at 0."""
        values = [self.index(index) for index in indices]
        inside = reduce(
            np.logical_and,
            [(value >= 0) & (value < size) for value, size in zip(values, shape, strict=True)],
            np.asarray(True),
        )
        return tuple(np.where(inside, value, 0) for value in values), inside

    def element(self, array: Array, indices: Indices, outside: float = 0) -> Array:
        """Return elements of an array."""
        if not indices:
            return array
        places, inside = self.places(indices, array.shape)
        return np.where(inside, array[places], outside)

    def largest(self, letters: tuple[str, ...], body: Symbol) -> Array:
        """Return the largest elements of an array over letters."""
        values = self.element(self.arrays.array(body), body.indices, -np.inf)
        axes = tuple(self.axes[letter] for letter in letters)
        return np.asarray(values.max(axis=axes, keepdims=True))

    def added(self, values: Array, left: Indices, shape: Shape) -> Array:
        """Return an array in which each value is added to its element."""
        free = [self.sizes[x] for x in self.axes]
        keep = {letter for index in left for _, letter in index.letters}
        full = tuple(n if x in keep else 1 for x, n in zip(self.axes, free, strict=True))
        whole, result = np.broadcast_to(values, full), np.zeros(shape)
        if not left:
            return np.asarray(whole.sum())
        places, inside = self.places(left, shape)
        np.add.at(
            result,
            tuple(np.broadcast_to(place, full) for place in places),
            np.where(inside, whole, 0),
        )
        return result

    def value(self, expression: Expression) -> Any:
        """Return the value of a formula on the grid."""
        match expression:
            case Number(number):
                return float(number) if isinstance(number, Fraction) else number
            case Symbol():
                return self.element(self.arrays.array(expression), expression.indices)
            case Derivative():
                return self.element(self.arrays.array(expression), indices_of(expression))
            case Position(index):
                return self.index(index)
            case Size(letter):
                return float(self.sizes[letter])
            case Sum():
                return self.sum(expression)
            case Largest(letters, body):
                return self.largest(letters, body)
            case Product(factors):
                return reduce(operator.mul, map(self.value, factors))
            case Quotient(above, below):
                return self.value(above) / self.value(below)
            case Negative(body):
                return -self.value(body)
            case Total(terms):
                return reduce(operator.add, map(self.value, terms))
            case Power(base, exponent):
                return self.value(base) ** exponent
            case Call(name, arguments):
                return FUNCTIONS[name](*map(self.value, arguments))
            case Condition(left, relation, right):
                return COMPARED[relation](self.value(left), self.value(right))
            case Cases(pieces, otherwise):
                value = self.value(otherwise)
                for piece, holds in reversed(pieces):
                    all_hold = reduce(np.logical_and, map(self.value, holds))
                    value = np.where(all_hold, self.value(piece), value)
                return value
        raise TypeError(f"expected a formula, got {expression!r}")

    def sum(self, expression: Sum) -> Array:
        """Return a sum; a letter that its body does not depend on counts as often as it can be."""
        values = np.asarray(self.value(expression.body))
        axes = [self.axes[letter] for letter in expression.letters]
        if expression.apart is not None:
            own = self.letter(expression.letters[0]) != self.letter(expression.apart)
            values = np.where(own, values, 0)
        values = values.reshape((1,) * (len(self.axes) - values.ndim) + values.shape)
        shape = list(values.shape)
        for letter, axis in zip(expression.letters, axes, strict=True):
            shape[axis] = self.sizes[letter]
        return np.asarray(np.sum(np.broadcast_to(values, shape), axis=tuple(axes), keepdims=True))


def indices_of(derivative: Derivative) -> Indices:
    """Return the indices of an array of derivatives: those of what is derived, then those by.

    The sample, the first index of X, stands once.
    """
    by = derivative.by.indices
    if derivative.of is None:
        return by
    own: Sequence[Index] = derivative.of.indices
    return (*own, *(by[1:] if by and own and by[0] == own[0] else by))
