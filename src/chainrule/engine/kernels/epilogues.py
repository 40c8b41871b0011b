"""What happens to a tile of products while it is in the first cache.

An epilogue is a function (arguments, scratch, row, vector, rows, vectors): it finds the tile's
vectors in scratch, one row after another, and what they belong to at
``row_stride · m + vector_stride · p`` from the addresses in its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from chainrule.engine.language.emit import Kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.rates import Rate, trace_rule
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise

STRIDES = ("row_stride", "vector_stride")
AFFINE = ("bias", "z", "y", *STRIDES)
STORE = ("gradient", *STRIDES)
SLOPE = ("x", "y", "gradient", *STRIDES, "gradient_row", "gradient_vector")
UPDATE = ("w", "state0", "state1", "rates", "l2", *STRIDES)
UPDATE_ALL = ("w", "state0", "state1", "rates", "l2", "count", "gradient", "scale")


@contextmanager
def _each(k: Kernel) -> Iterator[tuple[Vector, Integer, Integer, Integer]]:
    """Walk over the tile: its vectors, where each belongs, and the numbers of row and vector."""
    scratch, m, p, high, wide = k.extra
    with k.loop(0, high) as i, k.loop(0, wide) as j:
        place = k.argument("row_stride") * (m + i) + k.argument("vector_stride") * (p + j)
        yield k.load(scratch + (i * wide + j) * VECTOR), place, m + i, p + j


def _add_bias(
    k: Kernel, product: Vector, row: Integer, vector: Integer, *, by_rows: bool
) -> Vector:
    """Return products plus bias: a number for each row, or for each lane of the vectors."""
    if by_rows:
        return product + spread(k.load_number(k.argument("bias") + row * k.dtype.itemsize))
    return product + k.load(k.argument("bias") + vector * VECTOR)


def affine(name: str, dtype: Any, *, by_rows: bool) -> ir.Module:
    """Z = products + bias."""
    k = Kernel(name, dtype, AFFINE, extra=5)
    with _each(k) as (product, place, row, vector):
        z = _add_bias(k, product, row, vector, by_rows=by_rows)
        k.store(z, k.argument("z") + place)
    return k.finish().module


def activation(
    name: str, dtype: Any, function: Elementwise, *, keep: bool, by_rows: bool
) -> ir.Module:
    """Y = value(products + bias); that sum, Z, is kept where the derivative reads it."""
    k = Kernel(name, dtype, AFFINE, extra=5)
    with _each(k) as (product, place, row, vector):
        z = _add_bias(k, product, row, vector, by_rows=by_rows)
        if keep:
            k.store(z, k.argument("z") + place)
        k.store(function.value(z), k.argument("y") + place)
    return k.finish().module


def store(name: str, dtype: Any) -> ir.Module:
    """The gradient is the products."""
    k = Kernel(name, dtype, STORE, extra=5)
    with _each(k) as (product, place, *_):
        k.store(product, k.argument("gradient") + place)
    return k.finish().module


def slope(name: str, dtype: Any, function: Elementwise, reads: frozenset[str]) -> ir.Module:
    """The gradient is the products times derivative(x, y); only what that reads is loaded."""
    k = Kernel(name, dtype, SLOPE, extra=5)
    with _each(k) as (product, place, row, vector):
        y = k.load(k.argument("y") + place) if "y" in reads else k.constant(0.0)
        x = k.load(k.argument("x") + place) if "x" in reads else y
        to = k.argument("gradient_row") * row + k.argument("gradient_vector") * vector
        k.store(product * function.derivative(x, y), k.argument("gradient") + to)
    return k.finish().module


def update(name: str, dtype: Any, optimizer: Any) -> tuple[ir.Module, list[Rate]]:
    """Each parameter moves by the optimizer's rule; return also the rates that it reads.

    The products are the gradient, to which the penalty's, l2 · w, is added.
    """
    k = Kernel(name, dtype, UPDATE, extra=5)
    rates: list[Rate] = []
    with _each(k) as (gradient, place, *_):
        rates = move(k, optimizer, gradient, place)
    return k.finish().module, rates


def update_all(
    name: str, dtype: Any, optimizer: Any, *, scaled: bool
) -> tuple[ir.Module, list[Rate]]:
    """Move contiguous parameters by the optimizer's rule, given their gradient: no epilogue.

    The gradient may be multiplied by a scale first.
    """
    k = Kernel(name, dtype, UPDATE_ALL)
    rates: list[Rate] = []
    with k.loop(0, k.argument("count")) as i:
        gradient = k.load(k.argument("gradient") + i * VECTOR)
        if scaled:
            gradient = gradient * spread(k.load_number(k.argument("scale")))
        rates = move(k, optimizer, gradient, i * VECTOR)
    return k.finish().module, rates


def move(k: Kernel, optimizer: Any, gradient: Vector, place: Integer) -> list[Rate]:
    """Move the parameters and the state at a place; return the rates that the rule reads."""
    slots = [f"state{number}" for number in range(len(optimizer.slots))]

    def rate(number: int) -> Vector:
        return spread(k.load_number(k.argument("rates") + number * k.dtype.itemsize))

    w = k.load(k.argument("w") + place)
    state = tuple(k.load(k.argument(slot) + place) for slot in slots)
    penalty = spread(k.load_number(k.argument("l2"))) * w
    moved, fresh, rates = trace_rule(optimizer, w, gradient + penalty, state, rate)
    if moved is not w:
        k.store(moved, k.argument("w") + place)
    for slot, old, new in zip(slots, state, fresh, strict=True):
        if new is not old:
            k.store(new, k.argument(slot) + place)
    return rates
