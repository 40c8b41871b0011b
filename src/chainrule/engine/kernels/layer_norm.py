"""Layer normalisation of rows of numbers: all numbers of a sample get mean 0 and variance 1.

A sample's numbers lie in panels, a vector in each. Lanes beyond the last feature count for nothing,
and get 0.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import lanes_before, reduce, spread
from chainrule.engine.language.values import Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.mathematics import sqrt

ROWS = fields("first last features vector_stride epsilon x y")


@kernel(*ROWS)
def value(k: KernelBuilder) -> None:
    """Y = (X − m)·s, with the mean m and s = 1/√(v + epsilon)."""
    with k.loop(k.argument("first"), k.argument("last")) as n:
        x, y = k.argument("x") + n * VECTOR, k.argument("y") + n * VECTOR
        m, s = _moments(k, x)
        with k.loop(0, _vectors(k)) as v:
            at = v * k.argument("vector_stride")
            k.store(_inside(k, v, (k.load(x + at) - m) * s), y + at)


@kernel(*ROWS, "gradient")
def slope(k: KernelBuilder) -> None:
    """The gradient becomes s·(dY − mean(dY) − Y·mean(dY·Y))."""
    with k.loop(k.argument("first"), k.argument("last")) as n:
        x, y = k.argument("x") + n * VECTOR, k.argument("y") + n * VECTOR
        gradient = k.argument("gradient") + n * VECTOR
        _, s = _moments(k, x)
        mean = _mean(k, lambda at: k.load(gradient + at))
        along = _mean(k, lambda at: k.load(gradient + at) * k.load(y + at))
        with k.loop(0, _vectors(k)) as v:
            at = v * k.argument("vector_stride")
            dx = (k.load(gradient + at) - mean - k.load(y + at) * along) * s
            k.store(_inside(k, v, dx), gradient + at)


def _moments(k: KernelBuilder, x: Integer) -> tuple[Vector, Vector]:
    """Return the mean of a sample's numbers, and 1/√(v + epsilon), in all lanes."""
    m = _mean(k, lambda at: k.load(x + at))

    def square(at: Integer) -> Vector:
        centred = k.load(x + at) - m
        return centred * centred

    epsilon = spread(k.load_number(k.argument("epsilon")))
    return m, 1 / sqrt(_mean(k, square) + epsilon)


def _mean(k: KernelBuilder, numbers: Callable[[Integer], Vector]) -> Vector:
    """Return the mean of numbers that lie so far from the sample's first, in all lanes."""
    with k.loop(0, _vectors(k), carry=[k.constant(0.0)]) as turn:
        found = numbers(turn.index * k.argument("vector_stride"))
        turn.following = [turn.carried[0] + _inside(k, turn.index, found)]
    whole = reduce(turn.carried[0], lambda left, right: left + right)
    return spread(whole / k.to_number(k.argument("features")))


def _vectors(k: KernelBuilder) -> Integer:
    return (k.argument("features") + (k.lanes - 1)) // k.lanes


def _inside(k: KernelBuilder, vector: Integer, numbers: Vector) -> Vector:
    """Return numbers with 0 in the lanes beyond the last feature."""
    inside = lanes_before(k.argument("features") - vector * k.lanes)
    return select(inside, numbers, k.constant(0.0))
