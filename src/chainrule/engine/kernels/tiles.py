"""Tiles of products: sums of as many rows and columns at once as the registers hold.

Each size is a function of its own, in the module of the kernel that walks over all tiles, with two
arguments more than that: the tile's first row and its first column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Vector

Sizes = tuple[tuple[int, ...], tuple[int, ...]]
"""Rows and columns of tiles of any rows with any columns, largest first."""

Sums = Callable[[KernelBuilder, int, int], Sequence[Vector]]
"""Emits the sums of a tile, given its rows and columns, row by row."""

End = Callable[[KernelBuilder, Sequence[Vector], int, int], None]
"""Emits what becomes of them."""


def functions(
    k: KernelBuilder, sizes: Iterable[tuple[int, int]], sums: Sums, end: End
) -> dict[tuple[int, int], KernelBuilder]:
    """Emit the function (arguments, row, column) of each size; return them by rows and columns."""
    emitted = {}
    for high, wide in sizes:
        name = f"tile_{high}x{wide}"
        tile = KernelBuilder(name, k.format, k.fields, module=k.module, extra=2, inner=True)
        end(tile, sums(tile, high, wide), high, wide)
        emitted[high, wide] = tile.finish()
    return emitted
