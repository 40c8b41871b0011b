"""The part of a plan that images go through: convolutions, pools, and functions of each pixel.

Lanes are samples, and threads share out the tiles of as many samples as a vector has lanes. After
the last block, images turn into rows of numbers by transposing blocks of a vector's width.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Kernel, Library
from chainrule.engine.machine.memory import VECTOR, Panels, address
from chainrule.engine.machine.planes import NONE, Planes, Shape
from chainrule.engine.network.lowering import Block, derivative_reads
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.blocks import BlockPlan, BlockValues, Means, in_registers
from chainrule.engine.planning.convolutions import Convolution
from chainrule.engine.planning.pools import Pool
from chainrule.engine.planning.program import Instructions, share
from chainrule.engine.planning.weights import Weights
from chainrule.engine.planning.winograd import Winograd
from chainrule.functions import Conv2d, Dropout, MaxPool2d

Array = NDArray[Any]


class Images:
    """Plans the blocks of a network, before its stages.

    ``rows`` is what the first stage reads, and ``gradient`` the gradient by it, both in panels.
    """

    def __init__(
        self,
        blocks: tuple[Block, ...],
        weights: Weights,
        rows: int,
        code: Instructions,
        library: Library,
        seed: int,
    ) -> None:
        self.blocks, self.weights, self.code, self.library = blocks, weights, code, library
        self.dtype = weights.dtype
        self.lanes = VECTOR // self.dtype.itemsize
        self.tiles = -(-rows // self.lanes)
        self.features = prod(blocks[-1].outputs)
        padded = self.tiles * self.lanes
        self.rows = Panels.zeros(padded, self.features, self.dtype)
        self.gradient = Panels.zeros(padded, self.features, self.dtype)
        self.samples = Planes.filled(self.tiles, blocks[0].inputs, self.dtype)
        self.input = self._planes(blocks[0].inputs, 0)
        self.means = Means(code, library, weights, seed)
        self.plans = self._plans()
        self.last = Planes.filled(
            self.tiles, (-(-self.features // self.lanes), 1, self.lanes), self.dtype
        )  # whole vectors of features, for transposing

    def _planes(self, shape: Shape, reader: int) -> Planes:
        """Return planes with the margins that the block with a number needs."""
        if reader == len(self.blocks):
            return Planes.filled(self.tiles, shape, self.dtype)
        block = self.blocks[reader]
        never = -np.inf if isinstance(block.function, MaxPool2d) else 0.0
        return Planes.filled(
            self.tiles, shape, self.dtype, _kind(block).margins(Windows.of(block)), never
        )

    def _plans(self) -> list[BlockPlan]:
        plans: list[BlockPlan] = []
        for number, block in enumerate(self.blocks):
            before = plans[-1] if plans else None
            reads = before.values.output if before else self.input
            plans.append(_kind(block)(self.means, block, self._values(number), reads, before))
        return plans

    def _values(self, number: int) -> BlockValues:
        block = self.blocks[number]
        fused, count = in_registers(block), len(block.maps)
        margins = _kind(block).gradient_margins(Windows.of(block))
        gradient = Planes.filled(self.tiles, block.outputs, self.dtype, margins)

        def planes(*, last: bool) -> Planes:
            if last:
                return self._planes(block.outputs, number + 1)
            return Planes.filled(self.tiles, block.outputs, self.dtype)

        y = tuple(planes(last=k == count - 1) for k in range(count))
        keeps = fused is None or "x" in derivative_reads(fused)
        # A product's epilogue writes z and the first y at the same strides.
        z = planes(last=count == 0 or (fused is not None and count == 1)) if keeps else None
        masks = {k: planes(last=False) for k, f in enumerate(block.maps) if isinstance(f, Dropout)}
        return BlockValues(z, y, gradient, masks)

    def forward(self, thread: int, tile: int, table: int) -> None:
        """Add all blocks for a tile, whose samples' addresses are in a table."""
        shape = self.blocks[0].inputs
        target = self.input if self.input.margins == NONE else self.samples
        gather, copy = self.library.planes("gather"), self.library.planes("copy")
        self.code.add(thread, gather, samples=table, features=prod(shape), y=target.at(tile))
        if target is self.samples:
            self.means.pixels(thread, copy, shape, x=(target, tile), y=(self.input, tile))
        for plan in self.plans:
            plan.forward(thread, tile)
        side = self.lanes
        self.code.add(
            thread,
            self.library.transpose,
            row_blocks=1,
            column_blocks=-(-self.features // side),
            source=self.plans[-1].values.output.at(tile),
            source_column_block=side * VECTOR,
            target=self.rows.address + tile * side * VECTOR,
            target_column_block=self.rows.stride,
        )

    def backward(self, thread: int, tile: int) -> None:
        """Add the gradients of all blocks by their inputs for a tile; the first needs none."""
        side, last = self.lanes, self.plans[-1]
        self.code.add(
            thread,
            self.library.transpose,
            row_blocks=1,
            column_blocks=-(-self.features // side),
            source=self.gradient.address + tile * side * VECTOR,
            source_column_block=self.gradient.stride,
            target=self.last.at(tile),
            target_column_block=side * VECTOR,
        )
        _, height, width = last.block.outputs
        compact = {
            "source": self.last.at(tile),
            "source_channel": height * width * VECTOR,
            "source_row": width * VECTOR,
        }
        last.slopes(thread, tile, len(last.block.maps), compact)
        for plan in reversed(self.plans):
            if isinstance(plan, Winograd):
                plan.filter_sums.add(thread, tile)
            if plan.before:
                plan.backward(thread, tile)

    def filters(self, thread: int, threads: int) -> None:
        """Add a share of the gradients by the parameters."""
        for plan in self.plans:
            if isinstance(plan, Convolution):
                plan.filters(thread, threads, self.tiles)

    def update(self, thread: int, threads: int, update: Kernel, rates: int, l2: Array) -> None:
        """Let a share of the filters and biases move along their gradients."""
        for filters in self.weights.filters.values():
            vectors = share(filters.values.nbytes // VECTOR, threads, thread)
            start = vectors[0] * VECTOR
            if vectors[0] == vectors[1]:
                continue
            state = {f"state{k}": address(s) + start for k, s in enumerate(filters.state)}
            self.code.add(
                thread,
                update,
                count=vectors[1] - vectors[0],
                w=address(filters.values) + start,
                gradient=address(filters.gradient) + start,
                rates=rates,
                l2=address(l2[1:] if len(filters.shape) > 1 else l2),
                **state,
            )


def _kind(block: Block) -> type[BlockPlan]:
    """Return what plans a block."""
    if Winograd.suits(block):
        return Winograd
    return Convolution if isinstance(block.function, Conv2d) else Pool
