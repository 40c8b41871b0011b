"""The product of all linear functions, in broadcast form.

    Y[m,p] = Σ_k A[rows[m] + taps[k].a] · X[taps[k].x + p]

m runs over rows, p along the lanes of vectors. A and X are read where they lie, through byte
offsets: a shuffled batch is a table of rows, its transpose a table of taps. Where rows lie evenly
apart (``even``), one address stands for all rows of a tile, which may then be larger. Each result
is one chain of fused multiply-adds in the order of k, whatever the tile.

A tile of results is computed in registers, put into scratch that stays in the first cache, and
handed to an epilogue: a function (its arguments, scratch, row, vector, rows, vectors) that adds a
bias, applies a function or moves a parameter. A long sum may be cut into blocks of taps, each done
for all rows of a block, so that what is read of X stays in the first cache meanwhile; sums wait in
memory until their chains go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.engine.kernels import tiles
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.values import Integer, Vector, fma, least, or_else
from chainrule.engine.machine.memory import VECTOR

PRODUCT = ("rows", "vectors", "depth", "a", "row_offsets", "taps", "x", "x_stride")
EVEN = ("rows", "vectors", "depth", "a", "group", "group_stride", "taps", "x", "x_stride")
END = ("epilogue", "arguments")
BLOCKS = ("row_block", "depth_block", "sums")
"""Rows and taps of a block, 0 for all; room for the sums of a block, as wide as the widest tile."""

Rows = Callable[[KernelBuilder, int], Sequence[Integer]]
"""Emits the addresses of a tile's rows, given how many these are."""


TilesOf = Callable[..., dict[tuple[int, int], KernelBuilder]]
"""Emits the functions of tiles, given their sizes, rows, terms, and how many values they take."""


@dataclass(frozen=True)
class Terms:
    """What a tap stands for: how a row and a column are loaded, and added to a sum as a product."""

    row: Callable[[KernelBuilder, Integer], Any]
    column: Callable[[KernelBuilder, Integer], Any]
    add: Callable[[KernelBuilder, Any, Any, Vector], Vector]


NUMBERS = Terms(
    row=lambda k, address: spread(k.load_number(address)),
    column=lambda k, address: k.load(address),
    add=lambda k, row, column, total: fma(row, column, total),
)


@kernel(*PRODUCT, *END, *BLOCKS, "ahead")
def product(k: KernelBuilder) -> None:
    """Products that an epilogue takes over: a function for each tile, and a loop over all tiles.

    With ``ahead`` 1, taps are numbers side by side, and the table of rows goes on with addresses
    of as many more as a tile has: what the next tile reads comes near in time.
    """

    def rows_of(tile: KernelBuilder, high: int) -> Sequence[Integer]:
        _bring_next(tile, high)
        return _rows_of_table(tile, high)

    tile = _blocked_tiles(k, k.target.tile, rows_of, NUMBERS, extra=5)

    def walk(first: Integer, rows: Integer, p: Integer, wide: int, taps: Sequence[Integer]) -> None:
        for m, high in tiles.pieces(k, rows, dict(k.target.tile)[wide]):
            sums = k.argument("sums") + m * (wide * k.wide)
            k.call_inner(tile[high, wide], first + m, p, *taps, sums)

    _each_block(k, k.target.tile, walk)


@kernel(*EVEN, *END, *BLOCKS)
def even(k: KernelBuilder) -> None:
    """The same, of rows that are a vector apart, as samples in panels."""
    even_rows(k, VECTOR, NUMBERS)


@kernel(*EVEN, *END, *BLOCKS)
def turned(k: KernelBuilder) -> None:
    """The same, of rows that are a number apart, as the features of samples."""
    even_rows(k, k.item, NUMBERS)


@kernel(*PRODUCT, "y", "y_row")
def stored(k: KernelBuilder) -> None:
    """Products that are stored as they are, row by row; for short sums, of which there are many."""
    heights = dict(k.target.tile)
    tile = tiles.functions(k, tiles.sizes(k.target.tile), _whole_sums, _store)
    for p, wide in k.pieces(k.argument("vectors"), tuple(heights)):
        for m, high in tiles.pieces(k, k.argument("rows"), heights[wide]):
            k.call_inner(tile[high, wide], m, p)


# ---- blocks


def even_rows(
    k: KernelBuilder, step: int, terms: Terms, tiles_of: TilesOf | None = None
) -> None:
    """Emit products of rows a step apart, in groups that lie ``group_stride`` apart.

    Blocks have whole groups, or there is one group. Tiles are those of blocks of taps, or others.
    """

    def rows_of(tile: KernelBuilder, high: int) -> Sequence[Integer]:
        return [tile.extra[5] + i * step for i in range(high)]

    tile = (tiles_of or _blocked_tiles)(k, k.target.even_tile, rows_of, terms, 6)
    group = k.argument("group")

    def walk(first: Integer, rows: Integer, p: Integer, wide: int, taps: Sequence[Integer]) -> None:
        with k.loop(0, rows, least(group, rows)) as g:
            row = first + g
            at = k.argument("a") + row // group * k.argument("group_stride") + row % group * step
            for m, high in tiles.pieces(k, least(rows - g, group), dict(k.target.even_tile)[wide]):
                sums = k.argument("sums") + (g + m) * (wide * k.wide)
                k.call_inner(tile[high, wide], row + m, p, *taps, sums, at + m * step)

    _each_block(k, k.target.even_tile, walk)


