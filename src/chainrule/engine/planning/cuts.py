"""Parts of the values of a batch, for one thread to work on; and pointwise work on them.

A cut says how numbers are walked over in its memory layout. So a pointwise function is planned
once, whatever the layout of what it works on. Each method of a cut adds instructions for its
thread. A gradient is that by a function's output; it becomes that by the input, in its place. A
``source`` stands in for it where it lies elsewhere yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from chainrule.engine.kernels import dropout, planes, pointwise, rasters, residual
from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.machine.rasters import Raster
from chainrule.engine.planning.context import PlanContext
from chainrule.functions import Dropout, Elementwise

Range = tuple[int, int]


@dataclass(frozen=True)
class Values:
    """What a part makes: z, kept only where something reads it, y after each pointwise function.

    ``gradient`` is dz; where the loss alone reads z, it takes z's place. ``masks`` are those of
    the functions that draw one. All are Panels, or all are Planes.
    """

    z: Any
    y: tuple[Any, ...]
    gradient: Any
    masks: dict[int, Any]

    @property
    def output(self) -> Any:
        """What the next part reads."""
        return self.y[-1] if self.y else self.z

    def before(self, k: int) -> Any:
        """Return what a pointwise function reads; None if that is not kept."""
        return self.y[k - 1] if k else self.z


@dataclass(frozen=True)
class RowCut:
    """Some samples and some panels of rows of numbers, which lie feature-blocked."""

    context: PlanContext
    thread: int
    rows: Range
    panels: Range

    def __bool__(self) -> bool:
        return self.rows[0] < self.rows[1] and self.panels[0] < self.panels[1]

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self.rows[1] - self.rows[0]

    @property
    def count(self) -> int:
        """How many panels there are."""
        return self.panels[1] - self.panels[0]

    def at(self, panels: Any) -> int:
        """Return the address of the first number."""
        return int(panels.address + self.rows[0] * VECTOR + self.panels[0] * panels.stride)

    def _runs(self, kernel: Any, **arrays: Any) -> None:
        """Add a kernel of contiguous numbers for each panel."""
        for panel in range(self.count):
            at = {name: self.at(a) + panel * a.stride if a else 0 for name, a in arrays.items()}
            self.context.code.add(self.thread, kernel, count=self.samples, **at)

    def copy(self, x: Any, y: Any) -> None:
        """Add Y = X."""
        self._runs(self.context.library.get(residual.copy), x=x, y=y)

    def add(self, x: Any, other: Any, y: Any) -> None:
        """Add Y = X + another array."""
        self._runs(self.context.library.get(residual.add), x=x, other=other, y=y)

    def value(self, function: Elementwise, x: Any, y: Any) -> None:
        """Add Y = value(X)."""
        self._runs(self.context.library.get(pointwise.value, function), x=x, y=y)

    def slope(self, function: Elementwise, x: Any, y: Any, gradient: Any, source: Any) -> None:
        """Add dX = dY · derivative(X, Y)."""
        kernel = self.context.library.get(pointwise.slope, function)
        self._runs(kernel, x=x, y=y, gradient=gradient)

    def draw(self, function: Dropout, place: int, x: Any, y: Any, mask: Any) -> None:
        """Add a mask that is drawn, and Y = X times it."""
        own = self.panels[0] * y.stride
        number, members = self.context.member
        self.context.draw(
            self.thread,
            self.context.library.get(dropout.draw),
            place,
            function.rate,
            first=self.rows[0],
            last=self.rows[1],
            panel=self.panels[0],
            panels=self.count,
            features=members * y.features,
            before=number * y.features,
            vector_stride=y.stride,
            x=x.address + own,
            y=y.address + own,
            mask=mask.address + own,
        )

    def mask(self, mask: Any, gradient: Any, source: Any) -> None:
        """Add dX = dY times a mask."""
        self._runs(self.context.library.get(dropout.masked), gradient=gradient, mask=mask)


@dataclass(frozen=True)
class TileCut:
    """A tile of images, which lie sample-blocked."""

    context: PlanContext
    thread: int
    tile: int

    def _pixels(self, kernel: Any, shape: Any, **arrays: Any) -> None:
        given = {name: (array, self.tile) for name, array in arrays.items() if array is not None}
        self.context.pixels(self.thread, kernel, shape, **given)

    def copy(self, x: Any, y: Any) -> None:
        """Add Y = X, where they have other margins."""
        self._pixels(self.context.library.get(planes.copy), y.shape, x=x, y=y)

    def value(self, function: Elementwise, x: Any, y: Any) -> None:
        """Add Y = value(X)."""
        self._pixels(self.context.library.get(planes.value, function), y.shape, x=x, y=y)

    def slope(self, function: Elementwise, x: Any, y: Any, gradient: Any, source: Any) -> None:
        """Add dX = dY · derivative(X, Y)."""
        kernel = self.context.library.get(planes.slope, function)
        self._pixels(kernel, y.shape, x=x, y=y, gradient=gradient, source=source)

    def draw(self, function: Dropout, place: int, x: Any, y: Any, mask: Any) -> None:
        """Add a mask that is drawn, and Y = X times it."""
        self.context.draw(
            self.thread,
            self.context.library.get(dropout.draw_lanes),
            place,
            function.rate,
            first=self.tile * self.context.lanes,
            features=prod(y.shape),
            mask=mask.at(self.tile),
        )
        self._pixels(self.context.library.get(planes.times), y.shape, x=x, y=y, mask=mask)

    def mask(self, mask: Any, gradient: Any, source: Any) -> None:
        """Add dX = dY times a mask."""
        times = self.context.library.get(planes.times)
        self._pixels(times, mask.shape, x=source, y=gradient, mask=mask)


@dataclass(frozen=True)
class RasterCut:
    """The images of one sample, which lie pixel-blocked; there are no gradients.

    ``sample`` is where the address of the sample stands.
    """

    context: PlanContext
    thread: int
    sample: int

    def value(self, function: Elementwise, x: Any, y: Any) -> None:
        """Add Y = value(X)."""
        self.pixels(self.context.library.get(rasters.copy, function), x.shape, x=x, y=y)

    def pixels(self, kernel: Any, shape: tuple[int, ...], **values: Any) -> None:
        """Add a kernel that walks over rows of pixels; rasters stand for address and strides."""
        given: dict[str, int] = dict(zip(rasters.SIZES, shape, strict=True))
        for name, value in values.items():
            if isinstance(value, Raster):
                given |= {f"{name}_channel": value.channel, f"{name}_row": value.row}
                value = value.at()
            given[name] = value
        self.context.code.add(self.thread, kernel, **given)


Cut = RowCut | TileCut | RasterCut
