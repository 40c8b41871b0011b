"""Sums and maxima of rows, written as the textbook has them: what softmax and its loss need."""

from __future__ import annotations

from collections.abc import Callable

from chainrule import mathematics as m
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Expression, Index, element

__all__ = [
    "Row",
    "exponential",
    "exponentials_of",
    "largest",
    "largest_and_rest",
    "product_of",
    "sum_of_others",
]

Value = Callable[[Index], Expression]
"""From a place in a row to the number there."""


class Row:
    """``count`` neighbours in memory, of which the first is at a place."""

    def __init__(self, count: int, first: Index) -> None:
        self.count, self.first = count, first

    def of(self, array: str) -> Value:
        """Return the numbers that an array has in the row."""
        return lambda i: element(array, self.first + i)


def largest(b: Block, count: int, value: Value) -> str:
    """Write a search for the first of the largest numbers, and return the name of its place."""
    place = b.place("top", 0)
    with b.loop("i", count) as i:
        v, best = value(Index.of(i)), value(Index.of(place))
        with b.when((v > best) | ~m.equal(v, v)):
            b.move(place, i)
    return place


def sum_of_others(b: Block, count: int, place: str, value: Value) -> Expression:
    """Write the sum of a row without one number, and return it; NaN if that one is not finite."""
    left_out = value(Index.of(place))
    rest = b.let("rest", left_out - left_out, changes=True)
    here = Index.of(place)
    with b.span("i", Index(), here) as i:
        b.add(rest, value(Index.of(i)))
    with b.span("i", here + 1, Index.of(count)) as i:
        b.add(rest, value(Index.of(i)))
    return rest


def largest_and_rest(b: Block, count: int, value: Value) -> tuple[Expression, Expression]:
    """Write the largest number of a row by magnitude, and the sum of the others.

    So the sum without the i-th is rest + (largest − v_i), which is accurate also where v_i is most
    of the sum of all.
    """
    place = largest(b, count, lambda i: m.abs(value(i)))
    rest = sum_of_others(b, count, place, value)
    return b.let("most", value(Index.of(place))), rest


def product_of(left: Value, right: Value) -> Value:
    """Return the products of two arrays' numbers in a row."""
    return lambda i: left(i) * right(i)


def exponentials_of(X: Value, top: Expression) -> Value:
    """Return exp(x − top) of the numbers in a row."""
    return lambda i: exponential(X(i), top)


def exponential(x: Expression, top: Expression) -> Expression:
    """Return exp(x − top) as if the difference were not rounded."""
    difference = x - top
    rounded = difference + top
    lost = (x - rounded) - (top + (difference - rounded))  # Knuth's TwoSum
    e = m.exp(difference)
    made: Expression = e + e * m.where(m.equal(lost, lost), lost, 0)
    return made
