"""Samples as kernels read them: rows of numbers, or lists of the numbers that are not zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.types import Array


@dataclass(frozen=True)
class SparseRows:
    """Sparse samples: the entries of sample n are those from ``starts[n]`` to ``starts[n + 1]``.

    An entry is a token and its value: a column of X and the number there.
    """

    starts: NDArray[np.int64]
    tokens: NDArray[np.int32]
    values: Array

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def longest(self) -> int:
        """Entries of the sample that has most."""
        return int(np.diff(self.starts).max(initial=0))

    def placed(self, rows: slice, count: int) -> SparseRows:
        """Return ``count`` samples, of which those of some rows are these, and others are empty."""
        starts = np.zeros(count + 1, np.int64)
        starts[rows.start : rows.stop + 1] = self.starts
        starts[rows.stop + 1 :] = self.starts[-1]
        return SparseRows(starts, self.tokens, self.values)


Rows = Array | SparseRows


def table_of(rows: Rows) -> Array:
    """Return the array whose rows are the samples' places: their numbers, or their entries."""
    return rows.starts if isinstance(rows, SparseRows) else rows


def entries_of(rows: Rows) -> float | None:
    """Return how many entries a sparse sample has, on average; None if samples are dense."""
    return len(rows.tokens) / max(1, len(rows)) if isinstance(rows, SparseRows) else None
