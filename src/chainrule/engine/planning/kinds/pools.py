"""Pools: maxima and means of windows, and how gradients go back to the pixels."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

from chainrule.engine.kernels import planes
from chainrule.engine.machine.planes import Planes
from chainrule.engine.planning.cuts import TileCut
from chainrule.engine.planning.kinds.base import Emission, elementwise, emission
from chainrule.engine.planning.kinds.images import ImageHead
from chainrule.functions import Elementwise

UNROLLED = 4
"""Taps of the windows that most pools have, 2 × 2: gradients go back to them without a loop."""


class AveragePool(ImageHead):
    """A pool. Its windows may reach beyond the images, and overlap, but mostly do not."""

    pool: ClassVar[Any] = planes.average_pool
    unpool: ClassVar[Any] = planes.average_unpool
    largest: ClassVar[bool] = False

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the pool there and back."""
        functions = (None, *elementwise())
        alone = (
            emission(
                planes.unpool_non_overlapping, largest=cls.largest, function=f, unrolled=UNROLLED
            )
            for f in functions
        )
        return [emission(cls.pool), emission(cls.unpool), *alone]

    @cached_property
    def scattered(self) -> Planes:
        """The gradient by the pixels that windows see, those in the margins too."""
        tiles, margins = self.context.tiles, self.windows.margins
        return Planes.filled(tiles, self.part.inputs, self.context.dtype, margins)

    def forward(self, cut: TileCut) -> None:
        """Add Z, a number for each window."""
        taps = self.windows.taps(self.reads)
        self.context.pixels(
            cut.thread,
            self.library.get(type(self).pool),
            self.part.outputs,
            y=(self.values.z, cut.tile),
            taps=self.code.table(taps),
            count=len(taps),
            **self._slid_over("x", self.reads, cut.tile),
        )
        self.follow(cut)

    def _slid_over(self, name: str, planes: Planes, tile: int) -> dict[str, int]:
        """Return the arguments of what windows slide over."""
        row, column = self.windows.steps(planes)
        return {
            name: self.windows.first(planes, tile),
            f"{name}_channel": planes.channel,
            f"{name}_row": row,
            f"{name}_column": column,
        }

    def pass_back(self, cut: TileCut, before: ImageHead) -> None:
        """Let each window's gradient go back to its pixels."""
        if self.windows.non_overlapping:
            last = before.last_slope
            self._to_one_window_each(cut, before, last)
            before.slopes(cut, len(before.pointwise) - (last is not None))
        else:
            self._scatter(cut)
            before.slopes(cut, source=self.scattered)

    def _to_one_window_each(
        self, cut: TileCut, before: ImageHead, last: Elementwise | None
    ) -> None:
        """Let gradients go to pixels of one window each, times the slope of the last function.

        Pixels that no window sees keep the zeros that are there.
        """
        values, behind, taps = self.values, before.values, self.windows.taps
        x = behind.before(max(0, len(behind.y) - 1))
        x = self.reads if x is None or last is None else x  # it is not read
        few = {"unrolled": UNROLLED} if self.windows.area == UNROLLED else {}
        options = {"largest": self.largest, "function": last, **few}
        self.context.pixels(
            cut.thread,
            self.library.get(planes.unpool_non_overlapping, **options),
            self.part.outputs,
            y=(values.z, cut.tile),
            dy=(values.gradient, cut.tile),
            taps=self.code.table(taps(self.reads), taps(behind.gradient), taps(x)),
            count=self.windows.area,
            **self._slid_over("x", self.reads, cut.tile),
            **self._slid_over("dx", behind.gradient, cut.tile),
            **self._slid_over("before_x", x, cut.tile),
        )

    def _scatter(self, cut: TileCut) -> None:
        """Add up the gradients by the pixels, which several windows may see."""
        values, scattered = self.values, self.scattered
        zero = self.library.get(planes.zero)
        self.context.pixels(cut.thread, zero, self.part.inputs, y=(scattered, cut.tile))
        taps = self.windows.taps(self.reads)
        self.context.pixels(
            cut.thread,
            self.library.get(type(self).unpool),
            self.part.outputs,
            y=(values.z, cut.tile),
            dy=(values.gradient, cut.tile),
            taps=self.code.table(taps, self.windows.taps(scattered)),
            count=len(taps),
            **self._slid_over("x", self.reads, cut.tile),
            **self._slid_over("dx", scattered, cut.tile),
        )


class MaxPool(AveragePool):
    """Maxima of windows; their gradients go to the first of the largest pixels."""

    outside = float("-inf")
    pool = planes.max_pool
    unpool = planes.max_unpool
    largest = True