def _blocked_tiles(
    k: KernelBuilder, heights: tiles.Heights, rows_of: Rows, terms: Terms, extra: int
) -> dict[tuple[int, int], KernelBuilder]:
    """Emit functions (arguments, row, column, tap, taps, sums, …) of some taps of tiles."""

    def sums(tile: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
        *_, tap, count, waiting = tile.extra[:5]
        starts = [tile.constant(0.0)] * (high * wide)
        with tile.loop(0, (tap > 0).as_integer(), carry=starts) as once:
            once.following = [tile.load_scratch(at) for at in places(tile, waiting, len(starts))]
        first = tile.argument("taps") + tap * 16
        return summed(tile, terms, rows_of(tile, high), wide, first, count, once.carried)

    return tiles.functions(k, tiles.sizes(heights), sums, _wait_or_hand_over, extra=extra)


def _each_block(k: KernelBuilder, heights: tiles.Heights, walk: Callable[..., None]) -> None:
    """Emit the loops over blocks; ``walk`` emits what each of them does."""
    rows, depth = k.argument("rows"), k.argument("depth")
    row_block, depth_block = k.argument("row_block"), k.argument("depth_block")
    row_block, depth_block = or_else(row_block, rows), or_else(depth_block, depth)
    with k.loop(0, rows, row_block) as first:
        inside = least(rows - first, row_block)
        for p, wide in k.pieces(k.argument("vectors"), tuple(dict(heights))):
            with k.loop(0, depth, depth_block) as tap:
                walk(first, inside, p, wide, (tap, least(depth - tap, depth_block)))


def _wait_or_hand_over(k: KernelBuilder, sums: Sequence[Vector], high: int, wide: int) -> None:
    """Let the sums wait for more taps, or put them into scratch and call the epilogue."""
    *_, tap, count, waiting = k.extra[:5]
    done = tap + count >= k.argument("depth")
    with k.when(~done):
        for total, at in zip(sums, places(k, waiting, len(sums)), strict=True):
            k.store_scratch(total, at)
    with k.when(done):
        hand_over(k, sums, high, wide)


# ---- tiles


def _rows_of_table(k: KernelBuilder, high: int) -> Sequence[Integer]:
    """Return where a tile's rows are, by the table of them."""
    offsets = k.argument("row_offsets") + k.extra[0] * 8
    return [k.argument("a") + k.load_integer(offsets + i * 8) for i in range(high)]


def _bring_next(k: KernelBuilder, high: int) -> None:
    """Bring near what the next tile's rows have at the same taps, if that is wanted."""
    m, _, tap, count, _ = k.extra
    offsets, first = k.argument("row_offsets") + (m + high) * 8, k.argument("taps") + tap * 16
    with k.loop(0, count * k.argument("ahead"), k.lanes) as t:
        column = k.argument("a") + k.load_integer(first + t * 16)
        for i in range(high):
            k.prefetch(column + k.load_integer(offsets + i * 8))


def _whole_sums(k: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
    zeros = [k.constant(0.0)] * (high * wide)
    rows, first = _rows_of_table(k, high), k.argument("taps")
    return summed(k, NUMBERS, rows, wide, first, k.argument("depth"), zeros)


def summed(
    k: KernelBuilder,
    terms: Terms,
    rows: Sequence[Integer],
    wide: int,
    first: Integer,
    count: Integer,
    starts: Sequence[Vector],
) -> Sequence[Vector]:
    """Emit the loop over taps, that multiplies rows and columns and adds to sums."""
    x, stride, p = k.argument("x"), k.argument("x_stride"), k.extra[1]
    columns = [x + (p + j) * stride for j in range(wide)]
    with k.loop(first, first + count * 16, 16, carry=starts) as turn:
        from_a, from_x = k.load_integer(turn.index), k.load_integer(turn.index + 8)
        right = [terms.column(k, column + from_x) for column in columns]
        sums: list[Vector] = []
        for i, row in enumerate(rows):
            left, own = terms.row(k, row + from_a), turn.carried[i * wide :]
            sums += [terms.add(k, left, column, own[j]) for j, column in enumerate(right)]
        turn.following = sums
    return list(turn.carried)


def places(k: KernelBuilder, first: Integer, count: int) -> list[Integer]:
    """Return the addresses of vectors of the compute type that lie side by side."""
    return [first + place * k.wide for place in range(count)]


def hand_over(k: KernelBuilder, sums: Sequence[Vector], high: int, wide: int) -> None:
    """Put the tile into scratch, and call the epilogue."""
    scratch = k.allocate(high * wide)
    for total, at in zip(sums, places(k, scratch, len(sums)), strict=True):
        k.store_scratch(total, at)
    sizes: list[Integer] = [k.integer(high), k.integer(wide)]
    k.call(k.argument("epilogue"), k.argument("arguments"), scratch, *k.extra[:2], *sizes)


def _store(k: KernelBuilder, sums: Sequence[Vector], high: int, wide: int) -> None:
    """Store the tile, whose vectors lie side by side in a row of Y."""
    m, p = k.extra
    for i in range(high):
        row = k.argument("y") + (m + i) * k.argument("y_row") + p * VECTOR
        for j in range(wide):
            k.store(sums[i * wide + j], row + j * VECTOR)
