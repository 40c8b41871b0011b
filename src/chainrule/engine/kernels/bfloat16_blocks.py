"""The product of matrices in blocks of bfloat16: Y[m,p] = Σ_k A[m,k] B[k,p], summed in float32.

The order of sums is that of Intel's TDPBF16PS, a definition that any processor can follow. For
each block of 32 numbers along k, in their order,

    even = Σ A[m,k] B[k,p] over its even k, odd = the same over its odd ones
    Y[m,p] = Y[m,p] + (even + odd)

where both sums are chains of fused multiply-adds from 0 on, in the order of k, and both additions
are rounded; a last block is filled up with zeros. Denormal numbers count as 0, before and after
each operation. Where the processor has tiles of matrices they do this at once; elsewhere
multiply-adds of float32 do, and the bits are the same.

Tiles of results go to an epilogue, as those of :mod:`chainrule.engine.kernels.product` do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from chainrule.engine.kernels import tiles
from chainrule.engine.kernels.product import hand_over
from chainrule.engine.language.bfloat16 import even_halves, odd_halves
from chainrule.engine.language.body import I64, POINTER
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.values import Integer, Vector, fma, least
from chainrule.engine.machine import matrix_tiles
from chainrule.engine.machine.blocks import BLOCK
from chainrule.engine.machine.matrix_tiles import DEPTH, TILE_ROWS
from chainrule.engine.machine.memory import VECTOR

I8 = ir.IntType(8)
ROWS = 1024
"""Blocks of A whose rows are multiplied by a strip before the next: they stay in the second cache.
"""
STRIP = 4
"""Vectors of results that a strip of rows has: blocks of B of as many stay there, too."""
DEEP = 8
"""Blocks along k that are summed at once: those of A of a strip stay in the first cache."""


@kernel("rows", "vectors", "depth", "a", "a_stride", "b", "b_stride", "epilogue", "arguments")
def product(k: KernelBuilder) -> None:
    """Products that an epilogue takes over; ``depth`` are blocks along k."""
    if matrix_tiles.usable(k.target):
        _by_tiles(k)
    else:
        _by_multiply_adds(k)


# ---- tiles of matrices


def _by_tiles(k: KernelBuilder) -> None:
    _configure(k)
    scratch = k.allocate(2 * TILE_ROWS * STRIP)
    sums = {(high, wide): _tile_sums(k, high, wide) for high in (2, 1) for wide in (2, 1)}
    rows, vectors = k.argument("rows"), k.argument("vectors")
    many = (k.integer(ROWS) // k.argument("depth") // 2 + 1) * (2 * TILE_ROWS)
    with k.loop(0, rows, many) as start, k.loop(0, vectors, STRIP) as p:
        wide, stop = least(vectors - p, STRIP), least(rows, start + many)
        with k.loop(start, stop, 2 * TILE_ROWS) as m:
            high = least(stop - m, 2 * TILE_ROWS)
            for tall, condition in ((2, high > TILE_ROWS), (1, high <= TILE_ROWS)):
                with k.when(condition), k.loop(0, k.argument("depth"), DEEP) as block:
                    for j, size in k.pieces(wide, (2, 1)):
                        to = scratch + j * VECTOR
                        k.call_inner(sums[tall, size], m, p + j, block, to, wide * VECTOR)
            k.call(k.argument("epilogue"), k.argument("arguments"), scratch, m, p, high, wide)
    _tile(k, "tilerelease")


def _tile_sums(k: KernelBuilder, high: int, wide: int) -> KernelBuilder:
    """Emit the sums of tiles side by side: some blocks along k, on top of what scratch has."""
    name = f"sums_{high}x{wide}"
    f = KernelBuilder(name, k.format, k.fields, module=k.module, extra=5, inner=True)
    m, p, block, scratch, stride = f.extra
    a = f.argument("a") + (m // TILE_ROWS) * f.argument("a_stride") + block * BLOCK
    b = f.argument("b") + p * f.argument("b_stride") + block * BLOCK
    places = [(i, j, i * wide + j) for i in range(high) for j in range(wide)]
    own = [scratch + i * TILE_ROWS * stride + j * VECTOR for i, j, _ in places]
    with f.builder.if_else(block.equals(0).value) as (first, later):
        with first:
            for _, _, sums in places:
                _tile(f, "tilezero", sums)
        with later:
            for (_, _, sums), at in zip(places, own, strict=True):
                _tile(f, "tileloadd64", sums, at, stride)
    row, line = f.integer(0), f.integer(VECTOR)
    deep = least(f.argument("depth") - block, DEEP)
    with f.loop(row, deep) as turn:
        for i in range(high):
            _tile(f, "tileloadd64", 4 + i, a + i * f.argument("a_stride") + turn * BLOCK, line)
        for j in range(wide):
            _tile(f, "tileloadd64", 6 + j, b + j * f.argument("b_stride") + turn * BLOCK, line)
        for i, j, sums in places:
            _tile(f, "tdpbf16ps", sums, 4 + i, 6 + j)
    for (_, _, sums), at in zip(places, own, strict=True):
        _tile(f, "tilestored64", sums, at, stride)
    return f.finish()


def _configure(k: KernelBuilder) -> None:
    """Give all tiles their full size; what others of the process had in them is gone."""
    at = k.allocate(1)
    for place, word in enumerate(matrix_tiles.CONFIGURATION):
        k.store_integer(k.integer(word), at + 8 * place)
    _tile(k, "ldtilecfg", at)


def _tile(k: KernelBuilder, name: str, *operands: int | Integer) -> None:
    """Call an instruction on tiles: their numbers, then an address and a stride."""
    kinds: list[Any] = []
    values: list[Any] = []
    for operand in operands:
        if isinstance(operand, int):
            kinds, values = [*kinds, I8], [*values, ir.Constant(I8, operand)]
        elif POINTER not in kinds:
            kinds, values = [*kinds, POINTER], [*values, k.pointer(operand)]
        else:
            kinds, values = [*kinds, I64], [*values, operand.value]
    function = k.declared(f"llvm.x86.{name}", ir.FunctionType(ir.VoidType(), kinds))
    k.builder.call(function, values)


# ---- multiply-adds


def _by_multiply_adds(k: KernelBuilder) -> None:
    heights = dict(k.target.tile)
    sizes = [(high, wide) for wide, rows in heights.items() for high in rows]
    tile = tiles.functions(k, sizes, _sums, hand_over)
    for p, wide in k.pieces(k.argument("vectors"), tuple(heights)):
        for m, high in k.pieces(k.argument("rows"), heights[wide]):
            k.call_inner(tile[high, wide], m, p)


def _sums(k: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
    m, p = k.extra
    size = range(high * wide)
    totals, evens = k.allocate(len(size)), k.allocate(len(size))
    for place in size:
        k.store_scratch(k.constant(0.0), totals + place * k.wide)
    rows = [_row(k, m + i) for i in range(high)]
    columns = [k.argument("b") + (p + j) * k.argument("b_stride") for j in range(wide)]
    with k.loop(0, k.argument("depth")) as block:
        left, right = ([at + block * BLOCK for at in each] for each in (rows, columns))
        for place, even in enumerate(_chains(k, left, right, even_halves)):
            k.store_scratch(even, evens + place * k.wide)
        for place, odd in enumerate(_chains(k, left, right, odd_halves)):
            total, even = (k.load_scratch(at + place * k.wide) for at in (totals, evens))
            k.store_scratch(total + (even + odd), totals + place * k.wide)
    return [k.load_scratch(totals + place * k.wide) for place in size]


def _chains(
    k: KernelBuilder,
    rows: Sequence[Integer],
    columns: Sequence[Integer],
    halves: Callable[[Vector], Vector],
) -> Sequence[Vector]:
    """Return sums over the even or the odd numbers of a block: these need half the registers."""
    zeros = [k.constant(0.0)] * (len(rows) * len(columns))
    with k.loop(0, DEPTH // 2, carry=zeros) as turn:
        right = [halves(k.load(column + turn.index * VECTOR)) for column in columns]
        sums: list[Vector] = []
        for row in rows:
            left, first = halves(spread(k.load_number(row + turn.index * 4))), len(sums)
            sums += [fma(left, x, turn.carried[first + j]) for j, x in enumerate(right)]
        turn.following = sums
    return list(turn.carried)


def _row(k: KernelBuilder, row: Integer) -> Integer:
    block = k.argument("a") + (row // TILE_ROWS) * k.argument("a_stride")
    return block + (row % TILE_ROWS) * VECTOR
