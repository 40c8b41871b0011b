"""Conv2d of 3 × 3 taps in a plan, by Winograd's minimal filtering.

Rows of tiles are transformed, multiplied and transformed back one after another, in buffers that
stay in a core's cache. Each thread transforms the filters for itself. The gradient by the input
is the same with the filters turned by 180°: the same numbers, at other points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from chainrule.engine.kernels import dot, winograd as kernels, winograd_products
from chainrule.engine.kernels.library import CompiledKernel
from chainrule.engine.machine.memory import address
from chainrule.engine.machine.planes import Margin, Planes, points
from chainrule.engine.network.network import Part
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.cuts import TileCut
from chainrule.engine.planning.kinds.base import Emission, elementwise, emission
from chainrule.engine.planning.kinds.conv2d import Convolution
from chainrule.engine.planning.kinds.images import ImageHead
from chainrule.engine.planning.kinds.winograd_sums import FilterSums
from chainrule.engine.planning.program import partition
from chainrule.types import Array

WORTH = 16
"""Channels that are read, and made, from which transforming pays."""
TILES = 12
"""Tiles that are transformed at a time, at least, if there are as many: whole rows of them."""


class Winograd(Convolution):
    """A convolution of 3 × 3 taps and the functions after it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._at_points: dict[tuple[int, bool], Array] = {}
        self._transforms: dict[tuple[int, bool], tuple[Array, list[dict[str, int]]]] = {}

    @classmethod
    def pays(cls, part: Part, entries: float | None) -> bool:
        """Return whether a convolution has such taps, and channels enough to pay.

        And with pixels enough that the transformed filters' gradients, 16 numbers for each pair of
        channels, take no more memory than a tile of images.
        """
        windows, (inputs, outputs) = Windows.of(part), (part.inputs, part.outputs)
        axes = [(a.size, a.stride, a.dilation) for a in (windows.rows, windows.columns)]
        channels = min(inputs[0], outputs[0]) // part.function.groups
        images, pairs = part.reads + part.features, inputs[0] * outputs[0] // part.function.groups
        return axes == [(3, 1, 1)] * 2 and channels >= WORTH and pairs <= images

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return transforms, and those back with each elementwise function."""
        lines = [kernels.input_line, kernels.gradient_line]
        sums = [kernels.filters, kernels.inputs, kernels.filter_gradients]
        plain = [winograd_products.products, dot.added, *sums, *lines]
        rules = (kernels.outputs, kernels.slopes)
        made = [emission(emit, f) for f in (None, *elementwise()) for emit in rules]
        return [*map(emission, plain), *made]

    @classmethod
    def margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return how far tiles of the windows reach over the images that are read."""
        sizes = zip(windows.before, windows.over, windows.count, strict=True)
        rows, columns = ((p, max(0, 2 * _tiles(count) + 2 - p - size)) for p, size, count in sizes)
        return rows, columns

    @classmethod
    def gradient_margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return how far tiles of pixels, and of windows, reach over the windows."""
        sizes = zip(windows.before, windows.over, windows.count, strict=True)
        rows, columns = (
            (max(0, 2 - p), max(count % 2, 2 * _tiles(size) + p - count))
            for p, size, count in sizes
        )
        return rows, columns

    def forward(self, cut: TileCut) -> None:
        """Add Z = W * X + b and f(Z)."""
        values, fused, reads, tile = self.values, self.fused, self.reads, cut.tile
        like = values.y[0] if fused else values.z
        kernel = self.library.get(kernels.outputs, fused)
        start = self.windows.first(reads, tile)

        def made(c: int, i: int) -> dict[str, int]:
            return {
                "bias": self.own.bias + c * self.item,
                "z": values.z.at(tile, c, i) if values.z else 0,
                "y": values.y[0].at(tile, c, i) if fused else 0,
                "y_channel": like.channel,
                "y_row": like.row,
            }

        size = self.windows.count
        self._products(cut.thread, kernel, made, start, reads, size, back=False)
        self.follow(cut)

    def pass_back(self, cut: TileCut, before: ImageHead) -> None:
        """Add dX = dY * turned W, times the slope of the last function of the part before.

        Forward was Z = W * X: where that slid W over X, this slides W turned by 180° over dY.
        """
        gradient, tile = self.values.gradient, cut.tile
        last, values, target = self._fused_slope(before), before.values, before.values.gradient
        x, y = values.before(max(0, len(values.y) - 1)), values.output
        kernel = self.library.get(kernels.slopes, last)
        start = gradient.at(tile, 0, *(p - 2 for p in self.windows.before))

        def made(c: int, i: int) -> dict[str, int]:
            return {
                "gradient": target.at(tile, c, i),
                "gradient_channel": target.channel,
                "gradient_row": target.row,
                "x": x.at(tile, c, i) if x else 0,
                "y": y.at(tile, c, i),
                "y_channel": y.channel,
                "y_row": y.row,
            }

        size = self.windows.over
        self._products(cut.thread, kernel, made, start, gradient, size, back=True)
        before.slopes(cut, len(before.pointwise) - (last is not None))

    def sum_gradients(self, cut: TileCut) -> None:
        """Add the sums that the filters' gradients are made from."""
        self.filter_sums.add(cut.thread, cut.tile)

    @cached_property
    def filter_sums(self) -> FilterSums:
        """What the filters' gradients are made from."""
        gradient = self.values.gradient
        return FilterSums(self.context, self.windows, self.reads, gradient, self.groups)

    def filters(self, thread: int) -> None:
        """Add dW and db for some of the outputs, once there are sums of all tiles."""
        own = partition(self.part.outputs[0], self.code.threads, thread)
        if own[0] < own[1]:
            self.filter_sums.finish(thread, own, self.own.gradient)
            self.bias_gradient(thread, own)

    def _products(
        self,
        thread: int,
        epilogue: CompiledKernel,
        made: Callable[[int, int], dict[str, int]],
        start: int,
        planes: Planes,
        size: tuple[int, int],
        *,
        back: bool,
    ) -> None:
        """Add sums over channels at all points, for some rows of tiles after the other.

        ``made`` returns the epilogue's arguments from a channel and a row of pixels on.
        """
        (high, wide), (down, across) = size, map(_tiles, size)
        inputs, outputs = self.own.channels(back=back)
        at_once = min(down, max(1, TILES // across))
        key = thread, back
        if key not in self._transforms:
            V = points(16, inputs, at_once * across, self.dtype)
            U = self._transformed(thread, back=back)
            groups = range(self.groups)
            self._transforms[key] = V, [self.own.arguments(U, V, g, back=back) for g in groups]
        V, own = self._transforms[key]
        for first in range(0, down, at_once):
            rows = min(at_once, down - first)
            self.code.add(
                thread,
                self.library.get(kernels.inputs),
                channels=inputs,
                rows=rows,
                columns=across,
                x=start + 2 * first * planes.row,
                x_channel=planes.channel,
                x_row=planes.row,
                v=address(V),
                v_channel=V.strides[1],
                v_point=V.strides[0],
            )
            edge = {"columns": across, "high": high - 2 * first, "wide": wide}
            for group, given in enumerate(own):
                arguments = edge | made(group * (outputs // self.groups), 2 * first)
                self.code.add(
                    thread,
                    self.library.get(winograd_products.products),
                    tiles=rows * across,
                    **given,
                    **self.context.epilogue(epilogue, arguments),
                )

    def _transformed(self, thread: int, *, back: bool) -> Array:
        """Return a thread's transformed filters, which it makes now; or those of all threads."""
        key = thread if self.context.prologue is None else 0, back
        if key not in self._at_points:
            self._at_points[key] = self.own.transformed(thread, back=back)
        return self._at_points[key]


def _tiles(size: int) -> int:
    """Return how many tiles of two cover an axis."""
    return -(-size // 2)
