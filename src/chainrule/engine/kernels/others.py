"""Exponentials of a sample's numbers, and sums without the largest, as in chainrule.functions.

Such a sum is taken in two halves: of what is not the largest, and of how often the largest comes,
which counts once less. Both are added up over vectors, then over lanes in a fixed order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.lanes import count_lanes, reduce
from chainrule.engine.language.values import Integer, Vector, fma, select
from chainrule.mathematics import equal, exp


def exponential(difference: Vector, x: Vector, top: Vector) -> Vector:
    """Return exp(x − top), given x − top as it is rounded: what that has lost is a factor."""
    rounded = difference + top
    lost = (x - rounded) - (top + (difference - rounded))  # Knuth's TwoSum
    lost = select(lost.is_nan, lost.filled(0.0), lost)  # −inf − x is −inf
    e = exp(difference)
    return fma(e, lost, e)


def halves(numbers: Vector, largest: Vector) -> tuple[Vector, Integer]:
    """Return what the numbers of one vector add to the two halves of the sum."""
    same = equal(numbers, largest)
    return select(same, numbers.filled(0.0), numbers), count_lanes(same)


def without_largest(k: KernelBuilder, both: Sequence[Any], largest: Vector | float) -> Vector:
    """Return the sum that two halves make: one number, NaN if one of its terms is."""
    smaller, count = both
    return reduce(smaller, lambda a, b: a + b) + k.to_number(count - 1) * largest
