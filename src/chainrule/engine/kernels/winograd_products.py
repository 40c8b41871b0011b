"""Products at Winograd's points, tile by tile, and what becomes of them in the first cache.

    M[point,o,t] = Σ_c U[point,o,c] · V[point,c,t]

for the 16 points of some outputs o and tiles t at a time. They go into scratch, a point after the
other, and an epilogue (its arguments, scratch, output, tile, outputs, tiles) transforms them back.
So M is never in memory as a whole. Each number is one chain of fused multiply-adds in the order
of c.

V comes from the second cache, from which a vector takes as long as some multiply-adds: so a tile
has more outputs than tiles of images, and U lies as it reads them, in blocks: as many outputs as a
tile has, of each input.
"""

from __future__ import annotations

from itertools import product

from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import spread
from chainrule.engine.language.values import Integer, Vector, fma
from chainrule.engine.machine.memory import VECTOR

POINTS = 16

SIZES = fields("outputs inputs tiles")
OPERANDS = fields("u u_points v v_channel v_point")


@kernel(*SIZES, *OPERANDS, *fields("epilogue arguments"))
def products(k: KernelBuilder) -> None:
    """Products that an epilogue takes over; ``u_points`` has each point's offset in U."""
    row_sizes, column_sizes = k.target.points_tile
    tile = {size: _tile(k, *size) for size in product(row_sizes, column_sizes)}
    for t, wide in k.pieces(k.argument("tiles"), column_sizes):
        for o, high in k.pieces(k.argument("outputs"), row_sizes):
            k.call_inner(tile[high, wide], o, t)


def _tile(k: KernelBuilder, high: int, wide: int) -> KernelBuilder:
    """Emit the function (arguments, output, tile) of some outputs and tiles."""
    given = {"target": k.target, "module": k.module, "extra": 2, "inner": True}
    tile = KernelBuilder(f"tile_{high}x{wide}", k.format, k.fields, **given)
    o, t = tile.extra
    scratch = tile.allocate(POINTS * high * wide)
    block, item = tile.target.points_tile[0][0], tile.item
    inputs = tile.argument("inputs") * item
    u = tile.argument("u") + (o // block) * block * inputs + (o % block) * item
    v = tile.argument("v") + t * VECTOR
    with tile.loop(0, POINTS) as point:
        offset = tile.load_integer(tile.argument("u_points") + point * 8)
        x = v + tile.argument("v_point") * point
        to = scratch + point * (high * wide * tile.wide)
        for place, total in enumerate(_sums(tile, u + offset, x, high, wide)):
            tile.store_scratch(total, to + place * tile.wide)
    sizes = tile.integer(high), tile.integer(wide)
    tile.call(tile.argument("epilogue"), tile.argument("arguments"), scratch, o, t, *sizes)
    return tile.finish()


def _sums(k: KernelBuilder, u: Integer, v: Integer, high: int, wide: int) -> list[Vector]:
    """Return sums over inputs of some outputs and tiles at a point, row by row."""
    end, step = v + k.argument("inputs") * k.argument("v_channel"), k.argument("v_channel")
    along = k.target.points_tile[0][0] * k.item
    with k.loop(v, end, step, carry=[u, *[k.constant(0.0)] * (high * wide)]) as turn:
        at, *sums = turn.carried
        right = [k.load(turn.index + j * VECTOR) for j in range(wide)]
        made: list[Vector] = []
        for i in range(high):
            left = spread(k.load_number(at + i * k.item))
            made += [fma(left, x, sums[i * wide + j]) for j, x in enumerate(right)]
        turn.following = [at + along, *made]
    return list(turn.carried[1:])


def packed(outputs: int, inputs: int, block: int) -> tuple[list[int], list[int]]:
    """Return where numbers of U at a point lie, in elements: that of (o, c) at rows[o] + along[c].

    They lie in blocks of outputs, of which the last one may have room that nothing reads.
    """
    rows = [o // block * block * inputs + o % block for o in range(outputs)]
    return rows, [c * block for c in range(inputs)]
