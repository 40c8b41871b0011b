"""Conv2d of 3 × 3 taps of few samples' predictions, by Winograd's minimal filtering."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from chainrule.engine.kernels import product, raster_winograd as kernels, winograd
from chainrule.engine.machine.memory import address
from chainrule.engine.machine.planes import Margin, points
from chainrule.engine.machine.rasters import whole
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.cuts import RasterCut
from chainrule.engine.planning.kinds.base import Emission, elementwise, emission
from chainrule.engine.planning.kinds.filters import Filters
from chainrule.engine.planning.kinds.rasters import RasterHead
from chainrule.engine.planning.kinds.winograd import Winograd
from chainrule.types import Array


class RasterWinograd(RasterHead):
    """A convolution of 3 × 3 taps that is transformed, as on planes."""

    takes_along = True
    tiles_at_once: ClassVar[int] = 12
    """Vectors of tiles that are transformed at a time, at least, if there are as many."""

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return transforms, and those back with each elementwise function."""
        made = [emission(kernels.outputs, f) for f in (None, *elementwise())]
        plain = (kernels.inputs, winograd.filters, product.stored)
        return [*map(emission, plain), *made]

    @classmethod
    def margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return how far tiles of the windows reach over the images that are read."""
        return Winograd.margins(windows)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.own = Filters.of(self.context, self.part)
        self._filters: Array | None = None
        self._packed: dict[int, list[tuple[int, int]]] = {}
        high, wide = self.windows.count
        self.down, self.across = -(-high // 2), -(-wide // 2)
        lanes = self.context.lanes
        self.at_once = min(self.down, max(1, self.tiles_at_once * lanes // self.across))
        most = -(-self.at_once * self.across // lanes) + 1  # rows are written in whole vectors
        sizes = self.own.channels(back=False)
        self.V, self.M = (points(16, channels, most, self.context.dtype) for channels in sizes)

    def forward(self, cut: RasterCut) -> None:
        """Add Z = W * X + b and f(Z), some rows of tiles after the other."""
        (high, wide), (inputs, outputs) = self.windows.count, self.own.channels(back=False)
        made, V, M, x = self.made, self.V, self.M, self._slid_over(self.reads)
        if self._filters is None:
            self._filters = self.own.transformed(cut.thread)
        for first in range(0, self.down, self.at_once):
            rows = min(self.at_once, self.down - first)
            self.code.add(
                cut.thread,
                self.library.get(kernels.inputs),
                channels=inputs,
                rows=rows,
                columns=self.across,
                x=x["x"] + 2 * first * self.reads.row,
                x_channel=self.reads.channel,
                x_row=self.reads.row,
                v=address(V),
                v_channel=V.strides[1],
                v_point=V.strides[0],
            )
            self.code.lists[cut.thread] += self._products(rows)
            self.code.add(
                cut.thread,
                self.library.get(kernels.outputs, self.fused),
                channels=outputs,
                rows=rows,
                columns=self.across,
                m=address(M),
                m_channel=M.strides[1],
                m_point=M.strides[0],
                high=high - 2 * first,
                wide=wide,
                bias=self.own.bias,
                y=made.at(0, 2 * first),
                y_channel=made.channel,
                y_row=made.row,
            )
        self.follow(cut)

    def _products(self, rows: int) -> list[tuple[int, int]]:
        """Return the products at all points, the same for all such rows of tiles."""
        if rows not in self._packed:
            vectors = whole(rows * self.across, self.context.lanes) // self.context.lanes
            assert self._filters is not None
            self._packed[rows] = self.own.products((self._filters, self.V, self.M), vectors)
        return self._packed[rows]
