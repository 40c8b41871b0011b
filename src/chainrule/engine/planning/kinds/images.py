"""Heads of images, which lie sample-blocked in planes: lanes are samples.

So every operation on a pixel is one on a tile of images, and threads share out tiles.
"""

from __future__ import annotations

from typing import Any, ClassVar

from chainrule.engine.machine.planes import NONE, Margin, Planes
from chainrule.engine.network.network import Draft, Part
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import TileCut, Values
from chainrule.engine.planning.kinds.base import Head
from chainrule.layout import Layer


class ImageHead(Head):
    """A head whose part makes images; its `forward` and `backward` take a :class:`TileCut`.

    Parameters
    ----------
    reads : Planes
        What windows slide over.
    """

    of_images = True
    outside: ClassVar[float] = 0.0
    """What windows see beyond the images."""

    before: ImageHead | None

    def __init__(
        self,
        context: PlanContext,
        part: Part,
        before: ImageHead | None,
        after: Part | None,
        reads: Planes,
    ) -> None:
        self.reads, self.windows = reads, self.windows_of(part)
        super().__init__(context, part, before, after)

    @classmethod
    def lower(cls, draft: Draft, layer: Layer, place: int) -> bool:
        """Begin a part among images, or with the samples."""
        if draft.parts and not draft.parts[-1].of_images:
            return False
        draft.begin(cls, layer, place)
        return True

    @classmethod
    def windows_of(cls, part: Part) -> Windows:
        """Return the windows that slide over what a part reads."""
        return Windows.of(part)

    @classmethod
    def margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return which margins the head needs around what it reads."""
        return windows.margins

    @classmethod
    def gradient_margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return which margins the head needs around its gradient."""
        return NONE

    def _planes(self, margins: tuple[Margin, Margin] = NONE, *, apart: bool = False) -> Planes:
        shape, tiles = self.part.outputs, self.context.tiles
        return Planes.filled(tiles, shape, self.context.dtype, margins, apart=apart)

    def _values(self, keeps: bool) -> Values:
        count = len(self.part.pointwise)

        def planes(*, last: bool) -> Planes:
            return to_read(self.context, self.part.outputs, self.after if last else None)

        y = tuple(planes(last=k == count - 1) for k in range(count))
        # A product's epilogue writes z and the first y at the same strides.
        alike = count == 0 or (self.fused is not None and count == 1)
        z = planes(last=alike) if keeps else None
        masks = {k: self._planes() for k, f in enumerate(self.part.pointwise) if f.kind.random}
        gradient = self._planes(self.gradient_margins(self.windows), apart=True)
        return Values(z, y, gradient, masks)

    def backward(self, cut: TileCut) -> None:
        """Add the gradient of the part before, and what the own parameters' gradients need."""
        self.sum_gradients(cut)
        if self.before is not None:
            self.pass_back(cut, self.before)

    def sum_gradients(self, cut: TileCut) -> None:
        """Add what the parameters' gradients need of a tile."""

    def pass_back(self, cut: TileCut, before: ImageHead) -> None:
        """Add the gradient of the part before."""
        raise NotImplementedError

    def slopes(self, cut: Any, count: int | None = None, source: Planes | None = None) -> None:
        """Take the gradient back; where nothing does, copy a source that stands in for it."""
        if source is not None and not self.pointwise[:count]:
            cut.copy(source, self.values.gradient)
        super().slopes(cut, count, source)


def to_read(context: PlanContext, shape: tuple[int, ...], reader: Part | None) -> Planes:
    """Return planes of a shape, with the margins that the part that reads them needs."""
    if reader is None or not reader.of_images:
        return Planes.filled(context.tiles, shape, context.dtype)
    kind = reader.kind.variant(reader, None)
    margins = kind.margins(kind.windows_of(reader))
    return Planes.filled(context.tiles, shape, context.dtype, margins, kind.outside, apart=True)
