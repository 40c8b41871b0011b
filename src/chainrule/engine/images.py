"""The part of a plan that images go through: convolutions, pools, and functions of each pixel.

Lanes are samples, so every operation on a pixel is an operation on a tile of images. A convolution
is the same product as a Linear, with a table of taps that says where in the (padded) image each
one lies; its gradient by the input is one more, by the taps that see a pixel; its gradient by the
filters is the product that sums along lanes. Threads share out the tiles, and for the filters'
gradients the output channels. After the last block, images turn into rows of numbers by
transposing blocks of a vector's width.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import Kernel, Library
from chainrule.engine.lowering import Block, derivative_reads
from chainrule.engine.memory import VECTOR, Panels, aligned
from chainrule.engine.planes import Planes, gradient_margin, margin, phases
from chainrule.engine.program import Instructions, share
from chainrule.engine.weights import Weights
from chainrule.functions import Conv2d, MaxPool2d
from chainrule.functions.sliding import Axis, window_axes

Array = NDArray[Any]


@dataclass(frozen=True)
class BlockValues:
    """What a block makes: z, kept only where something reads it, y after each map, and dz."""

    z: Planes | None
    y: tuple[Planes, ...]
    gradient: Planes

    @property
    def output(self) -> Planes:
        """What the next block reads."""
        output = self.y[-1] if self.y else self.z
        assert output is not None
        return output


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
    ) -> None:
        self.blocks, self.weights, self.code, self.library = blocks, weights, code, library
        self.dtype = weights.dtype
        self.lanes = VECTOR // self.dtype.itemsize
        self.tiles = -(-rows // self.lanes)
        self.features = prod(blocks[-1].outputs)
        padded = self.tiles * self.lanes
        self.rows = Panels.zeros("flat", padded, self.features, self.dtype)
        self.gradient = Panels.zeros("dflat", padded, self.features, self.dtype)
        self.input = self._planes(blocks[0].inputs, 0)
        self.samples = Planes.filled(self.tiles, blocks[0].inputs, self.dtype)
        self.values = [self._values(number) for number in range(len(blocks))]
        self.last = Planes.filled(
            self.tiles, (-(-self.features // self.lanes), 1, self.lanes), self.dtype
        )  # whole vectors of features, for transposing
        self._scratches: dict[int, Planes] = {}
        self.one = aligned((self.lanes,), self.dtype)
        self.one[:] = 1

    def _axes(self, number: int) -> list[tuple[Axis, int, int]]:
        """Return for both axes how a block's window slides, the axis's size, and the windows."""
        block = self.blocks[number]
        axes = window_axes(block.function)
        return list(zip(axes, block.inputs[1:], block.outputs[1:], strict=True))

    def _planes(self, shape: tuple[int, int, int], reader: int) -> Planes:
        """Return planes with the margins that the block with a number needs."""
        if reader == len(self.blocks):
            return Planes.filled(self.tiles, shape, self.dtype)
        rows, columns = (margin(*axis) for axis in self._axes(reader))
        never = -np.inf if isinstance(self.blocks[reader].function, MaxPool2d) else 0.0
        return Planes.filled(self.tiles, shape, self.dtype, (rows, columns), never)

    def _values(self, number: int) -> BlockValues:
        block = self.blocks[number]
        convolves = isinstance(block.function, Conv2d)
        margins = ((0, 0), (0, 0))
        if convolves and number:
            rows, columns = (gradient_margin(*axis) for axis in self._axes(number))
            margins = (rows, columns)
        gradient = Planes.filled(self.tiles, block.outputs, self.dtype, margins)
        count = len(block.maps)

        def planes(last: bool) -> Planes:
            if last:
                return self._planes(block.outputs, number + 1)
            return Planes.filled(self.tiles, block.outputs, self.dtype)

        y = tuple(planes(k == count - 1) for k in range(count))
        keeps = not (convolves and count) or "x" in derivative_reads(block.maps[0])
        # A product's epilogue writes z and the first y at the same strides.
        z = planes(count == 0 or (convolves and count == 1)) if keeps else None
        return BlockValues(z, y, gradient)

    # ---- forward

    def forward(self, thread: int, tile: int, table: int) -> None:
        """Add all blocks for a tile, whose samples' addresses are in a table."""
        gather = self.library.planes("gather")
        first, size = self.blocks[0].inputs, prod(self.blocks[0].inputs)
        exact = self.input.margins == ((0, 0), (0, 0))
        target = self.input if exact else self.samples
        self.code.add(thread, gather, samples=table, features=size, y=target.at(tile))
        if not exact:
            self._pixels(
                thread,
                self.library.planes("copy"),
                first,
                x=(self.samples, tile),
                y=(self.input, tile),
            )
        for number, block in enumerate(self.blocks):
            before = self.values[number - 1].output if number else self.input
            if isinstance(block.function, Conv2d):
                self._convolve(thread, tile, number, before)
            else:
                self._pool(thread, tile, number, before)
        side = self.lanes
        self.code.add(
            thread,
            self.library.transpose,
            row_blocks=1,
            column_blocks=-(-self.features // side),
            source=self.values[-1].output.at(tile),
            source_column_block=side * VECTOR,
            target=self.rows.address + tile * side * VECTOR,
            target_column_block=self.rows.stride,
        )

    def _convolve(self, thread: int, tile: int, number: int, before: Planes) -> None:
        block, values = self.blocks[number], self.values[number]
        conv = block.function
        assert isinstance(conv, Conv2d)
        (rows, height, _), (columns, width, wide) = self._axes(number)
        outputs, inputs = block.outputs[0] // conv.groups, block.inputs[0] // conv.groups
        W = self._filter(block.weights)
        bias = self._filter(block.bias) or self._zeros(block.outputs[0])
        taps = list(product(range(inputs), range(rows.size), range(columns.size)))
        item = self.dtype.itemsize
        table = self.code.table(
            np.arange(len(taps)) * item,
            [
                c * before.channel + u * rows.dilation * before.row + v * columns.dilation * VECTOR
                for c, u, v in taps
            ],
        )
        filters = self.code.table(np.arange(outputs) * len(taps) * item)
        fused = block.maps[0] if block.maps else None
        like = values.y[0] if values.y else values.output
        epilogue = (
            self.library.affine(by_rows=True)
            if fused is None
            else self.library.activation(fused, by_rows=True)
        )
        for group, i in product(range(conv.groups), range(block.outputs[1])):
            o = group * outputs
            arguments = self.code.pack(
                epilogue,
                bias=bias + o * item,
                z=values.z.at(tile, o, i) if values.z else 0,
                y=values.y[0].at(tile, o, i) if values.y else 0,
                row_stride=like.channel,
                vector_stride=VECTOR,
            )
            self.code.add(
                thread,
                self.library.product,
                rows=outputs,
                vectors=wide,
                depth=len(taps),
                a=W + o * len(taps) * item,
                row_offsets=filters,
                taps=table,
                x=before.at(
                    tile,
                    group * inputs,
                    i * rows.stride - rows.before(height),
                    -columns.before(width),
                ),
                x_stride=columns.stride * VECTOR,
                epilogue=epilogue.address,
                arguments=int(arguments.ctypes.data),
            )
        self._maps(thread, tile, number, first=1)

    def _maps(self, thread: int, tile: int, number: int, first: int) -> None:
        """Add the maps of a block from one on."""
        block, values = self.blocks[number], self.values[number]
        for k in range(first, len(block.maps)):
            x = values.y[k - 1] if k else values.z
            assert x is not None
            self._pixels(
                thread,
                self.library.plane_value(block.maps[k]),
                block.outputs,
                x=(x, tile),
                y=(values.y[k], tile),
            )

    def _pool(self, thread: int, tile: int, number: int, before: Planes) -> None:
        block, values = self.blocks[number], self.values[number]
        kind = "max_pool" if isinstance(block.function, MaxPool2d) else "average_pool"
        z = values.z
        assert z is not None
        window, steps = self._window(number, before)
        self._pixels(
            thread,
            self.library.planes(kind),
            block.outputs,
            y=(z, tile),
            taps=self.code.table(window),
            count=len(window),
            **self._windows_of("x", number, before, tile, steps),
        )
        self._maps(thread, tile, number, first=0)

    def _window(self, number: int, planes: Planes) -> tuple[list[int], tuple[int, int]]:
        """Return a window's taps as byte offsets, and the bytes from one window to the next."""
        (rows, *_), (columns, *_) = self._axes(number)
        taps = product(range(rows.size), range(columns.size))
        offsets = [u * planes.row + v * VECTOR for u, v in taps]
        return offsets, (rows.stride * planes.row, columns.stride * VECTOR)

    def _windows_of(
        self, name: str, number: int, planes: Planes, tile: int, steps: tuple[int, int]
    ) -> dict[str, int]:
        """Return the arguments of what windows slide over."""
        (rows, height, _), (columns, width, _) = self._axes(number)
        return {
            name: planes.at(tile, 0, -rows.before(height), -columns.before(width)),
            f"{name}_channel": planes.channel,
            f"{name}_row": steps[0],
            f"{name}_column": steps[1],
        }

    # ---- backprop

    def backward(self, thread: int, tile: int) -> None:
        """Add the gradients of all blocks by their inputs for a tile; the first needs none."""
        side, last = self.lanes, len(self.blocks) - 1
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
        channels, height, width = self.blocks[last].outputs
        compact = {
            "source": self.last.at(tile),
            "source_channel": height * width * VECTOR,
            "source_row": width * VECTOR,
        }
        if not self._slopes(thread, tile, last, len(self.blocks[last].maps), compact):
            given = {
                "x": compact["source"],
                "x_channel": compact["source_channel"],
                "x_row": compact["source_row"],
            }
            self._pixels(
                thread,
                self.library.planes("copy"),
                (channels, height, width),
                y=(self.values[last].gradient, tile),
                **given,
            )
        for number in range(last, 0, -1):
            if isinstance(self.blocks[number].function, Conv2d):
                self._convolve_back(thread, tile, number)
            else:
                self._pool_back(thread, tile, number)

    def _slopes(
        self, thread: int, tile: int, number: int, maps: int, source: dict[str, int] | None = None
    ) -> bool:
        """Multiply a block's gradient by the slopes of its first maps; return if there are any."""
        block, values = self.blocks[number], self.values[number]
        for k in reversed(range(maps)):
            x, y = values.y[k - 1] if k else values.z, values.y[k]
            given = (source or _at("source", values.gradient, tile)) | (
                _at("x", x, tile) if x else {}
            )
            self._pixels(
                thread,
                self.library.plane_slope(block.maps[k]),
                block.outputs,
                y=(y, tile),
                gradient=(values.gradient, tile),
                **given,
            )
            source = None
        return maps > 0

    def _convolve_back(self, thread: int, tile: int, number: int) -> None:
        """Add dX[c,h,w] = Σ W[o,c,u,v] dY[o,i,j] over the windows that see the pixel."""
        block, gradient = self.blocks[number], self.values[number].gradient
        conv, before, behind = block.function, self.values[number - 1], self.blocks[number - 1]
        assert isinstance(conv, Conv2d)
        (rows, height, _), (columns, width, _) = self._axes(number)
        outputs, inputs = block.outputs[0] // conv.groups, block.inputs[0] // conv.groups
        area, item = rows.size * columns.size, self.dtype.itemsize
        x = before.y[-2] if len(before.y) > 1 else before.z
        alike = x is None or (bool(before.y) and x.margins == before.y[-1].margins)
        W, last = self._filter(block.weights), behind.maps[-1] if behind.maps and alike else None
        epilogue = self.library.store if last is None else self.library.slope(last)
        target = before.gradient
        by_channel = self.code.table(np.arange(inputs) * area * item)
        for vertical, horizontal in product(phases(rows, height), phases(columns, width)):
            taps = list(product(range(outputs), vertical.taps, horizontal.taps))
            table = self.code.table(
                [((o * inputs * area) + u * columns.size + v) * item for o, (u, _), (v, _) in taps],
                [
                    o * gradient.channel + i * gradient.row + j * VECTOR
                    for o, (_, i), (_, j) in taps
                ],
            )
            for group, step in product(range(conv.groups), range(vertical.count)):
                c, h = group * inputs, vertical.first + step * rows.stride
                at = tile, c, h, horizontal.first
                arguments = {"gradient": target.at(*at)}
                stride = columns.stride * VECTOR
                if last is None:
                    arguments |= {"row_stride": target.channel, "vector_stride": stride}
                else:
                    y = before.y[-1]
                    arguments |= {
                        **{"x": x.at(*at) if x else 0, "y": y.at(*at)},
                        **{"row_stride": y.channel, "vector_stride": stride},
                        **{"gradient_row": target.channel, "gradient_vector": stride},
                    }
                packed = self.code.pack(epilogue, **arguments)
                self.code.add(
                    thread,
                    self.library.product,
                    rows=inputs,
                    vectors=horizontal.count,
                    depth=len(taps),
                    a=W + group * outputs * inputs * area * item,
                    row_offsets=by_channel,
                    taps=table,
                    x=gradient.at(tile, group * outputs, step),
                    x_stride=VECTOR,
                    epilogue=epilogue.address,
                    arguments=int(packed.ctypes.data),
                )
        self._slopes(thread, tile, number - 1, len(behind.maps) - (last is not None))

    def _pool_back(self, thread: int, tile: int, number: int) -> None:
        """Let each window's gradient go back to its pixels."""
        block, values, before = self.blocks[number], self.values[number], self.values[number - 1]
        kind = "max_unpool" if isinstance(block.function, MaxPool2d) else "average_unpool"
        target, source = before.gradient, before.output
        # What falls into the margins is nobody's: a buffer with margins of its own takes it.
        with_margins = self._scratch(number)
        self._pixels(thread, self.library.planes("zero"), block.inputs, y=(with_margins, tile))
        offsets, steps = self._window(number, source)
        targets, target_steps = self._window(number, with_margins)
        assert values.z is not None
        self._pixels(
            thread,
            self.library.planes(kind),
            block.outputs,
            y=(values.z, tile),
            dy=(values.gradient, tile),
            taps=self.code.table(offsets, targets),
            count=len(offsets),
            **self._windows_of("x", number, source, tile, steps),
            **self._windows_of("dx", number, with_margins, tile, target_steps),
        )
        maps = len(self.blocks[number - 1].maps)
        given = _at("source", with_margins, tile)
        if not self._slopes(thread, tile, number - 1, maps, given):
            self._pixels(
                thread,
                self.library.planes("copy"),
                block.inputs,
                x=(with_margins, tile),
                y=(target, tile),
            )

    def _scratch(self, number: int) -> Planes:
        """Return planes for the gradient by a pool's input, with margins for its windows."""
        if number not in self._scratches:
            rows, columns = (margin(*axis) for axis in self._axes(number))
            shape = self.blocks[number].inputs
            self._scratches[number] = Planes.filled(self.tiles, shape, self.dtype, (rows, columns))
        return self._scratches[number]

    # ---- gradients of the filters, and update

    def filters(self, thread: int, threads: int) -> None:
        """Add dW[o,c,u,v] = Σ dY[o,i,j] X[c,s·i+d·u−p,s·j+d·v−p] and db, for a share of o."""
        for number, block in enumerate(self.blocks):
            conv = block.function
            if not isinstance(conv, Conv2d):
                continue
            before = self.values[number - 1].output if number else self.input
            gradient = self.values[number].gradient
            (rows, height, high), (columns, width, wide) = self._axes(number)
            outputs, inputs = block.outputs[0] // conv.groups, block.inputs[0] // conv.groups
            places = list(product(range(self.tiles), range(high), range(wide)))
            from_y = [t * gradient.tile + i * gradient.row + j * VECTOR for t, i, j in places]
            from_x = [
                t * before.tile + i * rows.stride * before.row + j * columns.stride * VECTOR
                for t, i, j in places
            ]
            taps = list(product(range(inputs), range(rows.size), range(columns.size)))
            across = self.code.table(
                [
                    c * before.channel
                    + u * rows.dilation * before.row
                    + v * columns.dilation * VECTOR
                    for c, u, v in taps
                ]
            )
            item = self.dtype.itemsize
            own = share(outputs, threads, thread, 4)
            if own[0] == own[1]:
                continue
            down = self.code.table(np.arange(own[1] - own[0]) * gradient.channel)
            pairs, alone = (
                self.code.table(from_y, from_x),
                self.code.table(from_y, [0] * len(places)),
            )
            for group in range(conv.groups):
                o = group * outputs + own[0]
                common = {
                    "rows": own[1] - own[0],
                    "depth": len(places),
                    "a": gradient.at(0, o),
                    "row_offsets": down,
                }
                dW = self._gradient(block.weights) + o * len(taps) * item
                self.code.add(
                    thread,
                    self.library.dot,
                    **common,
                    columns=len(taps),
                    taps=pairs,
                    x=before.at(0, group * inputs, -rows.before(height), -columns.before(width)),
                    column_offsets=across,
                    y=dW,
                    y_row=len(taps) * item,
                )
                if block.bias:
                    self.code.add(
                        thread,
                        self.library.dot,
                        **common,
                        columns=1,
                        taps=alone,
                        x=int(self.one.ctypes.data),
                        column_offsets=self.code.table([0]),
                        y=self._gradient(block.bias) + o * item,
                        y_row=item,
                    )

    def update(self, thread: int, threads: int, update: Kernel, rates: int, l2: Array) -> None:
        """Let a share of the filters and biases move along their gradients."""
        for filters in self.weights.filters.values():
            vectors = share(filters.values.nbytes // VECTOR, threads, thread)
            start = vectors[0] * VECTOR
            if vectors[0] == vectors[1]:
                continue
            state = {f"state{k}": _address(s) + start for k, s in enumerate(filters.state)}
            self.code.add(
                thread,
                update,
                count=vectors[1] - vectors[0],
                w=_address(filters.values) + start,
                gradient=_address(filters.gradient) + start,
                rates=rates,
                l2=_address(l2[1:] if len(filters.shape) > 1 else l2),
                **state,
            )

    # ---- helpers

    def _pixels(
        self, thread: int, kernel: Kernel, shape: tuple[int, int, int], **values: Any
    ) -> None:
        """Add a kernel that walks over pixels; planes with a tile stand for address and strides."""
        given: dict[str, int] = dict(zip(("channels", "rows", "columns"), shape, strict=True))
        for name, value in values.items():
            given |= _at(name, *value) if isinstance(value, tuple) else {name: value}
        self.code.add(thread, kernel, **given)

    def _filter(self, name: str | None) -> int:
        return _address(self.weights.filters[name].values) if name else 0

    def _gradient(self, name: str | None) -> int:
        return _address(self.weights.filters[name or ""].gradient)

    def _zeros(self, count: int) -> int:
        self.code.kept.append(np.zeros(count, dtype=self.dtype))
        return _address(self.code.kept[-1])


def _at(name: str, planes: Planes, tile: int) -> dict[str, int]:
    """Return the arguments of planes: address and strides."""
    return {name: planes.at(tile), f"{name}_channel": planes.channel, f"{name}_row": planes.row}


def _address(array: Array) -> int:
    return int(array.ctypes.data)
