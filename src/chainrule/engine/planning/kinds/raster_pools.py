"""Pools of few samples' predictions: lanes are pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from chainrule.engine.kernels import rasters as kernels
from chainrule.engine.planning.cuts import RasterCut
from chainrule.engine.planning.kinds.base import Emission, emission
from chainrule.engine.planning.kinds.rasters import STRIDES, RasterHead


class RasterAveragePool(RasterHead):
    """A pool: each row of windows is read where it lies."""

    pool: ClassVar[Any] = kernels.average_pool

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return the pool."""
        return [emission(cls.pool, stride=stride) for stride in STRIDES]

    def forward(self, cut: RasterCut) -> None:
        """Add Z, a number for each window."""
        taps = self.taps(self.reads)
        stride = kernels.stride_option(self.windows.columns.stride)
        cut.pixels(
            self.library.get(type(self).pool, stride=stride),
            self.part.outputs,
            y=self.made,
            taps=self.code.table(taps),
            count=len(taps),
            **self._slid_over(self.reads),
        )
        self.follow(cut)


class RasterMaxPool(RasterAveragePool):
    """Maxima of windows."""

    outside = float("-inf")
    pool = kernels.max_pool
