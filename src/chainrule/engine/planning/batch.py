"""The samples of a step, as kernels find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine.machine.memory import VECTOR, aligned
from chainrule.types import Array


@dataclass(frozen=True)
class Batch:
    """Where a thread finds the samples of its step; the kernel ``advance`` fills it.

    ``rows`` are the addresses of the samples in X, ``taps`` the same beside offsets of panel rows,
    ``targets`` byte offsets in t, ``normalized_weights`` those in the mean, a member's after the
    other's, ``scalars`` the numbers of the step that the optimizer's rule reads, and ``l2`` 0 and
    the penalty λ.
    """

    rows: Array
    taps: Array
    targets: Array
    normalized_weights: Array
    scalars: Array
    l2: Array

    @classmethod
    def of(
        cls, rows: int, dtype: np.dtype[Any], scalars: int, l2: float, members: int = 1
    ) -> Batch:
        """Return the batch of `rows` samples, of equal weight, with room to fill up a tile.

        Each has a weight for each of so many members.
        """
        taps = aligned((rows, 2), np.int64)
        taps[:, 1] = np.arange(rows) * VECTOR
        normalized = aligned((members * rows,), dtype)
        normalized[:] = 1 / (members * rows)
        lanes = VECTOR // dtype.itemsize
        whole = (aligned((rows + lanes,), np.int64), taps, aligned((rows,), np.int64))
        penalty = aligned((2,), dtype)
        penalty[1] = l2
        return cls(*whole, normalized, aligned((scalars,), dtype), penalty)
