"""From images to rows of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule.engine.kernels import rows
from chainrule.engine.machine.memory import VECTOR, Panels
from chainrule.engine.machine.planes import Planes
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import TileCut, Values
from chainrule.engine.planning.kinds.base import Emission, Kind, emission
from chainrule.engine.planning.kinds.images import ImageHead
from chainrule.engine.planning.kinds.rows import RowHead
from chainrule.layout import Layer


class FlattenKind(Kind):
    """Flatten: samples, or what parts make of images, become rows of numbers in any case."""

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Add nothing."""
        return True

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what transposes."""
        return [emission(rows.transpose)]


class Rows(RowHead):
    """Images transposed into panels, by blocks of a vector's width; gradients back likewise.

    Where lanes were samples, they become features. There are rows for whole tiles.
    """

    def __init__(self, context: PlanContext, images: ImageHead) -> None:
        self.images, features = images, images.part.features
        super().__init__(context, Part(type(self), None, 0, {}, (), (features,)), None, None)
        self.blocks = -(-features // context.lanes)
        # Whole vectors of features, and the same memory as images without margins.
        whole = Planes.filled(context.tiles, (self.blocks, 1, context.lanes), context.dtype)
        c, h, w = images.part.outputs
        pixels = whole.data.reshape(context.tiles, -1, context.lanes)[:, :features]
        self.back = Planes((c, h, w), whole.margins, pixels.reshape(-1, c, h, w, context.lanes))

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Return that no function is of this kind."""
        return False

    def _panels(self) -> Panels:
        rows = self.context.tiles * self.context.lanes
        return Panels.zeros(rows, self.part.features, self.context.dtype)

    def _values(self, keeps: bool) -> Values:
        return Values(self._panels(), (), self._panels(), {})

    def forward(self, cut: TileCut) -> None:
        """Add a tile's rows."""
        source, side = self.images.values.output.at(cut.tile), self.context.lanes * VECTOR
        self._transpose(cut, source, side, *self._of(self.values.z, cut))
        first = cut.tile * self.context.lanes
        rows = first, min(first + self.context.lanes, self.context.rows)
        self.round_output(self.whole(cut.thread, rows))

    def backward(self, cut: TileCut) -> None:
        """Add the gradient of a tile of the last images."""
        target, side = self.back.at(cut.tile), self.context.lanes * VECTOR
        self._transpose(cut, *self._of(self.values.gradient, cut), target, side)
        self.images.slopes(cut, source=self.back)

    def _of(self, panels: Panels, cut: TileCut) -> tuple[int, int]:
        """Return where a tile's rows are in panels, and how far the next block is."""
        return panels.address + cut.tile * self.context.lanes * VECTOR, panels.stride

    def _transpose(self, cut: TileCut, *places: Any) -> None:
        source, source_block, target, target_block = places
        self.code.add(
            cut.thread,
            self.library.get(rows.transpose),
            row_blocks=1,
            column_blocks=self.blocks,
            source=source,
            source_column_block=source_block,
            target=target,
            target_column_block=target_block,
        )
