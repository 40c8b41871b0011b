"""Sparse samples by rows: whether the arrays of a matrix fit each other."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_rows(name: str, X: Any) -> None:
    """Raise ValueError for a CSR matrix (n, f) whose rows or columns lie outside of its arrays.

    SciPy and machine code read them as they are, so that such a matrix would read any memory.
    """
    if X.ndim != 2:
        raise ValueError(f"{name}: expected a sparse X of shape (n, f), got {X.shape}")
    samples, columns = X.shape
    starts, count = X.indptr, min(len(X.indices), len(X.data))
    if len(starts) != samples + 1:
        raise ValueError(f"{name}: expected {samples + 1} row starts in X, got {len(starts)}")
    if starts[0] != 0 or np.any(starts[1:] < starts[:-1]) or starts[-1] > count:
        raise ValueError(
            f"{name}: expected row starts in X that rise from 0 to at most {count}, the number of "
            f"its entries, got {starts[0]} to {starts[-1]}, or a fall between"
        )
    numbers = X.indices[: starts[-1]]
    outside = (numbers < 0) | (numbers >= columns)
    if outside.any():
        entry = int(np.argmax(outside))
        sample = int(np.searchsorted(starts, entry, side="right")) - 1
        raise ValueError(
            f"{name}: expected column numbers from 0 to {columns - 1} in X, got {numbers[entry]} "
            f"in sample {sample}"
        )
