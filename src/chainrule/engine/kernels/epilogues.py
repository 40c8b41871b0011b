"""What happens to a tile of products while it is in the first cache.

An epilogue is a function (arguments, scratch, row, vector, rows, vectors): it finds the tile's
vectors in scratch, one row after another, and what they belong to at
``row_stride · m + vector_stride · p`` from the addresses in its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from chainrule.engine.kernels.derivatives import derivative
from chainrule.engine.language.emit import KernelBuilder, epilogue, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.step_scalars import StepScalar, trace_rule
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.network.dependencies import derivative_reads
from chainrule.functions import Elementwise

STRIDES = ("row_stride", "vector_stride")
AFFINE = ("bias", "z", "y", *STRIDES)
STORE = ("gradient", *STRIDES)
SLOPE = ("x", "y", "gradient", *STRIDES, "gradient_row", "gradient_vector")
SIZES = 4, 1
"""Vectors of a row that are done without a loop, where that is little code."""
UPDATE = ("w", "state0", "state1", "scalars", "l2", *STRIDES)


LEVELS = 16
"""Sums of gradients that may wait for others: those of 2^16 shards."""
CARRY = ("target", *(f"sum{level}" for level in range(LEVELS)), *STRIDES)


Place = tuple[Vector, Integer, Integer, Integer]
"""A vector of the products, where it belongs, and the numbers of row and vector."""


def _each(k: KernelBuilder, sizes: Sequence[int] = (1,)) -> Iterator[Place]:
    """Walk over the tile; what follows is emitted for each vector of each size of pieces of a row.

    Larger pieces take fewer instructions, and more room.
    """
    scratch, m, p, high, wide = k.extra
    row_stride, vector_stride = (k.argument(name) for name in STRIDES)
    for j, size in k.pieces(wide, sizes):
        with k.loop(0, high) as i:
            place = row_stride * (m + i) + vector_stride * (p + j)
            at = scratch + (i * wide + j) * k.wide
            for more in range(size):
                here = place + vector_stride * more
                yield k.load_scratch(at + more * k.wide), here, m + i, p + j + more


def _add_bias(
    k: KernelBuilder, product: Vector, row: Integer, vector: Integer, *, by_rows: bool
) -> Vector:
    """Return products plus bias: a number for each row, or for each lane of the vectors."""
    if by_rows:
        return product + spread(k.load_number(k.argument("bias") + row * k.item))
    return product + k.load(k.argument("bias") + vector * VECTOR)


@epilogue(*AFFINE)
def affine(k: KernelBuilder, *, by_rows: bool = False) -> None:
    """Z = products + bias."""
    for product, place, row, vector in _each(k):
        z = _add_bias(k, product, row, vector, by_rows=by_rows)
        k.store(z, k.argument("z") + place)


@epilogue(*AFFINE)
def activation(k: KernelBuilder, function: Elementwise, *, by_rows: bool = False) -> None:
    """Y = value(products + bias); that sum, Z, is kept where the derivative reads it."""
    for product, place, row, vector in _each(k):
        z = _add_bias(k, product, row, vector, by_rows=by_rows)
        if "x" in derivative_reads(function):
            k.store(z, k.argument("z") + place)
        k.store(function.value(z), k.argument("y") + place)


@epilogue(*STORE)
def store(k: KernelBuilder) -> None:
    """The gradient is the products."""
    for product, place, *_ in _each(k, SIZES):
        k.store(product, k.argument("gradient") + place)


@epilogue(*SLOPE)
def slope(k: KernelBuilder, function: Elementwise) -> None:
    """The gradient is the products times derivative(x, y); only what that reads is loaded."""
    for product, place, row, vector in _each(k):
        x, y = (partial(k.load, k.argument(name) + place) for name in ("x", "y"))
        to = k.argument("gradient_row") * row + k.argument("gradient_vector") * vector
        k.store(product * derivative(k, function, x, y), k.argument("gradient") + to)


@epilogue(*UPDATE)
def update(k: KernelBuilder, optimizer: Any) -> list[StepScalar]:
    """Each parameter moves by the optimizer's rule; return also the scalars that it reads.

    The products are the gradient, to which the penalty's, l2 · w, is added.
    """
    found: list[StepScalar] = []
    for gradient, place, *_ in _each(k, SIZES):
        found = move(k, optimizer, gradient, place)
    return found


@kernel("w", "state0", "state1", "scalars", "l2", "count", "gradient", "scale")
def update_all(k: KernelBuilder, optimizer: Any, *, scaled: bool = False) -> list[StepScalar]:
    """Move contiguous parameters by the optimizer's rule, given their gradient: no epilogue.

    The gradient may be multiplied by a scale first.
    """
    with k.loop(0, k.argument("count")) as i:
        gradient = k.load(k.argument("gradient") + i * VECTOR)
        if scaled:
            gradient = gradient * spread(k.load_number(k.argument("scale")))
        return move(k, optimizer, gradient, i * VECTOR)


@kernel("rows", "vectors", "x", "x_stride", *UPDATE)
def update_sums(k: KernelBuilder, optimizer: Any) -> list[StepScalar]:
    """Move parameters along sums of rows, panel by panel, as a product of ones with them would."""
    found: list[StepScalar] = []
    for p, wide in k.pieces(k.argument("vectors"), (4, 1)):
        columns = [k.argument("x") + (p + j) * k.argument("x_stride") for j in range(wide)]
        with k.loop(0, k.argument("rows"), carry=[k.constant(0.0)] * wide) as turn:
            pairs = zip(turn.carried, columns, strict=True)
            turn.following = [total + k.load(x + turn.index * VECTOR) for total, x in pairs]
        for j, total in enumerate(turn.carried):
            found = move(k, optimizer, total, k.argument("vector_stride") * (p + j))
    return found


@epilogue(*CARRY)
def carry(k: KernelBuilder, *, sums: int) -> None:
    """The products, to which so many sums are added one after the other, go to the target.

    As a binary counter carries: the products are the gradient of a shard, the first sum that of
    the shard before it, the next one that of the two before these, then of four.
    """
    for gradient, place, *_ in _each(k, SIZES):
        k.store(_carried(k, gradient, place, sums), k.argument("target") + place)


@kernel("rows", "vectors", "x", "x_stride", *CARRY)
def carry_sums(k: KernelBuilder, *, sums: int) -> None:
    """The same of sums of rows, panel by panel."""
    for p, wide in k.pieces(k.argument("vectors"), (4, 1)):
        columns = [k.argument("x") + (p + j) * k.argument("x_stride") for j in range(wide)]
        with k.loop(0, k.argument("rows"), carry=[k.constant(0.0)] * wide) as turn:
            pairs = zip(turn.carried, columns, strict=True)
            turn.following = [total + k.load(x + turn.index * VECTOR) for total, x in pairs]
        for j, total in enumerate(turn.carried):
            place = k.argument("vector_stride") * (p + j)
            k.store(_carried(k, total, place, sums), k.argument("target") + place)


@kernel("count", "x", "y", "target")
def plus(k: KernelBuilder) -> None:
    """The target becomes X + Y, for `count` vectors."""
    with k.loop(0, k.argument("count")) as i:
        x, y = (k.load(k.argument(name) + i * VECTOR) for name in ("x", "y"))
        k.store(x + y, k.argument("target") + i * VECTOR)


def _carried(k: KernelBuilder, total: Vector, place: Integer, sums: int) -> Vector:
    for level in range(sums):
        total = k.load(k.argument(f"sum{level}") + place) + total
    return total


def move(k: KernelBuilder, optimizer: Any, gradient: Vector, place: Integer) -> list[StepScalar]:
    """Move the parameters and the state at a place; return the scalars that it reads."""
    slots = [f"state{number}" for number in range(len(optimizer.slots))]

    def scalar(number: int) -> Vector:
        return spread(k.load_number(k.argument("scalars") + number * k.item))

    w = k.load(k.argument("w") + place)
    state = tuple(k.load(k.argument(slot) + place) for slot in slots)
    penalty = spread(k.load_number(k.argument("l2"))) * w
    moved, fresh, scalars = trace_rule(optimizer, w, gradient + penalty, state, scalar)
    if moved is not w:
        k.store(moved, k.argument("w") + place)
    for slot, old, new in zip(slots, state, fresh, strict=True):
        if new is not old:
            k.store(new, k.argument(slot) + place)
    return scalars
