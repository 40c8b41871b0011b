"""The product whose sums run along lanes too: gradients of filters, whose lanes are samples.

    Y[m,q] = Σ_k Σ_lanes A[rows[m] + taps[k].a] · X[columns[q] + taps[k].x]

Each lane is a chain of fused multiply-adds in the order of k; at the end lanes are added up, half
with half.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.compiling import Target
from chainrule.engine.emit import Kernel
from chainrule.engine.values import Integer, Vector, fma

FIELDS = (
    *("rows", "columns", "depth", "a", "row_offsets", "x", "column_offsets", "taps"),
    *("y", "y_row"),
)


def emit(name: str, dtype: Any, target: Target) -> ir.Module:
    """Return the module: a function for each tile, and the walk over all tiles."""
    module = ir.Module(name)
    row_sizes, column_sizes = target.dot_tile
    tiles = {(m, q): _tile(module, dtype, m, q) for m in row_sizes for q in column_sizes}
    k = Kernel(name, dtype, FIELDS, module=module)

    def band(m: Integer, high: int) -> None:
        def piece(q: Integer, wide: int) -> None:
            k.call_inner(tiles[high, wide], m, q)

        k.cover(k.argument("columns"), column_sizes, piece)

    k.cover(k.argument("rows"), row_sizes, band)
    k.finish()
    return module


def _tile(module: ir.Module, dtype: Any, high: int, wide: int) -> Kernel:
    k = Kernel(f"tile_{high}x{wide}", dtype, FIELDS, module=module, extra=2, inner=True)
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
    for place, total in enumerate(turn.carried):
        i, j = divmod(place, wide)
        to = k.argument("y") + (m + i) * k.argument("y_row") + (q + j) * k.dtype.itemsize
        k.store_number(k.reduce(total, lambda a, b: a + b), to)
    return k.finish()
