"""Conv2d in a plan: the same product as a Linear, with a table of taps.

The table says where in the (padded) image each tap lies. The gradient by the input is one more
such product, by the taps that see a pixel; the gradient by the filters is the product that sums
along lanes, for which threads share out the output channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from chainrule.engine.kernels import dot, epilogues, placed, planes, product as products
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.machine.planes import Margin
from chainrule.engine.network.network import Part
from chainrule.engine.network.windows import Phase, Taps, Windows
from chainrule.engine.planning.cuts import TileCut
from chainrule.engine.planning.kinds.base import Emission, elementwise, emission
from chainrule.engine.planning.kinds.filters import Filters
from chainrule.engine.planning.kinds.images import ImageHead
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.weights import Weights
from chainrule.functions import Elementwise
from chainrule.types import Array

STRIP = 4
"""Columns of pixels for which taps are left out together: a tile of a product has them at once."""


class Convolution(ImageHead):
    """A convolution and the functions after it; ``inputs`` and ``outputs`` are a group's."""

    takes_along = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.own = Filters.of(self.context, self.part)
        self.groups, self.inputs, self.outputs = self.own.groups, self.own.inputs, self.own.outputs
        self.dtype, self.item = self.context.dtype, self.context.dtype.itemsize
        self._side_by_side: dict[tuple[int, bool], Array] = {}
        self.one = aligned((VECTOR // self.item,), self.dtype)
        self.one[:] = 1

    # ---- before there is a plan

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add filters and biases as they are."""
        for name, shape in part.shapes.items():
            weights.add(name, shape, axis=None, by_itself=True)

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return products, and epilogues of each elementwise function."""
        images = (planes.gather, planes.copy, planes.zero, dot.dot, placed.placed)
        made = [emission(epilogues.activation, f, by_rows=True) for f in elementwise()]
        return [*map(emission, images), emission(epilogues.affine, by_rows=True), *made]

    @classmethod
    def multiply_adds(cls, part: Part, entries: float | None) -> int:
        """Return those of each filter at each place."""
        return prod(part.shapes[part.names["W"]]) * prod(part.outputs[1:])

    @classmethod
    def gradient_margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return how far the windows that see a pixel reach over those that there are."""
        return windows.gradient_margins

    # ---- forward

    def forward(self, cut: TileCut) -> None:
        """Add Z[o,i,j] = Σ W[o,c,u,v] X[c,s·i+d·u−p,s·j+d·v−p] + b[o], and f(Z), row by row."""
        values, windows, tile, fused = self.values, self.windows, cut.tile, self.fused
        taps = windows.taps(self.reads, self.inputs)
        U, size = self._filters(cut.thread, back=False), self.outputs * self.own.size
        table = self.code.table(np.arange(len(taps)) * (self.outputs * self.item), taps)
        like = values.y[0] if fused else values.z
        epilogue = (
            self.library.get(epilogues.affine, by_rows=True)
            if fused is None
            else self.library.get(epilogues.activation, fused, by_rows=True)
        )
        for group, i in product(range(self.groups), range(windows.count[0])):
            o = group * self.outputs
            arguments = {
                "bias": self.own.bias + o * self.item,
                "z": values.z.at(tile, o, i) if values.z else 0,
                "y": values.y[0].at(tile, o, i) if fused else 0,
                "row_stride": like.channel,
                "vector_stride": VECTOR,
            }
            self.context.product(
                cut.thread,
                epilogue,
                arguments,
                by=products.turned,
                rows=self.outputs,
                group=self.outputs,
                vectors=windows.count[1],
                depth=len(taps),
                a=address(U) + group * size,
                taps=table,
                x=windows.first(self.reads, tile, group * self.inputs, i),
                x_stride=windows.steps(self.reads)[1],
            )
        self.follow(cut)

    # ---- backprop

    def pass_back(self, cut: TileCut, before: ImageHead) -> None:
        """Add dX[c,h,w] = Σ W[o,c,u,v] dY[o,i,j] over the windows that see the pixel.

        Forward was Z[o,i,j] = Σ W[o,c,u,v] X[c,s·i+d·u−p,s·j+d·v−p], so pixel h is seen by tap u of
        the window i with s·i + d·u − p = h: a product over the filters' outputs, with W read by
        columns.
        """
        last = self._fused_slope(before)
        for vertical, horizontal in self.windows.phases:
            self._phase(cut, before, last, vertical, horizontal)
        before.slopes(cut, len(before.pointwise) - (last is not None))

    @staticmethod
    def _fused_slope(before: ImageHead) -> Elementwise | None:
        """Return the last function of the part before, if registers can take its slope along."""
        values = before.values
        x = values.before(max(0, len(values.y) - 1))
        alike = x is None or (bool(values.y) and x.strides == values.y[-1].strides)
        return before.last_slope if alike else None

    def _phase(
        self,
        cut: TileCut,
        before: ImageHead,
        last: Elementwise | None,
        vertical: Phase,
        horizontal: Phase,
    ) -> None:
        """Add the gradient by the pixels of a phase, row by row.

        At the edges, windows that would see the pixels do not exist: their taps are left out.
        """
        gradient, windows, tile = self.values.gradient, self.windows, cut.tile
        epilogue = (
            self.library.get(epilogues.store)
            if last is None
            else self.library.get(epilogues.slope, last)
        )
        U, size = self._filters(cut.thread, back=True), self.outputs * self.own.size
        (high, wide), (down, right) = windows.count, (windows.rows.stride, windows.columns.stride)
        for rows, columns in product(vertical.pieces(high, 1), horizontal.pieces(wide, STRIP)):
            taps = self._taps_back(rows.taps, columns.taps)
            for i, group in product(range(rows.first, rows.first + rows.count), range(self.groups)):
                h, w = vertical.first + i * down, horizontal.first + columns.first * right
                self.context.product(
                    cut.thread,
                    epilogue,
                    self._going_to(before, last, tile, group * self.inputs, h, w),
                    by=products.turned,
                    rows=self.inputs,
                    group=self.inputs,
                    vectors=columns.count,
                    depth=self.outputs * len(rows.taps) * len(columns.taps),
                    a=address(U) + group * size,
                    taps=taps,
                    x=gradient.at(tile, group * self.outputs, i, columns.first),
                    x_stride=VECTOR,
                )

    def _taps_back(self, vertical: Taps, horizontal: Taps) -> int:
        """Keep the table of the weights, and of the windows, that see the pixels of a phase."""
        gradient, columns = self.values.gradient, self.windows.columns.size
        taps = list(product(range(self.outputs), vertical, horizontal))
        across = self.inputs * self.item
        return self.code.table(
            [o * self.own.size + (u * columns + v) * across for o, (u, _), (v, _) in taps],
            [o * gradient.channel + i * gradient.row + j * VECTOR for o, (_, i), (_, j) in taps],
        )

    def _going_to(self, before: ImageHead, last: Elementwise | None, *place: int) -> dict[str, int]:
        """Return the epilogue's arguments: where gradients go, and what a slope is made from."""
        values, target = before.values, before.values.gradient
        stride = self.windows.columns.stride * VECTOR
        given = {"gradient": target.at(*place), "vector_stride": stride}
        if last is None:
            return given | {"row_stride": target.channel}
        x, y = values.before(len(values.y) - 1), values.y[-1]
        given |= {"x": x.at(*place) if x else 0, "y": y.at(*place), "row_stride": y.channel}
        return given | {"gradient_row": target.channel, "gradient_vector": stride}

    def _filters(self, thread: int, *, back: bool) -> Array:
        """Return filters with what is made side by side, of a thread, or of all threads."""
        key = thread if self.context.prologue is None else 0, back
        if key not in self._side_by_side:
            self._side_by_side[key] = self.own.side_by_side(thread, back=back)
        return self._side_by_side[key]

    # ---- update

    def updates(self) -> Sequence[Callable[[int], None]]:
        """Return the gradients of the filters, and the moves."""
        return (self.filters, *super().updates())

    def filters(self, thread: int) -> None:
        """Add dW[o,c,u,v] = Σ dY[o,i,j] X[c,s·i+d·u−p,s·j+d·v−p] and db, for some o.

        Forward was Z[o,i,j] = Σ W[o,c,u,v] X[…], so a weight's gradient sums over the windows.
        """
        reads, gradient, windows = self.reads, self.values.gradient, self.windows
        own, tiles = partition(self.outputs, self.code.threads, thread), self.context.tiles
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
                self.library.get(dot.dot),
                rows=last - first,
                columns=len(taps),
                depth=tiles * prod(windows.count),
                a=gradient.at(0, first),
                row_offsets=self.code.table(np.arange(last - first) * gradient.channel),
                taps=pairs,
                x=windows.first(reads, 0, group * self.inputs),
                column_offsets=across,
                y=self.own.gradient + first * self.own.size,
                y_row=self.own.size,
            )
            self.bias_gradient(thread, (first, last))

    def bias_gradient(self, thread: int, outputs: tuple[int, int]) -> None:
        """Add db[o] = Σ dY[o,i,j] for some of all outputs."""
        if not self.own.bias_gradient:
            return
        gradient, first, tiles = self.values.gradient, outputs[0], self.context.tiles
        places = self._windows_at(tiles, gradient.tile, gradient.row, VECTOR)
        self.code.add(
            thread,
            self.library.get(dot.dot),
            rows=outputs[1] - first,
            columns=1,
            depth=len(places),
            a=gradient.at(0, first),
            row_offsets=self.code.table(np.arange(outputs[1] - first) * gradient.channel),
            taps=self.code.table(places, np.zeros(len(places))),
            x=address(self.one),
            column_offsets=self.code.table([0]),
            y=self.own.bias_gradient + first * self.item,
            y_row=self.item,
        )

    def _windows_at(self, tiles: int, tile: int, row: int, column: int) -> list[int]:
        """Return where all windows of all tiles lie, given bytes from one to the next."""
        sizes = map(range, (tiles, *self.windows.count))
        return [t * tile + i * row + j * column for t, i, j in product(*sizes)]
