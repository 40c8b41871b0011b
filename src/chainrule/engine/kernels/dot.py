"""The product whose sums run along lanes too: gradients of filters, whose lanes are samples.

    Y[m,q] = Σ_k Σ_lanes A[rows[m] + taps[k].a] · X[columns[q] + taps[k].x]

Each lane is a chain of fused multiply-adds in the order of k; at the end lanes are added up, half
with half.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from chainrule.engine.kernels import tiles
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import lane_sums, reduce
from chainrule.engine.language.values import Vector, fma

_SUMS = ("rows", "columns", "depth", "a", "row_offsets", "x", "column_offsets", "taps", "y")


@kernel(*_SUMS, "y_row")
def dot(k: KernelBuilder) -> None:
    """Products summed along lanes: a function for each tile, and a loop over all tiles."""
    _all_tiles(k, _put)


@kernel(*_SUMS)
def added(k: KernelBuilder) -> None:
    """Such products added to what Y has. Y lies tile by tile: :func:`places` says how."""
    _all_tiles(k, _add)


def places(rows: int, columns: int, sizes: tiles.Sizes) -> list[list[int]]:
    """Return where Y[m,q] lies, as a number of elements: one tile behind the other."""
    found = [[0] * columns for _ in range(rows)]
    for m, high in _pieces(rows, sizes[0]):
        for q, wide in _pieces(columns, sizes[1]):
            for i in range(high):
                for j in range(wide):
                    found[m + i][q + j] = m * columns + high * q + i * wide + j
    return found


def _pieces(count: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return what KernelBuilder.pieces yields: first and size of each piece."""
    pieces, at = [], 0
    for size in sizes:
        while count - at >= size:
            pieces.append((at, size))
            at += size
    return pieces


def _all_tiles(k: KernelBuilder, end: tiles.End) -> None:
    tile = tiles.functions(k, product(*k.target.dot_tile), _sums, end)
    row_sizes, column_sizes = k.target.dot_tile
    for m, high in k.pieces(k.argument("rows"), row_sizes):
        for q, wide in k.pieces(k.argument("columns"), column_sizes):
            k.call_inner(tile[high, wide], m, q)


def _sums(k: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
    m, q = k.extra
    rows = [
        k.argument("a") + k.load_integer(k.argument("row_offsets") + (m + i) * 8)
        for i in range(high)
    ]
    columns = [
        k.argument("x") + k.load_integer(k.argument("column_offsets") + (q + j) * 8)
        for j in range(wide)
    ]
    with k.loop(0, k.argument("depth"), carry=[k.constant(0.0)] * (high * wide)) as turn:
        tap = k.argument("taps") + turn.index * 16
        from_a, from_x = k.load_integer(tap), k.load_integer(tap + 8)
        left = [k.load(row + from_a) for row in rows]
        sums: list[Vector | None] = [None] * (high * wide)
        for j, column in enumerate(columns):
            right = k.load(column + from_x)
            for i in range(high):
                place = i * wide + j
                sums[place] = fma(left[i], right, turn.carried[place])
        turn.following = [total for total in sums if total is not None]
    return list(turn.carried)


def _put(k: KernelBuilder, totals: Sequence[Vector], high: int, wide: int) -> None:
    """Store each sum at its row and column."""
    m, q = k.extra
    for place, total in enumerate(totals):
        i, j = divmod(place, wide)
        to = k.argument("y") + (m + i) * k.argument("y_row") + (q + j) * k.item
        k.store_number(reduce(total, lambda a, b: a + b), to)


def _add(k: KernelBuilder, totals: Sequence[Vector], high: int, wide: int) -> None:
    """Add the sums to a tile of Y, and zeros to what lies behind it."""
    m, q = k.extra
    item = k.item
    to = k.argument("y") + (m * k.argument("columns") + q * high) * item
    zeros = [k.constant(0.0)] * (-len(totals) % k.lanes)
    padded = [*totals, *zeros]
    for first in range(0, len(padded), k.lanes):
        sums, at = lane_sums(padded[first : first + k.lanes]), to + first * item
        k.store(k.load(at) + sums, at)
