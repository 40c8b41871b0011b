"""Arrays that know their formula: what a rule written in NumPy computes, read as mathematics.

A function that writes its rules out is called with these instead of arrays. Each operation does
two things: it computes, and it puts the formulas of what it takes together. So the formula is that
of the rule that runs, and beside each one stands the number that the rule makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from chainrule.explain.building import product, renamed, summed, total
from chainrule.explain.expressions import (
    ONE,
    ZERO,
    Call,
    Expression,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Symbol,
)
from chainrule.explain.terms import factors_of, numbers_first
from chainrule.explain.traced_names import BOUND, OTHERS, Letters, Names, letters_in
from chainrule.types import Array


class NoFormulaError(TypeError):
    """A rule does what is no formula of arrays here."""


class Count(int):
    """A number of elements with its formula, as N·12 has one."""

    formula: Expression

    def __new__(cls, value: int, formula: Expression) -> Count:
        """Return a number that is what a formula says."""
        count = super().__new__(cls, value)
        count.formula = formula
        return count

    def __mul__(self, other: int) -> Count:
        return Count(int(self) * int(other), _counted(self.formula, number_of(other)))

    __rmul__ = __mul__


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """An array with its formula.

    Parameters
    ----------
    value : ndarray
        Its numbers.
    formula : Expression
        Its element at the letters of its axes.
    letters : tuple of str or None
        Of each axis.
    names : Names
        Of the trace that it belongs to.
    """

    def __init__(self, value: Any, formula: Expression, letters: Letters, names: Names) -> None:
        self.value = np.asarray(value, dtype=np.float64)
        self.letters, self.names = letters, names
        self.formula = names.named(formula, letters, self.value)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes; that of samples is N."""
        sizes = zip(self.value.shape, self.letters, strict=True)
        return tuple(Count(n, Symbol("N")) if x == "n" else n for n, x in sizes)

    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        raise NoFormulaError("what happens depends on numbers")

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise NoFormulaError("numbers are taken without their formula")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Traced:
        combine = UFUNCS.get(ufunc)
        if combine is None or method != "__call__" or options:
            raise NoFormulaError(f"{ufunc.__name__} is no formula here")
        operands = _aligned([_operand(each, self.names) for each in inputs])
        value = ufunc(*(each.value for each in operands))
        letters = [next((x for x in axis if x), None) for axis in _axes(operands)]
        formula = combine(*(each.formula for each in operands))
        return Traced(value, formula, tuple(letters), self.names)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Traced:
        if func not in FUNCTIONS:
            raise NoFormulaError(f"{func.__name__} is no formula here")
        return FUNCTIONS[func](*args, **kwargs)

    def __getitem__(self, key: Any) -> Traced:
        keys = key if isinstance(key, tuple) else (key,)
        if any(each is not None and each is not Ellipsis for each in keys) or len(keys) != 1:
            raise NoFormulaError("elements are taken by numbers")
        front, back = ((None,), ()) if key is None else ((), ())
        return Traced(self.value[key], self.formula, (*front, *self.letters, *back), self.names)

    def reshape(self, *shape: Any) -> Traced:
        """Return the array with axes of one element, which are all that can be added."""
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        value = self.value.reshape(*map(int, sizes))
        kept = iter([x for x in self.letters if x is not None])
        letters = tuple(None if n == 1 else next(kept, None) for n in value.shape)
        plain = [n for n in self.value.shape if n != 1] == [n for n in value.shape if n != 1]
        if not plain:
            raise NoFormulaError("numbers are laid out anew")
        return Traced(value, self.formula, letters, self.names)

    def sum(self, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Traced:
        """Return sums over axes, with letters of their own."""
        return self._reduced(axis, keepdims, mean=False)

    def mean(self, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Traced:
        """Return means over axes, 1/K times a sum."""
        return self._reduced(axis, keepdims, mean=True)

    def _reduced(self, axis: Any, keepdims: bool, *, mean: bool) -> Traced:
        axes = range(self.ndim) if axis is None else np.atleast_1d(axis)
        chosen = sorted(int(each) % self.ndim for each in axes)
        bound = self._bound([x for at in chosen if (x := self.letters[at]) is not None])
        formula = summed(tuple(bound.values()), renamed(self.formula, bound))
        if mean:
            count = _counted(*(number_of(self.shape[at]) for at in chosen))
            formula = product(Quotient(ONE, count), formula)
            if isinstance(formula, Negative):
                raise NoFormulaError("the mean of a negative formula")
        value = (np.mean if mean else np.sum)(self.value, axis=tuple(chosen), keepdims=keepdims)
        letters = [
            None if at in chosen else x
            for at, x in enumerate(self.letters)
            if keepdims or at not in chosen
        ]
        return Traced(value, formula, tuple(letters), self.names)

    def _bound(self, letters: Sequence[str]) -> dict[str, str]:
        """Return a letter of its own for each that is summed over."""
        used = {x for part in self.formula.walk() for x in letters_in(part)}
        found: dict[str, str] = {}
        for letter in letters:
            candidates = (BOUND.get(letter, letter), *OTHERS)
            taken = {*used, *found.values()}
            found[letter] = next(x for x in candidates if x not in taken)
        return found


def number_of(value: Any) -> Expression:
    """Return a number as a formula."""
    if isinstance(value, Count):
        return value.formula
    number = float(value)
    return Number(Fraction(int(number)) if number.is_integer() else number)


def _counted(*factors: Expression) -> Expression:
    """Return a number of elements, its known factors as one number in front."""
    every = [x for factor in factors for x in factors_of(factor)]
    known = prod(int(x.value) for x in every if isinstance(x, Number))
    return product(number_of(known), *(x for x in every if not isinstance(x, Number)))


def _operand(given: Any, names: Names) -> Traced:
    if isinstance(given, Traced):
        return given
    if np.ndim(given) == 0:
        return Traced(np.float64(given), number_of(given), (), names)
    raise NoFormulaError("an array that is no formula of what the function takes")


def _axes(operands: Sequence[Traced]) -> list[list[str | None]]:
    """Return the letters of each axis of what operands make together."""
    rank = max(each.ndim for each in operands)
    padded = [(None,) * (rank - each.ndim) + each.letters for each in operands]
    return [[row[axis] for row in padded] for axis in range(rank)]


def _aligned(operands: list[Traced]) -> list[Traced]:
    """Return operands whose axes have the same letters: those of parameters take the others'."""
    for axis in _axes(operands):
        present = {x for x in axis if x is not None}
        plain = [x for x in present if not is_open(x)]
        if len(plain) > 1 or (len(present) > 1 and not plain):
            raise NoFormulaError("an axis has two letters")
        names = {x: plain[0] for x in present if is_open(x)} if plain else {}
        operands[0].names.beside.update(names)
        operands = [_with_letters(each, names) for each in operands]
    return operands


def is_open(letter: str) -> bool:
    """Return whether a letter is that of a parameter, which takes the place of another one."""
    return letter.startswith("_")


def _with_letters(array: Traced, names: dict[str, str]) -> Traced:
    if not any(x in names for x in array.letters):
        return array
    letters = tuple(names.get(x, x) if x else None for x in array.letters)
    return Traced(array.value, renamed(array.formula, names), letters, array.names)


def _difference(left: Expression, right: Expression) -> Expression:
    return total(left, product(Negative(right)))


def _product(left: Expression, right: Expression) -> Expression:
    if left == right:
        return Power(left, 2)
    return numbers_first(product(left, right))


def _quotient(above: Expression, below: Expression) -> Expression:
    if above == ZERO:
        return ZERO
    if isinstance(above, Negative):
        return Negative(_quotient(above.body, below))
    number = isinstance(below, Number | Symbol | Product) and above != ONE
    return product(Quotient(ONE, below), above) if number else Quotient(above, below)


def _power(base: Expression, exponent: Expression) -> Expression:
    if not isinstance(exponent, Number) or exponent.value != int(exponent.value):
        raise NoFormulaError("a power that is no whole number")
    return Power(base, int(exponent.value))


UFUNCS: dict[Any, Callable[..., Expression]] = {
    np.add: total,
    np.subtract: _difference,
    np.multiply: _product,
    np.divide: _quotient,
    np.negative: lambda body: product(Negative(body)),
    np.power: _power,
    np.square: lambda body: Power(body, 2),
    np.sqrt: lambda body: Call("sqrt", (body,)),
    np.exp: lambda body: Call("exp", (body,)),
    np.log: lambda body: Call("log", (body,)),
    np.tanh: lambda body: Call("tanh", (body,)),
    np.abs: lambda body: Call("abs", (body,)),
}
"""Operations of each element, and the formulas that they make."""


def _zeros_like(array: Traced, dtype: Any = None) -> Traced:
    return Traced(np.zeros(array.value.shape), ZERO, array.letters, array.names)


FUNCTIONS: dict[Any, Callable[..., Traced]] = {
    np.sum: Traced.sum,
    np.mean: Traced.mean,
    np.zeros_like: _zeros_like,
    np.square: lambda array: array * array,
}
"""Operations of arrays."""
