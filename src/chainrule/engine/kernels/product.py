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

from typing import Any

from llvmlite import ir

from chainrule.engine.compiling import Target
from chainrule.engine.emit import Kernel
from chainrule.engine.memory import VECTOR
from chainrule.engine.values import Integer, Vector, fma

FIELDS = (
    *("rows", "vectors", "depth", "a", "row_offsets", "taps", "x", "x_stride"),
    *("epilogue", "arguments"),
)


def emit(name: str, dtype: Any, target: Target) -> ir.Module:
    """Return the module of the product: a function for each tile, and the walk over all tiles."""
    module = ir.Module(name)
    row_sizes, vector_sizes = target.tile
    tiles = {(m, v): _tile(module, dtype, m, v) for m in row_sizes for v in vector_sizes}
    k = Kernel(name, dtype, FIELDS, module=module)

    def columns(p: Integer, wide: int) -> None:
        def band(m: Integer, high: int) -> None:
            k.call_inner(tiles[high, wide], m, p)

        k.cover(k.argument("rows"), row_sizes, band)

    k.cover(k.argument("vectors"), vector_sizes, columns)
    k.finish()
    return module


def _tile(module: ir.Module, dtype: Any, high: int, wide: int) -> Kernel:
    """Emit the function (arguments, m, p) of a tile of so many rows and vectors."""
    k = Kernel(f"tile_{high}x{wide}", dtype, FIELDS, module=module, extra=2, inner=True)
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
            left = k.spread(k.load_number(row + from_a))
            sums += [fma(left, right[j], turn.carried[i * wide + j]) for j in range(wide)]
        turn.following = sums
    scratch = k.allocate(high * wide)
    for place, total in enumerate(turn.carried):
        k.store(total, scratch + place * VECTOR)
    sizes: list[Integer] = [k.integer(high), k.integer(wide)]
    k.call(k.argument("epilogue"), k.argument("arguments"), scratch, m, p, *sizes)
    return k.finish()
