"""Softmax and its logarithm where no loss fuses with them: functions of all outputs of a sample.

A sample's numbers lie in panels, a vector in each. Lanes beyond the last output count for nothing,
and get 0.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.engine.kernels.others import exponential, halves, without_largest
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import first_lane, lanes_before, reduce, spread
from chainrule.engine.language.values import Condition, Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.mathematics import exp, expm1, log1p, maximum


@kernel("first", "last", "outputs", "vector_stride", "x", "y")
def value(k: KernelBuilder, *, logarithm: bool) -> None:
    """Y = exp(X) / Σ exp(X), or X − log Σ exp(X); the largest number is subtracted first."""
    zero, lowest = k.constant(0.0), k.constant(float("-inf"))
    with k.loop(k.argument("first"), k.argument("last")) as n:
        x, y = k.argument("x") + n * VECTOR, k.argument("y") + n * VECTOR
        with k.loop(0, _vectors(k), carry=[lowest]) as turn:
            place, inside = _place(k, turn.index)
            numbers = select(inside, k.load(x + place), lowest)
            turn.following = [maximum(turn.carried[0], numbers)]
        top = spread(reduce(turn.carried[0], maximum))
        with k.loop(0, _vectors(k), carry=[zero, k.integer(0)]) as turn:
            place, inside = _place(k, turn.index)
            numbers = k.load(x + place)
            shifted = numbers - top
            e = select(inside, exponential(shifted, numbers, top), zero)
            k.store(shifted if logarithm else e, y + place)
            parts = halves(e, k.constant(1.0))
            turn.following = [total + part for total, part in zip(turn.carried, parts, strict=True)]
        rest = without_largest(k, turn.carried, 1.0)
        whole = spread(log1p(rest) if logarithm else rest + 1)
        with k.loop(0, _vectors(k)) as v:
            place, inside = _place(k, v)
            part = k.load(y + place)
            k.store(select(inside, part - whole if logarithm else part / whole, zero), y + place)


@kernel("first", "last", "outputs", "vector_stride", "y", "gradient")
def slope(k: KernelBuilder, *, logarithm: bool) -> None:
    """The gradient becomes what backprop makes of it, with sums of the others' numbers alone.

    That is Y·(gradient Σ' Y − Σ' gradient Y), or gradient (1 − exp(Y)) − exp(Y) Σ' gradient, where
    Σ' leaves a lane's own number out.
    """
    zero = k.constant(0.0)
    with k.loop(k.argument("first"), k.argument("last")) as n:
        y, gradient = k.argument("y") + n * VECTOR, k.argument("gradient") + n * VECTOR

        def numbers(v: Integer) -> tuple[Vector, Vector]:
            place, inside = _place(k, v)
            pair = k.load(gradient + place), k.load(y + place)
            return select(inside, pair[0], zero), select(inside, pair[1], zero)

        def weighted(v: Integer) -> Vector:
            dy, own = numbers(v)
            return dy if logarithm else dy * own

        gradients = _Others(k, weighted)
        outputs = None if logarithm else _Others(k, lambda v: numbers(v)[1])
        with k.loop(0, _vectors(k)) as v:
            dy, own = numbers(v)
            if outputs is None:
                dx = -dy * expm1(own) - exp(own) * gradients.sums(dy)
                dx = select(_place(k, v)[1], dx, zero)  # exp(0) is 1 beyond the last
            else:
                dx = own * (dy * outputs.sums(own) - gradients.sums(dy * own))
            k.store(dx, gradient + _place(k, v)[0])


class _Others:
    """For each of a sample's numbers, the sum of all others."""

    def __init__(self, k: KernelBuilder, numbers: Callable[[Integer], Vector]) -> None:
        zero = k.constant(0.0)
        with k.loop(0, _vectors(k), carry=[zero, zero]) as turn:
            number, (high, low) = numbers(turn.index), turn.carried
            turn.following = [maximum(high, number), maximum(low, -number)]
        high, low = (spread(reduce(end, maximum)) for end in turn.carried)
        self.largest = select(high >= low, high, -low)
        with k.loop(0, _vectors(k), carry=[zero, k.integer(0)]) as turn:
            parts = halves(numbers(turn.index), self.largest)
            turn.following = [total + part for total, part in zip(turn.carried, parts, strict=True)]
        self.rest = spread(without_largest(k, turn.carried, first_lane(self.largest)))

    def sums(self, number: Vector) -> Vector:
        """Return the sum of all but a number."""
        return self.rest + (self.largest - number)


def _vectors(k: KernelBuilder) -> Integer:
    return (k.argument("outputs") + (k.lanes - 1)) // k.lanes


def _place(k: KernelBuilder, vector: Integer) -> tuple[Integer, Condition]:
    """Return how far a vector is from the first, and which of its lanes are outputs."""
    inside = lanes_before(k.argument("outputs") - vector * k.lanes)
    return vector * k.argument("vector_stride"), inside
