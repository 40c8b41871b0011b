"""Products of numbers in bfloat16, two at a time, by the instruction that adds them to float32.

    Y[m,p] = Σ_k A[rows[m] + taps[k].a] · X[taps[k].x + p]

as in :mod:`chainrule.engine.kernels.product`, but k runs over pairs, of which A has two numbers one
after the other and X two for each lane. Of a pair the odd one is added first, then the even one,
each as a fused multiply-add: the chain of the other product where its taps are in that order.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engine.kernels import product as whole, tiles
from chainrule.engine.language.bfloat16 import add_products, load_pairs, spread_pair
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.values import Vector


@kernel(*whole.PRODUCT, "epilogue", "arguments")
def product(k: KernelBuilder) -> None:
    """Products that an epilogue takes over: a function for each tile, and a loop over all tiles."""
    heights = dict(k.target.tile)
    sizes = [(high, wide) for wide, rows in heights.items() for high in rows]
    tile = tiles.functions(k, sizes, _sums, whole.hand_over)
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
        right = [load_pairs(k, column + from_x) for column in columns]
        sums: list[Vector] = []
        for i, row in enumerate(rows):
            left, own = spread_pair(k, row + from_a), turn.carried[i * wide : (i + 1) * wide]
            sums += [add_products(k, left, x, y) for x, y in zip(right, own, strict=True)]
        turn.following = sums
    return list(turn.carried)
