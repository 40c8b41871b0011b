"""Operands in blocks of bfloat16, in the order of sums that tiles of matrices have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engine.kernels import bfloat16_blocks, bfloat16_packing
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.bfloat16 import halves
from chainrule.engine.machine.blocks import BLOCK, Blocks
from chainrule.engine.machine.matrix_tiles import DEPTH, TILE_ROWS
from chainrule.engine.planning.operands import Copies, Down, Form, Operand, Range, Rounding
from chainrule.engine.planning.program import Instructions
from chainrule.types import Array


class Blocked(Form):
    """Numbers are held as bfloat16, in blocks of 32 that are summed as such: for all processors.

    The order of sums is another one than that of the other forms.
    """

    rows_at_once = TILE_ROWS
    panels_at_once = 2
    needs_transpose = False

    def product(self, *, across: bool) -> Callable[..., Any]:
        """Return what emits the kernel of products, the same in both ways."""
        return bfloat16_blocks.product

    def operand(self, rows: int, features: int, *, across: bool, down: Down) -> Operand:
        """Return the copy of an array: one for each way."""
        return _Blocked(rows, features, across=across, down=down)

    def kernels(self) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
        """Return what emits the kernels that it needs: of samples, of values, and of gradients."""
        names = "gathered", "across", "down", "high"
        highs = DEPTH, TILE_ROWS  # the second where threads share out a block's rows
        used = [(gathered, True, "rows", high) for gathered in (True, False) for high in highs]
        used += [(False, across, "columns", TILE_ROWS) for across in (True, False)]
        copies = [(bfloat16_packing.pack, dict(zip(names, each, strict=True))) for each in used]
        moved = [(bfloat16_packing.pack_weights, {"back": back}) for back in (True, False)]
        return [(bfloat16_blocks.product, {}), *copies, *moved]

    def weights(self, rows: int, features: int, *, back: bool) -> Copies:
        """Return the copies of W and of its transpose, which are made at once."""
        down = _Blocked(rows, features, across=False, down="columns")
        return down, _Blocked(features, rows, across=False, down="columns") if back else None

    def rounds_weights(self, library: Library, copies: Copies, begin: int) -> Rounding:
        """Return the kernel that fills both copies of W."""
        down, back = copies
        assert isinstance(down, _Blocked)
        where = {"begin": begin, "down": down.down.address, "down_stride": down.down.stride}
        if isinstance(back, _Blocked):
            where |= {"back": back.down.address, "back_stride": back.down.stride}
        return library.get(bfloat16_packing.pack_weights, back=back is not None), where

    def factors(
        self,
        code: Instructions,
        left: Operand,
        right: Operand,
        rows: Range,
        panels: Range,
        *,
        across: bool,
    ) -> dict[str, int]:
        """Return the arguments of a product that say what is multiplied."""
        assert isinstance(left, _Blocked)
        assert isinstance(right, _Blocked)
        a, b = left.across if across else left.down, right.down
        return {
            "rows": rows[1] - rows[0],
            "vectors": panels[1] - panels[0],
            "depth": b.depth,
            "a": a.address + rows[0] // TILE_ROWS * a.stride,
            "a_stride": a.stride,
            "b": b.address + panels[0] * b.stride,
            "b_stride": b.stride,
        }


class _Blocked(Operand):
    def __init__(self, rows: int, features: int, *, across: bool, down: Down) -> None:
        self.rows, self.features, self._ways = rows, features, (across, down)
        self.across = Blocks.zeros(rows if across else 0, features)
        self.down = Blocks.zeros(features if down else 0, rows)

    def write(self, values: Array) -> None:
        """Take numbers over that are read down as columns."""
        panels, deep, _ = self.down.data.shape
        whole = np.zeros((deep * DEPTH, panels * TILE_ROWS), np.uint16)
        whole[: self.rows, : self.features] = halves(values)
        pairs = whole.reshape(deep, DEPTH // 2, 2, panels, TILE_ROWS).transpose(3, 0, 1, 4, 2)
        self.down.data[...] = pairs.reshape(panels, deep, BLOCK // 2)

    def rounds(self, library: Library, rows: Range, *, gathered: bool) -> Rounding:
        """Return the kernel that fills some rows."""
        across, down = self._ways
        whole = rows[0] % DEPTH == 0 and (rows[1] % DEPTH == 0 or rows[1] == self.rows)
        where = {
            "begin": rows[0],
            "across": self.across.address,
            "across_stride": self.across.stride,
            "down": self.down.address,
            "down_stride": self.down.stride,
        }
        options = {"gathered": gathered, "across": across, "down": down}
        high = DEPTH if whole and down == "rows" else TILE_ROWS
        return library.get(bfloat16_packing.pack, high=high, **options), where
