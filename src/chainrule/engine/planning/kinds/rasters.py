"""Heads of images for the predictions of few samples, one after another: lanes are pixels.

A head of images has such a companion in the table of kinds, or none: then planes are taken. What
it makes has the bits that planes have: each number is made by the same operations in the same
order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from chainrule.engine.kernels import rasters as kernels, rows
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.machine.planes import NONE, Margin
from chainrule.engine.machine.rasters import Raster, least_pitch, whole
from chainrule.engine.network.network import Part
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import RasterCut, Values
from chainrule.engine.planning.kinds.base import Emission, Head, elementwise, emission
from chainrule.engine.planning.kinds.rows import RowHead

STRIDES = (*kernels.FEW, 0)
"""The options of kernels whose windows are some columns apart."""


class RasterHead(Head):
    """A head whose part makes images of one sample; its `forward` takes a :class:`RasterCut`.

    Parameters
    ----------
    reads : Raster
        What windows slide over: a Sample, if that is read as it comes.
    reader : type or None
        The companion of the next head; None where images become rows of numbers.
    pitch : int
        The least number of numbers from a row of its output to the next.
    """

    of_images = True
    outside: ClassVar[float] = 0.0

    def __init__(
        self,
        context: PlanContext,
        part: Part,
        after: Part | None,
        reads: Raster,
        reader: type[RasterHead] | None,
        pitch: int,
    ) -> None:
        self.reads, self.reader, self.windows = reads, reader, Windows.of(part)
        self.pitch = self.pitch_of(pitch)
        super().__init__(context, part, None, after)

    @classmethod
    def lower(cls, *given: Any) -> bool:
        """Return that no function is lowered so: the kind whose companion it is lowers it."""
        return False

    @classmethod
    def margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return which margins the head needs around what it reads."""
        return windows.margins

    @classmethod
    def least_pitch(cls, part: Part, after: int) -> int:
        """Return the least pitch of what a part reads, given that of what it makes."""
        windows = Windows.of(part)
        return least_pitch(windows.over[1], cls.margins(windows)[1])

    @classmethod
    def reads_samples(cls, part: Part) -> bool:
        """Return whether the head of a part can read samples as they are."""
        return False

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what all rasters need: copies, margins, functions of pixels."""
        made = [emission(kernels.copy, function) for function in elementwise()]
        copies = [emission(kernels.copy), emission(kernels.copy, sample=True)]
        return [*copies, emission(kernels.fill), *made]

    def pitch_of(self, least: int) -> int:
        """Return the pitch of what the head makes."""
        return least

    def _values(self, keeps: bool) -> Values:
        # What a product keeps for a derivative is not read: y is written over it.
        count = len(self.part.pointwise)
        places = range(-1 if self.fused is None else 0, count)
        made = [self._raster(last=k == count - 1) for k in places]
        z = made.pop(0) if self.fused is None else None
        return Values(z, tuple(made), None, {})

    def _raster(self, *, last: bool) -> Raster:
        reader, after = (self.reader, self.after) if last else (None, None)
        return raster_for(self.context, self.part.outputs, reader, after, self.pitch)

    @property
    def made(self) -> Raster:
        """What the head itself makes."""
        made: Raster = self.values.y[0] if self.values.z is None else self.values.z
        return made

    def forward(self, cut: RasterCut) -> None:
        """Add what the part makes of what it reads."""
        raise NotImplementedError

    def _slid_over(self, raster: Raster) -> dict[str, int]:
        """Return the arguments of what windows slide over."""
        above, left = self.windows.before
        return {
            "x": raster.at(0, -above, -left),
            "x_channel": raster.channel,
            "x_row": self.windows.rows.stride * raster.row,
            "x_column": self.windows.columns.stride * raster.item,
        }

    def taps(self, raster: Raster, channels: int = 1) -> list[int]:
        """Return how many bytes the taps (c, u, v) of a window lie behind its first."""
        w = self.windows
        row, column = w.rows.dilation * raster.row, w.columns.dilation * raster.item
        return [
            c * raster.channel + u * row + v * column
            for c in range(channels)
            for u in range(w.rows.size)
            for v in range(w.columns.size)
        ]


def raster_for(
    context: PlanContext,
    shape: tuple[int, ...],
    reader: type[RasterHead] | None,
    part: Part | None,
    pitch: int,
) -> Raster:
    """Return a raster with the margins that the part that reads it needs."""
    if reader is None or part is None:
        return Raster.filled(shape, context.dtype, pitch=pitch)
    windows = Windows.of(part)
    return Raster.filled(
        shape,
        context.dtype,
        margins=reader.margins(windows),
        pitch=pitch,
        value=reader.outside,
        reach=windows.columns.stride,
    )


def clean_margins(cut: RasterCut, raster: Raster, outside: int) -> None:
    """Add that margins are as they were, where products have gone on behind the rows.

    ``outside`` is the address of the number that stands there.
    """
    if raster.margins == NONE:
        return
    (c, h, w), context = raster.shape, cut.context
    lanes = VECTOR // raster.item
    last = raster.vectors(h, w) * lanes - (h - 1) * raster.pitch - w
    cut.pixels(
        context.library.get(kernels.fill),
        (c, h - 1, raster.pitch - w),
        last=last,
        number=outside,
        y=raster.at(0, 0, w),
        y_channel=raster.channel,
        y_row=raster.row,
    )


class RasterRows(RowHead):
    """Images of samples as rows of numbers, in panels."""

    def __init__(self, context: PlanContext, images: RasterHead, after: Part | None) -> None:
        features = images.part.features
        super().__init__(context, Part(type(self), None, 0, {}, (), (features,)), None, after)
        self._rows = aligned((context.threads, whole(features, context.lanes)), context.dtype)
        self._addresses = context.code.keep(aligned((context.threads,), np.int64))
        self._addresses[:] = [address(row) for row in self._rows]

    @classmethod
    def lower(cls, *given: Any) -> bool:
        """Return that no function is of this kind."""
        return False

    def _values(self, keeps: bool) -> Values:
        panels = self._panels()
        return Values(panels, (), panels, {})

    def forward(self, cut: Any) -> None:
        """Add nothing: :meth:`take` has."""

    def take(self, cut: RasterCut, raster: Raster, sample: int) -> None:
        """Add the row of a sample: pixels without what lies between them, brought into panels."""
        (c, h, w), panels = raster.shape, self.values.z
        beside = panels.stride == VECTOR  # a row's panels are the row
        cut.pixels(
            self.library.get(kernels.copy),
            raster.shape,
            x=raster,
            y=panels.address if beside else address(self._rows[cut.thread]),
            y_channel=h * w * raster.item,
            y_row=w * raster.item,
        )
        if not beside:
            self.code.add(
                cut.thread,
                self.library.get(rows.into_panels),
                rows=1,
                features=c * h * w,
                vectors=panels.count,
                samples=address(self._addresses[cut.thread :]),
                panels=panels.address + sample * VECTOR,
                vector_stride=panels.stride,
            )
