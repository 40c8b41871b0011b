"""Where the taps of windows lie: the arithmetic of convolutions and pools on planes.

Window i of an axis sees the elements s·i + d·u − p, one for each of its taps u. In planes each of
them is a byte offset from the window's first tap, the same for all windows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from chainrule.engine.machine.memory import VECTOR
from chainrule.engine.machine.planes import NONE, Margin, Planes
from chainrule.engine.network.network import Part
from chainrule.functions.sliding import Axis, window_axes

Taps = tuple[tuple[int, int], ...]
"""Pairs of a tap's number, and the window that sees an element by it."""


@dataclass(frozen=True)
class Windows:
    """A part's windows: how they slide along both axes, over how much, and how many they are."""

    rows: Axis
    columns: Axis
    over: tuple[int, int]
    count: tuple[int, int]

    @classmethod
    def of(cls, part: Part) -> Windows:
        """Return the windows of a convolution or a pool."""
        _, *over = part.inputs
        _, *count = part.outputs
        return cls(*window_axes(part.function), (over[0], over[1]), (count[0], count[1]))

    @property
    def area(self) -> int:
        """Taps of a window in one channel."""
        return self.rows.size * self.columns.size

    @property
    def _axes(self) -> tuple[tuple[Axis, int, int], tuple[Axis, int, int]]:
        (height, width), (high, wide) = self.over, self.count
        return (self.rows, height, high), (self.columns, width, wide)

    @property
    def before(self) -> tuple[int, int]:
        """Rows and columns by which the first window begins before the images."""
        return self.rows.before(self.over[0]), self.columns.before(self.over[1])

    @property
    def margins(self) -> tuple[Margin, Margin]:
        """How far windows reach over the images that they slide over."""
        rows, columns = self._axes
        return margin(*rows), margin(*columns)

    @property
    def non_overlapping(self) -> bool:
        """Whether no two windows share a pixel, and none reaches over the images."""
        strides_suffice = all(axis.stride >= axis.span for axis in (self.rows, self.columns))
        return strides_suffice and self.margins == NONE

    @property
    def gradient_margins(self) -> tuple[Margin, Margin]:
        """How many columns beyond the windows that exist those lie that phases name; no rows."""
        return (0, 0), gradient_margin(*self._axes[1])

    @property
    def phases(self) -> list[tuple[Phase, Phase]]:
        """The pixels by rows and columns, so that all of a pair are seen in the same way."""
        (rows, height, _), (columns, width, _) = self._axes
        return list(product(phases(rows, height), phases(columns, width)))

    def taps(self, planes: Planes, channels: int = 1) -> list[int]:
        """Return how many bytes the taps (c, u, v) of a window lie behind its first."""
        row, column = self.rows.dilation * planes.row, self.columns.dilation * VECTOR
        sizes = (channels, self.rows.size, self.columns.size)
        return [
            c * planes.channel + u * row + v * column for c, u, v in product(*map(range, sizes))
        ]

    def first(self, planes: Planes, tile: int, c: int = 0, i: int = 0) -> int:
        """Return the address of the first tap of the first window in row i."""
        above, left = self.before
        return planes.at(tile, c, i * self.rows.stride - above, -left)

    def steps(self, planes: Planes) -> tuple[int, int]:
        """Return the bytes from a window to the next one below, and to the next on the right."""
        return self.rows.stride * planes.row, self.columns.stride * VECTOR


def margin(axis: Axis, size: int, windows: int) -> Margin:
    """Return how far windows reach over an axis of a size, before and after it."""
    before = axis.before(size)
    return before, max(0, (windows - 1) * axis.stride + axis.span - size - before)


@dataclass(frozen=True)
class Phase:
    """Every s-th element of an axis from the first: the same windows see them by the same taps.

    ``taps`` name the windows that see the first element.
    """

    first: int
    count: int
    taps: Taps

    def pieces(self, windows: int, size: int) -> list[Phase]:
        """Return the phase in pieces of a size, each with the taps of windows that exist.

        Taps still name the windows that see the phase's first element; neighbours with the same
        taps are one piece.
        """
        found: list[Phase] = []
        for first in range(0, self.count, size):
            own = range(first, min(first + size, self.count))
            taps = tuple((u, at) for u, at in self.taps if _any_exists(at, own, windows))
            if found and found[-1].taps == taps:
                found[-1] = replace(found[-1], count=found[-1].count + len(own))
            else:
                found.append(Phase(first, len(own), taps))
        return found


def _any_exists(at: int, elements: range, windows: int) -> bool:
    return any(0 <= at + element < windows for element in elements)


def phases(axis: Axis, size: int) -> list[Phase]:
    """Return who sees the elements of an axis: window (h + p − d·u)/s sees h by tap u."""
    before = axis.before(size)
    found = []
    for first in range(min(axis.stride, size)):
        starts = [(u, first + before - axis.dilation * u) for u in range(axis.size)]
        taps = tuple((u, at // axis.stride) for u, at in starts if at % axis.stride == 0)
        found.append(Phase(first, len(range(first, size, axis.stride)), taps))
    return found


def gradient_margin(axis: Axis, size: int, windows: int) -> Margin:
    """Return how far the windows that :func:`phases` names lie outside of those that exist."""
    reach = [
        end
        for phase in phases(axis, size)
        for _, window in phase.taps
        for end in (window, window + phase.count - 1)
    ]
    return max(0, -min(reach, default=0)), max(0, max(reach, default=0) - (windows - 1))
