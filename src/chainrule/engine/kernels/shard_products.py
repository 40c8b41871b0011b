"""Products whose taps are samples in shards: one chain for each shard, and chains added in a tree.

A tile's chains are added while they are in registers; those that wait for others lie in levels, as
in a binary counter, in scratch that stays in the first cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import product, tiles
from chainrule.engine.kernels.product import END, EVEN, NUMBERS, Rows, Terms
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.language.values import Vector

LEVELS = 4
"""Levels of sums: at most 8 shards are done at once."""

MOST = 1 << LEVELS - 1


def table_of(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return for each of some shards its taps, and how many sums it completes."""
    completed = [next(k for k in count() if (shard + 1) >> k & 1) for shard in range(len(sizes))]
    return np.array([*zip(sizes, completed, strict=True)], np.int64).reshape(-1)


@kernel(*EVEN, *END, "row_block", "depth_block", "sums", "shards", "table")
def turned(k: KernelBuilder) -> None:
    """The product of that name, of so many shards, a power of two; taps are in no blocks."""
    product.even_rows(k, k.item, NUMBERS, _tiles)


def _tiles(
    k: KernelBuilder, heights: tiles.Heights, rows_of: Rows, terms: Terms, extra: int
) -> dict[tuple[int, int], KernelBuilder]:
    """Emit functions of whole tiles; of what they take, row, column and address count."""

    def sums(tile: KernelBuilder, high: int, wide: int) -> Sequence[Vector]:
        return _over_shards(tile, rows_of, terms, high, wide)

    return tiles.functions(k, tiles.sizes(heights), sums, product.hand_over, extra=extra)


def _over_shards(
    k: KernelBuilder, rows_of: Rows, terms: Terms, high: int, wide: int
) -> Sequence[Vector]:
    size = high * wide
    level, zeros = size * k.wide, [k.constant(0.0)] * size
    waiting, rows = k.allocate(LEVELS * size), rows_of(k, high)
    start = [*zeros, k.argument("taps")]
    with k.loop(0, k.argument("shards"), carry=start) as shard:
        at, first = k.argument("table") + shard.index * 16, shard.carried[-1]
        taps, completed = k.load_integer(at), k.load_integer(at + 8)
        own = product.summed(k, terms, rows, wide, first, taps, zeros)
        with k.loop(0, completed, carry=own) as up:
            before = product.places(k, waiting + up.index * level, size)
            pairs = zip(before, up.carried, strict=True)
            up.following = [k.load_scratch(place) + total for place, total in pairs]
        to = product.places(k, waiting + completed * level, size)
        for total, place in zip(up.carried, to, strict=True):
            k.store_scratch(total, place)
        shard.following = [*up.carried, first + taps * 16]
    return list(shard.carried[:-1])
