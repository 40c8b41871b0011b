"""Pools in a plan: maxima and means of windows, and how gradients go back to the pixels."""

from __future__ import annotations

from functools import cached_property

from chainrule.engine.blocks import BlockPlan, at
from chainrule.engine.planes import Planes
from chainrule.functions import MaxPool2d


class Pool(BlockPlan):
    """Plans a pool. Its windows may reach beyond the images, and overlap."""

    @property
    def kind(self) -> str:
        """What kernels call it."""
        return "max" if isinstance(self.block.function, MaxPool2d) else "average"

    @cached_property
    def scattered(self) -> Planes:
        """The gradient by the pixels that windows see, those in the margins too."""
        tiles, margins = len(self.reads.data), self.windows.margins
        return Planes.filled(tiles, self.block.inputs, self.dtype, margins)

    def forward(self, thread: int, tile: int) -> None:
        """Add Z, a number for each window."""
        values, taps = self.values, self.windows.taps(self.reads)
        assert values.z is not None
        self.pixels(
            thread,
            self.library.planes(f"{self.kind}_pool"),
            self.block.outputs,
            y=(values.z, tile),
            taps=self.code.table(taps),
            count=len(taps),
            **self._slid_over("x", self.reads, tile),
        )
        self.maps(thread, tile, first=0)

    def _slid_over(self, name: str, planes: Planes, tile: int) -> dict[str, int]:
        """Return the arguments of what windows slide over."""
        row, column = self.windows.steps(planes)
        return {
            name: self.windows.first(planes, tile),
            f"{name}_channel": planes.channel,
            f"{name}_row": row,
            f"{name}_column": column,
        }

    def backward(self, thread: int, tile: int) -> None:
        """Let each window's gradient go back to its pixels."""
        values, before, scattered = self.values, self.before, self.scattered
        assert values.z is not None
        assert before is not None
        zero = self.library.planes("zero")
        self.pixels(thread, zero, self.block.inputs, y=(scattered, tile))
        taps = self.windows.taps(self.reads)
        self.pixels(
            thread,
            self.library.planes(f"{self.kind}_unpool"),
            self.block.outputs,
            y=(values.z, tile),
            dy=(values.gradient, tile),
            taps=self.code.table(taps, self.windows.taps(scattered)),
            count=len(taps),
            **self._slid_over("x", self.reads, tile),
            **self._slid_over("dx", scattered, tile),
        )
        before.slopes(thread, tile, len(before.block.maps), at("source", scattered, tile))
