"""Conv2d of few samples' predictions: lanes are pixels.

It is the product that it is on planes: its vectors are pixels that follow each other, from row to
row. So it goes on over the numbers between the rows; what it makes of these counts for nothing.
Where windows are several rows or columns apart, the pixels are sorted first, so that those that a
tap sees follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from chainrule.engine.kernels import epilogues, rasters as kernels
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.machine.planes import NONE, Margin
from chainrule.engine.machine.rasters import Raster, Sample
from chainrule.engine.network.network import Part
from chainrule.engine.network.windows import Windows
from chainrule.engine.planning.cuts import RasterCut
from chainrule.engine.planning.kinds.base import Emission, emission
from chainrule.engine.planning.kinds.filters import Filters
from chainrule.engine.planning.kinds.rasters import STRIDES, RasterHead, clean_margins
from chainrule.functions.sliding import Axis


class Sorted:
    """Pixels sorted by the taps that see them, where windows are several rows or columns apart.

    Tap u of window i sees element s·i + d·u − p = s·(i + q) + r: of the elements with remainder r
    it is number i + q.
    """

    def __init__(self, axis: Axis, size: int, windows: int) -> None:
        self.stride, self.size = axis.stride, size
        at = [axis.dilation * u - axis.before(size) for u in range(axis.size)]
        self.first = min(place // self.stride for place in at)
        self.count = windows + max(place // self.stride for place in at) - self.first
        self.remainders = sorted({place % self.stride for place in at})
        self.taps = [
            (self.remainders.index(place % self.stride), place // self.stride - self.first)
            for place in at
        ]

    def inside(self, remainder: int) -> range:
        """Return which of the elements with a remainder there are."""
        numbers = range(self.first, self.first + self.count)
        found = [q for q in numbers if 0 <= self.stride * q + remainder < self.size]
        return range(found[0], found[-1] + 1) if found else range(0)


class RasterConvolution(RasterHead):
    """A convolution and the functions after it."""

    takes_along = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.own = Filters.of(self.context, self.part)
        outside = self.reader.outside if self.reader else 0.0
        kept = self.code.keep(np.array([outside], self.context.dtype))
        self.outside_at = address(kept)

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what sorts pixels; products and epilogues are those of planes."""
        ways = [*((stride, False) for stride in STRIDES), *((s, True) for s in kernels.FEW)]
        return [emission(kernels.every, stride=stride, sample=sample) for stride, sample in ways]

    @classmethod
    def reads_samples(cls, part: Part) -> bool:
        """Return whether pixels are sorted as they come."""
        windows = Windows.of(part)
        return _apart(windows) and windows.columns.stride in kernels.FEW

    @classmethod
    def margins(cls, windows: Windows) -> tuple[Margin, Margin]:
        """Return those of the windows, unless pixels are sorted."""
        return NONE if _apart(windows) else windows.margins

    @classmethod
    def least_pitch(cls, part: Part, after: int) -> int:
        """Return the windows', or that of what is made: both are the same, unless sorted."""
        own = super().least_pitch(part, after)
        return own if _apart(Windows.of(part)) else max(own, after)

    @cached_property
    def axes(self) -> tuple[Sorted, Sorted]:
        """How rows and columns are sorted."""
        w = self.windows
        over, count = w.over, w.count
        return Sorted(w.rows, over[0], count[0]), Sorted(w.columns, over[1], count[1])

    def pitch_of(self, least: int) -> int:
        """Return the pitch of what the products read."""
        return max(least, self.axes[1].count) if _apart(self.windows) else self.reads.pitch

    @cached_property
    def sorted(self) -> Raster:
        """The pixels, sorted: of each channel one image for each pair of remainders."""
        rows, columns = self.axes
        images = self.part.inputs[0] * len(rows.remainders) * len(columns.remainders)
        shape = images, rows.count, columns.count
        return Raster.filled(shape, self.context.dtype, pitch=self.pitch)

    def forward(self, cut: RasterCut) -> None:
        """Add Z[o,i,j] = Σ W[o,c,u,v] X[c,s·i+d·u−p,s·j+d·v−p] + b[o], and f(Z)."""
        own, item, (high, wide) = self.own, self.context.dtype.itemsize, self.windows.count
        if _apart(self.windows):
            self._sort(cut)
            reads, taps = self.sorted, self._taps_of_sorted()
            channel, start = reads.channel * (reads.shape[0] // self.part.inputs[0]), reads.at()
        else:
            reads = self.reads
            taps, channel = self.taps(reads, own.inputs), reads.channel
            start = self._slid_over(reads)["x"]
        table = self.code.table(np.arange(len(taps)) * item, taps)
        filters = self.code.table(np.arange(own.outputs) * own.size)
        epilogue = (
            self.library.get(epilogues.affine, by_rows=True)
            if self.fused is None
            else self.library.get(epilogues.activation, self.fused, by_rows=True)
        )
        made = self.made
        for group in range(own.groups):
            o = group * own.outputs
            arguments = {
                "bias": own.bias + o * item,
                "z": made.at(o),
                "y": made.at(o),
                "row_stride": made.channel,
                "vector_stride": VECTOR,
            }
            self.context.product(
                cut.thread,
                epilogue,
                arguments,
                rows=own.outputs,
                vectors=made.vectors(high, wide),
                depth=len(taps),
                a=own.W + o * own.size,
                row_offsets=filters,
                taps=table,
                x=start + group * own.inputs * channel,
                x_stride=VECTOR,
            )
        clean_margins(cut, made, self.outside_at)
        self.follow(cut)

    def _taps_of_sorted(self) -> list[int]:
        """Return where the taps (c, u, v) of the first window are among sorted pixels."""
        (rows, columns), raster = self.axes, self.sorted
        across = len(columns.remainders)
        each = len(rows.remainders) * across
        return [
            (c * each + r * across + s) * raster.channel + q * raster.row + p * raster.item
            for c in range(self.own.inputs)
            for r, q in rows.taps
            for s, p in columns.taps
        ]

    def _sort(self, cut: RasterCut) -> None:
        """Add that pixels are sorted; those beyond the images stay zeros."""
        (rows, columns), raster, reads = self.axes, self.sorted, self.reads
        stride, sample = kernels.stride_option(columns.stride), isinstance(reads, Sample)
        kernel = self.library.get(kernels.every, stride=stride, sample=sample)
        each = len(rows.remainders) * len(columns.remainders)
        for image, (r, s) in enumerate(product(rows.remainders, columns.remainders)):
            down, right = rows.inside(r), columns.inside(s)
            if not down or not right:
                continue
            cut.pixels(
                kernel,
                (self.part.inputs[0], len(down), len(right)),
                x=reads.at(0, rows.stride * down[0] + r, columns.stride * right[0] + s),
                x_channel=reads.channel,
                x_row=rows.stride * reads.row,
                x_column=columns.stride * reads.item,
                address=cut.sample,
                y=raster.at(image, down[0] - rows.first, right[0] - columns.first),
                y_channel=each * raster.channel,
                y_row=raster.row,
            )


def _apart(windows: Windows) -> bool:
    """Return whether windows are several rows or columns apart."""
    return windows.rows.stride > 1 or windows.columns.stride > 1
