"""Tiles of products: sums of so many rows and columns at once as the registers hold.

Each size is a function of its own, in the module of the kernel that walks over all tiles, with two
arguments more than that: the tile's first row and its first column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from llvmlite import ir

from chainrule.engine.language.emit import Kernel
from chainrule.engine.language.values import Vector

Sizes = tuple[tuple[int, ...], tuple[int, ...]]
"""Rows and columns of tiles, largest first."""

Sums = Callable[[Kernel, int, int], Sequence[Vector]]
"""Emits the sums of a tile of so many rows and columns, row by row."""

End = Callable[[Kernel, Sequence[Vector], int, int], None]
"""Emits what becomes of them."""


def functions(
    module: ir.Module, dtype: Any, fields: Sequence[str], sizes: Sizes, sums: Sums, end: End
) -> dict[tuple[int, int], Kernel]:
    """Emit the function (arguments, row, column) of each size; return them by rows and columns."""
    emitted = {}
    for high, wide in product(*sizes):
        k = Kernel(f"tile_{high}x{wide}", dtype, fields, module=module, extra=2, inner=True)
        end(k, sums(k, high, wide), high, wide)
        emitted[high, wide] = k.finish()
    return emitted
