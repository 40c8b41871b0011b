"""Gradients of filters of 3 × 3 taps in a plan, by Winograd's minimal filtering.

    dW = Gᵀ [Σ (A dY Aᵀ) ∘ (Bᵀ d B)] G

The sums at the 16 points run over all tiles of windows, and along lanes. Each tile of images has
sums of its own, which a thread adds up line by line of points, for as many rows of windows as fit
into a core's cache; in the end they are added in the order of the images.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engine.kernels import dot, planes, winograd
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.machine.planes import Planes, points
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.context import PlanContext
from chainrule.types import Array

Line = tuple[int, int, float, float]
"""A line of points: the two rows that it is made from, and their factors."""

PIXELS: tuple[Line, ...] = ((0, 2, 1, -1), (1, 2, 1, 1), (2, 1, 1, -1), (1, 3, 1, -1))
WINDOWS: tuple[Line, ...] = ((0, 1, 1, 0), (0, 1, 1, 1), (0, 1, 1, -1), (0, 1, 0, -1))

DEPTH = 32
"""Tiles of windows that are summed at a time, at least, if there are as many."""


class FilterSums:
    """Plans the sums of a convolution; ``inputs`` and ``outputs`` are a group's channels."""

    def __init__(
        self, context: PlanContext, windows: Windows, reads: Planes, gradient: Planes, groups: int
    ) -> None:
        self.context, self.code, self.library = context, context.code, context.library
        self.windows, self.reads, self.gradient, self.groups = windows, reads, gradient, groups
        self.dtype = context.dtype
        self.inputs, self.outputs = reads.shape[0] // groups, gradient.shape[0] // groups
        self.down, self.across = (-(-count // 2) for count in windows.count)
        self.at_once = min(self.down, -(-DEPTH // self.across))
        lanes = VECTOR // self.dtype.itemsize
        size = groups * self.outputs * self.inputs
        whole = (-(-size // lanes) + 1) * lanes  # the last tile of sums may be smaller
        self.sums = aligned((len(reads.data), 16, whole), self.dtype)
        self._scratches: dict[int, tuple[Array, Array]] = {}

    def add(self, thread: int, tile: int) -> None:
        """Add the sums of a tile of images, once its gradient is known."""
        sums = self.sums[tile]
        vectors = sums.nbytes // VECTOR
        self.context.pixels(thread, self.library.get(planes.zero), (1, 1, vectors), y=address(sums))
        if thread not in self._scratches:
            sizes = (self.groups * self.outputs, self.groups * self.inputs)
            most = self.at_once * self.across
            Q, V = (points(4, channels, most, self.dtype) for channels in sizes)
            self._scratches[thread] = Q, V
        Q, V = self._scratches[thread]
        for first in range(0, self.down, self.at_once):
            rows = min(self.at_once, self.down - first)
            from_y = self.gradient.at(tile, 0, 2 * first)
            from_x = self.windows.first(self.reads, tile, 0, 2 * first)
            for line in range(4):
                kernel = self.library.get(winograd.gradient_line)
                self._transform(thread, kernel, self.gradient, from_y, WINDOWS[line], rows, Q)
                kernel = self.library.get(winograd.input_line)
                self._transform(thread, kernel, self.reads, from_x, PIXELS[line], rows, V)
                self._multiply(thread, Q, V, sums[4 * line : 4 * line + 4], rows * self.across)

    def _transform(
        self,
        thread: int,
        kernel: Any,
        images: Planes,
        start: int,
        line: Line,
        rows: int,
        target: Array,
    ) -> None:
        """Add a line of points of all channels."""
        first, second, *factors = line
        signs = np.array(factors, dtype=self.dtype)
        self.code.kept.append(signs)
        self.code.add(
            thread,
            kernel,
            channels=images.shape[0],
            rows=rows,
            columns=self.across,
            x=start + first * images.row,
            x_channel=images.channel,
            x_row=images.row,
            second=(second - first) * images.row,
            signs=address(signs),
            v=address(target),
            v_channel=target.strides[1],
            v_point=target.strides[0],
        )

    def _multiply(self, thread: int, Q: Array, V: Array, sums: Array, tiles: int) -> None:
        """Add the products of a line of points, summed over tiles of windows and lanes."""
        down = self.code.table(np.arange(self.outputs) * Q.strides[1])
        across = self.code.table(np.arange(self.inputs) * V.strides[1])
        for point in range(4):
            for group in range(self.groups):
                pairs = group * self.outputs * self.inputs
                self.code.add(
                    thread,
                    self.library.get(dot.added),
                    rows=self.outputs,
                    columns=self.inputs,
                    depth=tiles,
                    a=address(Q[point, group * self.outputs :]),
                    row_offsets=down,
                    x=address(V[point, group * self.inputs :]),
                    column_offsets=across,
                    y=address(sums[point, pairs:]),
                )

    def finish(self, thread: int, outputs: tuple[int, int], dW: int) -> None:
        """Add dW of some outputs, of all groups, given the sums of all tiles of images."""
        first, last = (o * self.inputs for o in outputs)
        within = np.array(dot.places(self.outputs, self.inputs, self.library.target.added_tile))
        item, size = self.dtype.itemsize, within.size
        everywhere = np.arange(self.groups)[:, None] * size + within.reshape(-1)
        self.code.add(
            thread,
            self.library.get(winograd.filter_gradients),
            count=last - first,
            places=self.code.table(everywhere.reshape(-1)[first:last] * item),
            tiles=len(self.sums),
            sums=address(self.sums),
            sums_tile=self.sums.strides[0],
            sums_point=self.sums.strides[1],
            w=dW + first * 9 * item,
        )
