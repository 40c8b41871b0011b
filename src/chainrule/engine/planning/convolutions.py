"""Convolutions in a plan: the same product as a Linear, with a table of taps.

The table says where in the (padded) image each tap lies. The gradient by the input is one more
such product, by the taps that see a pixel; the gradient by the filters is the product that sums
along lanes, for which threads share out the output channels.
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from chainrule.engine.kernels.library import Kernel
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.machine.planes import Margin, Planes
from chainrule.engine.network.lowering import Block
from chainrule.engine.network.windows import Phase, Taps, Windows
from chainrule.engine.planning.blocks import BlockPlan, BlockValues, Means, in_registers, zeros
from chainrule.engine.planning.program import share
from chainrule.functions import Conv2d, Elementwise

STRIP = 3
"""Columns of pixels for which taps are left out together: as many as a product takes at once."""


class Convolution(BlockPlan):
    """Plans a convolution and the maps after it; ``inputs`` and ``outputs`` are a group's."""

    def __init__(
        self,
        means: Means,
        block: Block,
        values: BlockValues,
        reads: Planes,
        before: BlockPlan | None,
    ) -> None:
        super().__init__(means, block, values, reads, before)
        assert isinstance(block.function, Conv2d)
        self.groups = block.function.groups
        self.inputs = block.inputs[0] // self.groups
        self.outputs = block.outputs[0] // self.groups
        self.item = self.dtype.itemsize
        self.filter = self.inputs * self.windows.area * self.item  # bytes of one
        self.one = aligned((VECTOR // self.item,), self.dtype)
        self.one[:] = 1
        filters = self.weights.filters
        self.W = address(filters[block.weights or ""].values)
        self.dW = address(filters[block.weights or ""].gradient)
        self.bias = (
            address(filters[block.bias].values)
            if block.bias
            else zeros(self.code, block.outputs[0], self.dtype)
        )

    @staticmethod
    def gradient_margins(windows: Windows) -> tuple[Margin, Margin]:
        """Return how far the windows that see a pixel reach over those that there are."""
        return windows.gradient_margins

    def _product(
        self, thread: int, epilogue: Kernel, arguments: dict[str, int], **values: int
    ) -> None:
        """Add a product, and what happens to its results while they are at hand."""
        packed = self.code.pack(epilogue, **arguments)
        self.code.add(
            thread,
            self.library.product,
            **values,
            epilogue=epilogue.address,
            arguments=address(packed),
        )

    # ---- forward

    def forward(self, thread: int, tile: int) -> None:
        """Add Z[o,i,j] = Σ W[o,c,u,v] X[c,s·i+d·u−p,s·j+d·v−p] + b[o] and the maps, row by row."""
        block, values, windows = self.block, self.values, self.windows
        taps = windows.taps(self.reads, self.inputs)
        table = self.code.table(np.arange(len(taps)) * self.item, taps)
        filters = self.code.table(np.arange(self.outputs) * self.filter)
        fused = in_registers(block)
        like = values.y[0] if fused else values.z
        assert like is not None
        by_rows = {"by_rows": True}
        epilogue = (
            self.library.activation(fused, **by_rows)
            if fused is not None
            else self.library.affine(**by_rows)
        )
        for group, i in product(range(self.groups), range(windows.count[0])):
            o = group * self.outputs
            arguments = {
                "bias": self.bias + o * self.item,
                "z": values.z.at(tile, o, i) if values.z else 0,
                "y": values.y[0].at(tile, o, i) if fused else 0,
                "row_stride": like.channel,
                "vector_stride": VECTOR,
            }
            self._product(
                thread,
                epilogue,
                arguments,
                rows=self.outputs,
                vectors=windows.count[1],
                depth=len(taps),
                a=self.W + o * self.filter,
                row_offsets=filters,
                taps=table,
                x=windows.first(self.reads, tile, group * self.inputs, i),
                x_stride=windows.steps(self.reads)[1],
            )
        self.maps(thread, tile, first=0 if fused is None else 1)

    # ---- backprop

    def backward(self, thread: int, tile: int) -> None:
        """Add dX[c,h,w] = Σ W[o,c,u,v] dY[o,i,j] over the windows that see the pixel."""
        before = self.before
        assert before is not None
        last = self._fused_slope(before)
        for vertical, horizontal in self.windows.phases:
            self._phase(thread, tile, before, last, vertical, horizontal)
        before.slopes(thread, tile, len(before.block.maps) - (last is not None))

    @staticmethod
    def _fused_slope(before: BlockPlan) -> Elementwise | None:
        """Return the last map of the block before, if its slope can be multiplied in registers."""
        values, maps = before.values, before.block.maps
        x = values.y[-2] if len(values.y) > 1 else values.z
        alike = x is None or (bool(values.y) and x.margins == values.y[-1].margins)
        last = maps[-1] if maps and alike else None
        return last if isinstance(last, Elementwise) else None

    def _phase(
        self,
        thread: int,
        tile: int,
        before: BlockPlan,
        last: Elementwise | None,
        vertical: Phase,
        horizontal: Phase,
    ) -> None:
        """Add the gradient by the pixels of a phase, row by row.

        At the edges, windows that would see the pixels do not exist: their taps are left out.
        """
        gradient, windows = self.values.gradient, self.windows
        epilogue = self.library.store if last is None else self.library.slope(last)
        by_channel = self.code.table(np.arange(self.inputs) * windows.area * self.item)
        (high, wide), (down, right) = windows.count, (windows.rows.stride, windows.columns.stride)
        cut = product(vertical.pieces(high, 1), horizontal.pieces(wide, STRIP))
        for rows, columns in cut:
            taps = self._taps_back(rows.taps, columns.taps)
            for i, group in product(range(rows.first, rows.first + rows.count), range(self.groups)):
                h, w = vertical.first + i * down, horizontal.first + columns.first * right
                self._product(
                    thread,
                    epilogue,
                    self._going_to(before, last, tile, group * self.inputs, h, w),
                    rows=self.inputs,
                    vectors=columns.count,
                    depth=self.outputs * len(rows.taps) * len(columns.taps),
                    a=self.W + group * self.outputs * self.filter,
                    row_offsets=by_channel,
                    taps=taps,
                    x=gradient.at(tile, group * self.outputs, i, columns.first),
                    x_stride=VECTOR,
                )

    def _taps_back(self, vertical: Taps, horizontal: Taps) -> int:
        """Keep the table of the weights, and of the windows, that see the pixels of a phase."""
        gradient, columns = self.values.gradient, self.windows.columns.size
        taps = list(product(range(self.outputs), vertical, horizontal))
        return self.code.table(
            [o * self.filter + (u * columns + v) * self.item for o, (u, _), (v, _) in taps],
            [o * gradient.channel + i * gradient.row + j * VECTOR for o, (_, i), (_, j) in taps],
        )

    def _going_to(self, before: BlockPlan, last: Elementwise | None, *place: int) -> dict[str, int]:
        """Return the epilogue's arguments: where gradients go, and what a slope is made from."""
        values, target = before.values, before.values.gradient
        stride = self.windows.columns.stride * VECTOR
        given = {"gradient": target.at(*place), "vector_stride": stride}
        if last is None:
            return given | {"row_stride": target.channel}
        x, y = values.y[-2] if len(values.y) > 1 else values.z, values.y[-1]
        return given | {
            **{"x": x.at(*place) if x else 0, "y": y.at(*place), "row_stride": y.channel},
            **{"gradient_row": target.channel, "gradient_vector": stride},
        }

    # ---- gradients of the filters

    def filters(self, thread: int, threads: int, tiles: int) -> None:
        """Add dW[o,c,u,v] = Σ dY[o,i,j] X[c,s·i+d·u−p,s·j+d·v−p] and db, for a share of o."""
        reads, gradient, windows = self.reads, self.values.gradient, self.windows
        own = share(self.outputs, threads, thread)
        if own[0] == own[1]:
            return
        row, column = windows.steps(reads)
        pairs = self.code.table(
            self._windows_at(tiles, gradient.tile, gradient.row, VECTOR),
            self._windows_at(tiles, reads.tile, row, column),
        )
        taps = windows.taps(reads, self.inputs)
        across = self.code.table(taps)
        for group in range(self.groups):
            first, last = (group * self.outputs + o for o in own)
            self.code.add(
                thread,
                self.library.dot,
                rows=last - first,
                columns=len(taps),
                depth=tiles * prod(windows.count),
                a=gradient.at(0, first),
                row_offsets=self.code.table(np.arange(last - first) * gradient.channel),
                taps=pairs,
                x=windows.first(reads, 0, group * self.inputs),
                column_offsets=across,
                y=self.dW + first * self.filter,
                y_row=self.filter,
            )
            self.bias_gradient(thread, (first, last), tiles)

    def bias_gradient(self, thread: int, outputs: tuple[int, int], tiles: int) -> None:
        """Add db[o] = Σ dY[o,i,j] for some of all outputs."""
        if not self.block.bias:
            return
        gradient, first = self.values.gradient, outputs[0]
        places = self._windows_at(tiles, gradient.tile, gradient.row, VECTOR)
        self.code.add(
            thread,
            self.library.dot,
            rows=outputs[1] - first,
            columns=1,
            depth=len(places),
            a=gradient.at(0, first),
            row_offsets=self.code.table(np.arange(outputs[1] - first) * gradient.channel),
            taps=self.code.table(places, np.zeros(len(places))),
            x=address(self.one),
            column_offsets=self.code.table([0]),
            y=address(self.weights.filters[self.block.bias].gradient) + first * self.item,
            y_row=self.item,
        )

    def _windows_at(self, tiles: int, tile: int, row: int, column: int) -> list[int]:
        """Return where all windows of all tiles lie, given bytes from one to the next."""
        sizes = map(range, (tiles, *self.windows.count))
        return [t * tile + i * row + j * column for t, i, j in product(*sizes)]
