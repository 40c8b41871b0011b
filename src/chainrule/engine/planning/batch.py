"""The samples of a step, as kernels find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import VECTOR, aligned

Array = NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """Where a thread finds the samples of its step; the kernel ``advance`` fills it.

    ``rows`` are the addresses of the samples in X, ``taps`` the same beside offsets of panel rows,
    ``targets`` byte offsets in t, ``shares`` the samples' weights in the mean, ``rates`` the
    numbers of the step that the optimizer's rule reads, and ``l2`` 0 and the penalty λ.
    """

    rows: Array
    taps: Array
    targets: Array
    shares: Array
    rates: Array
    l2: Array

    @classmethod
    def of(cls, rows: int, dtype: np.dtype[Any], rates: int, l2: float) -> Batch:
        """Return the batch of `rows` samples, of equal weight, with room to fill up a tile."""
        taps = aligned((rows, 2), np.int64)
        taps[:, 1] = np.arange(rows) * VECTOR
        shares = aligned((rows,), dtype)
        shares[:] = 1 / rows
        lanes = VECTOR // dtype.itemsize
        whole = (aligned((rows + lanes,), np.int64), taps, aligned((rows,), np.int64))
        penalty = aligned((2,), dtype)
        penalty[1] = l2
        return cls(*whole, shares, aligned((rates,), dtype), penalty)
