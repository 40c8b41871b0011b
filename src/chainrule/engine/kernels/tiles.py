"""Tiles of products: sums of as many rows and columns at once as the registers hold.

Each size is a function of its own, in the module of the kernel that walks over all tiles, with
arguments more than that: the tile's first row and its first column, and what else its sums need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Integer, Vector, least

Sizes = tuple[tuple[int, ...], tuple[int, ...]]
"""Rows and columns of tiles of any rows with any columns, largest first."""

Heights = tuple[tuple[int, tuple[int, ...]], ...]
"""Columns of tiles, and for each of these the rows, largest first."""

Sums = Callable[[KernelBuilder, int, int], Sequence[Vector]]
"""Emits the sums of a tile, given its rows and columns, row by row."""

End = Callable[[KernelBuilder, Sequence[Vector], int, int], None]
"""Emits what becomes of them."""


def functions(
    k: KernelBuilder, sizes: Iterable[tuple[int, int]], sums: Sums, end: End, extra: int = 2
) -> dict[tuple[int, int], KernelBuilder]:
    """Emit the function (arguments, row, column, …) of each size, by rows and columns."""
    emitted = {}
    for high, wide in sizes:
        name = f"tile_{high}x{wide}"
        tile = KernelBuilder(name, k.format, k.fields, module=k.module, extra=extra, inner=True)
        end(tile, sums(tile, high, wide), high, wide)
        emitted[high, wide] = tile.finish()
    return emitted


def sizes(heights: Heights) -> list[tuple[int, int]]:
    """Return rows and columns of all tiles."""
    return [(high, wide) for wide, rows in heights for high in rows]


def pieces(
    k: KernelBuilder, count: Integer, heights: Sequence[int]
) -> Iterator[tuple[Integer, int]]:
    """Yield first and size of tiles that rows are cut into.

    Where there is a size one less than the largest, as many of both are taken as leave nothing
    over, if that is possible: 16 rows are tiles of 6, 5 and 5. Else they are the largest that fit,
    then the next.
    """
    most, *smaller = heights
    if most - 1 not in smaller or most < 3:
        yield from k.pieces(count, heights)
        return
    whole = (count + (most - 1)) // most
    missing = whole * most - count
    large = least(whole - least(missing, whole), count // most)
    with k.loop(0, large) as piece:
        yield piece * most, most
    for at, size in k.pieces(count - large * most, smaller):
        yield at + large * most, size
