"""Softmax and its logarithm where no loss fuses with them: functions of all outputs of a sample.

A sample's numbers lie in panels, a vector in each. Lanes beyond the last output count for nothing,
and get 0.
"""

from __future__ import annotations

from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import lanes_before, reduce, spread
from chainrule.engine.language.values import Condition, Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.mathematics import exp, log, maximum


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
        with k.loop(0, _vectors(k), carry=[zero]) as turn:
            place, inside = _place(k, turn.index)
            shifted = select(inside, k.load(x + place) - top, zero)
            e = select(inside, exp(shifted), zero)
            k.store(shifted if logarithm else e, y + place)
            turn.following = [turn.carried[0] + e]
        whole = spread(reduce(turn.carried[0], _sum))
        whole = log(whole) if logarithm else whole
        with k.loop(0, _vectors(k)) as v:
            place, inside = _place(k, v)
            part = k.load(y + place)
            k.store(select(inside, part - whole if logarithm else part / whole, zero), y + place)


@kernel("first", "last", "outputs", "vector_stride", "y", "gradient")
def slope(k: KernelBuilder, *, logarithm: bool) -> None:
    """The gradient becomes Y·(gradient − Σ gradient Y), or gradient − exp(Y)·Σ gradient."""
    zero = k.constant(0.0)
    with k.loop(k.argument("first"), k.argument("last")) as n:
        y, gradient = k.argument("y") + n * VECTOR, k.argument("gradient") + n * VECTOR
        with k.loop(0, _vectors(k), carry=[zero]) as turn:
            place, inside = _place(k, turn.index)
            part = k.load(gradient + place)
            part = part if logarithm else part * k.load(y + place)
            turn.following = [turn.carried[0] + select(inside, part, zero)]
        whole = spread(reduce(turn.carried[0], _sum))
        with k.loop(0, _vectors(k)) as v:
            place, inside = _place(k, v)
            dy, own = k.load(gradient + place), k.load(y + place)
            dx = dy - exp(own) * whole if logarithm else own * (dy - whole)
            k.store(select(inside, dx, zero), gradient + place)


def _vectors(k: KernelBuilder) -> Integer:
    return (k.argument("outputs") + (k.lanes - 1)) // k.lanes


def _place(k: KernelBuilder, vector: Integer) -> tuple[Integer, Condition]:
    """Return how far a vector is from the first, and which of its lanes are outputs."""
    inside = lanes_before(k.argument("outputs") - vector * k.lanes)
    return vector * k.argument("vector_stride"), inside


def _sum(left: Vector, right: Vector) -> Vector:
    return left + right
