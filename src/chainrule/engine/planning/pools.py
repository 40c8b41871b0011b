"""Pools in a plan: maxima and means of windows, and how gradients go back to the pixels."""

from __future__ import annotations

from functools import cached_property

from chainrule.engine.machine.planes import Planes
from chainrule.engine.planning.blocks import BlockPlan, at
from chainrule.functions import Elementwise, MaxPool2d


class Pool(BlockPlan):
    """Plans a pool. Its windows may reach beyond the images, and overlap, but mostly do not."""

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
        before = self.before
        assert before is not None
        maps = before.block.maps
        if self.windows.apart:
            last = maps[-1] if maps and isinstance(maps[-1], Elementwise) else None
            self._apart(thread, tile, before, last)
            before.slopes(thread, tile, len(maps) - (last is not None))
        else:
            self._scatter(thread, tile)
            before.slopes(thread, tile, len(maps), at("source", self.scattered, tile))

    def _apart(self, thread: int, tile: int, before: BlockPlan, last: Elementwise | None) -> None:
        """Let gradients go to pixels of one window each, times the slope of the last map.

        Pixels that no window sees keep the zeros that are there.
        """
        values, behind, taps = self.values, before.values, self.windows.taps
        x = behind.y[-2] if len(behind.y) > 1 else behind.z
        x = self.reads if x is None or last is None else x  # nobody reads it
        assert values.z is not None
        self.pixels(
            thread,
            self.library.unpool_apart(self.kind, last),
            self.block.outputs,
            y=(values.z, tile),
            dy=(values.gradient, tile),
            taps=self.code.table(taps(self.reads), taps(behind.gradient), taps(x)),
            count=self.windows.area,
            **self._slid_over("x", self.reads, tile),
            **self._slid_over("dx", behind.gradient, tile),
            **self._slid_over("map_x", x, tile),
        )

    def _scatter(self, thread: int, tile: int) -> None:
        """Add up the gradients by the pixels, which several windows may see."""
        values, scattered = self.values, self.scattered
        assert values.z is not None
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
