"""Copies of panels rounded to bfloat16, as products read them; samples likewise, row by row.

Numbers are held as float32, or as bfloat16 in pairs that one instruction multiplies and adds up:
**across**, two features of a sample, 32 features side by side, or **down**, two samples of a
feature, a vector of such pairs for each pair of rows. Features beyond the last are zero, and so is
the other one of an odd last row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chainrule.engine.language.bfloat16 import halves, nearest, store_pairs, store_rows
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.values import Integer, Vector
from chainrule.engine.machine.memory import VECTOR

ROUND = fields("first last rows features samples x x_stride across across_stride down down_stride")


@kernel(*ROUND)
def widened(k: KernelBuilder, *, gathered: bool) -> None:
    """Rows as float32, in panels from the first to before the last."""
    with _each(k, k.argument("rows"), gathered=gathered) as (n, v):
        to = k.argument("down") + v * k.argument("down_stride") + n * VECTOR
        k.store(nearest(k, _row(k, n, v, gathered=gathered)), to)


@kernel(*ROUND)
def paired(k: KernelBuilder, *, gathered: bool, across: bool, down: bool) -> None:
    """Rows as bfloat16, two by two, across or down or both."""
    rows = k.argument("rows")

    def put(pair: Integer, v: Integer, even: Vector, odd: Vector) -> None:
        both = halves(k, even, odd)
        if across:
            at = k.argument("across") + (v // 2) * k.argument("across_stride")
            at = at + (v % 2) * (VECTOR // 2) + pair * (2 * VECTOR)
            store_rows(k, both, at, at + VECTOR)
        if down:
            at = k.argument("down") + v * k.argument("down_stride") + pair * VECTOR
            store_pairs(k, both, at)

    with _each(k, rows // 2, gathered=gathered) as (pair, v):
        even, odd = (_row(k, pair * 2 + n, v, gathered=gathered) for n in (0, 1))
        put(pair, v, even, odd)
    with k.when((rows % 2).equals(1)), k.loop(k.argument("first"), k.argument("last")) as v:
        put(rows // 2, v, _row(k, rows - 1, v, gathered=gathered), k.constant(0.0))


@contextmanager
def _each(
    k: KernelBuilder, count: Integer, *, gathered: bool
) -> Iterator[tuple[Integer, Integer]]:
    """Walk over rows, or pairs of them, and panels: memory is read from front to back."""
    first, last = k.argument("first"), k.argument("last")
    if gathered:
        with k.loop(0, count) as n, k.loop(first, last) as v:
            yield n, v
    else:
        with k.loop(first, last) as v, k.loop(0, count) as n:
            yield n, v


def _row(k: KernelBuilder, n: Integer, v: Integer, *, gathered: bool) -> Vector:
    """Return a vector of a row, with zeros beyond the last feature."""
    if gathered:
        at = k.load_integer(k.argument("samples") + n * 8) + v * VECTOR
    else:
        at = k.argument("x") + v * k.argument("x_stride") + n * VECTOR
    return k.load_first(at, k.argument("features") - v * k.lanes)
