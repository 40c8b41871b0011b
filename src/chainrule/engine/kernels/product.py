"""The product of all linear functions, in broadcast form.

    Y[m,p] = Σ_k A[rows[m] + taps[k].a] · X[taps[k].x + p]

m runs over rows, p along the lanes of vectors. A and X are read where they lie, through byte
offsets: a shuffled batch is a table of rows, its transpose a table of taps. Each result is one
chain of fused multiply-adds in the order of k, whatever the tile.

A tile of results is computed in registers, put into scratch that stays in the first cache, and
handed to an epilogue: a function (its arguments, scratch, row, vector, rows, vectors) that adds a
bias, applies a function or moves a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engine.kernels import tiles
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.values import Integer, Vector, fma
from chainrule.engine.machine.memory import VECTOR

PRODUCT = ("rows", "vectors", "depth", "a", "row_offsets", "taps", "x", "x_stride")


@kernel(*PRODUCT, "epilogue", "arguments")
def product(k: KernelBuilder) -> None:
    """Products that an epilogue takes over: a function for each tile, and a loop over all tiles."""
    _all_tiles(k, hand_over)


@kernel(*PRODUCT, "y", "y_row")
def stored(k: KernelBuilder) -> None:
    """Products that are stored as they are, row by row; for short sums, of which there are many."""
    _all_tiles(k, _store)


def _all_tiles(k: KernelBuilder, end: tiles.End) -> None:
    heights = dict(k.target.tile)
    sizes = [(high, wide) for wide, rows in heights.items() for high in rows]
    tile = tiles.functions(k, sizes, _sums, end)
    for p, wide in k.pieces(k.argument("vectors"), tuple(heights)):
        for m, high in k.pieces(k.argument("rows"), heights[wide]):
            k.call_inner(tile[high, wide], m, p)


def _sums(k: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
    m, p = k.extra
    a, x, stride = k.argument("a"), k.argument("x"), k.argument("x_stride")
    offsets = k.argument("row_offsets")
    rows = [a + k.load_integer(offsets + (m + i) * 8) for i in range(high)]
    columns = [x + (p + j) * stride for j in range(wide)]
    zeros = [k.constant(0.0)] * (high * wide)
    with k.loop(0, k.argument("depth"), carry=zeros) as turn:
        tap = k.argument("taps") + turn.index * 16
        from_a, from_x = k.load_integer(tap), k.load_integer(tap + 8)
        right = [k.load(column + from_x) for column in columns]
        sums: list[Vector] = []
        for i, row in enumerate(rows):
            left = spread(k.load_number(row + from_a))
            sums += [fma(left, right[j], turn.carried[i * wide + j]) for j in range(wide)]
        turn.following = sums
    return list(turn.carried)


def hand_over(k: KernelBuilder, sums: Sequence[Vector], high: int, wide: int) -> None:
    """Put the tile into scratch, and call the epilogue."""
    scratch = k.allocate(high * wide)
    for place, total in enumerate(sums):
        k.store_scratch(total, scratch + place * k.wide)
    sizes: list[Integer] = [k.integer(high), k.integer(wide)]
    k.call(k.argument("epilogue"), k.argument("arguments"), scratch, *k.extra, *sizes)


def _store(k: KernelBuilder, sums: Sequence[Vector], high: int, wide: int) -> None:
    """Store the tile, whose vectors lie side by side in a row of Y."""
    m, p = k.extra
    for i in range(high):
        row = k.argument("y") + (m + i) * k.argument("y_row") + p * VECTOR
        for j in range(wide):
            k.store(sums[i * wide + j], row + j * VECTOR)
