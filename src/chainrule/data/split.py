"""Splitting rows into parts, the same on every machine and NumPy version."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError

__all__ = ["LEAST_ROWS", "split"]

LEAST_ROWS = 40
"""Rows from which some are held out unasked: a score of fewer than eight says next to nothing."""


def split(
    n: int,
    shares: tuple[float, ...],
    seed: int,
    labels: Sequence[str] | NDArray[Any] | None = None,
) -> list[NDArray[np.intp]]:
    """Shuffle n rows and cut them into one array of row numbers a share.

    With labels (n), each class is cut in these shares; every class with as many rows as there are
    parts, or more, has a row in every part.

    Raises
    ------
    DataError
        Shares do not sum to 1 or are not positive, labels do not fit, or a part would be empty.
    """
    if not shares or min(shares) <= 0.0 or not abs(sum(shares) - 1.0) <= 1e-9:
        raise DataError(f"split: expected positive shares that sum to 1, got {shares}")
    if not 0 <= seed < 2**128:
        raise DataError(f"split: expected a seed from 0 to 2**128 - 1, got {seed}")
    if labels is not None and len(labels) != n:
        raise DataError(f"split: expected {n:,} labels, got {len(labels):,}")
    if n < len(shares):
        raise DataError(f"split: expected a row or more for each of {len(shares)} parts, got {n}")
    # The generator's raw numbers are fixed for good; what NumPy makes of them may change.
    order = np.argsort(np.random.Philox(key=seed).random_raw(n), kind="stable")
    part = _parts(_codes(labels, n)[order], np.array(shares))
    parts = [order[part == p] for p in range(len(shares))]
    if min(map(len, parts)) == 0:
        raise DataError(f"split: expected a row or more in each part of {shares}, got {n} rows")
    return parts


def _codes(labels: Sequence[str] | NDArray[Any] | None, n: int) -> NDArray[np.intp]:
    if labels is None:
        return np.zeros(n, np.intp)
    codes: NDArray[np.intp] = np.unique(np.asarray(labels), return_inverse=True)[1]
    return codes


def _parts(codes: NDArray[np.intp], shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """Part of each row (n), class by class; what rounding leaves a part lacking is carried on."""
    part = np.empty(len(codes), np.intp)
    rows_by_class = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    owed = np.zeros(len(shares))
    for size, rows in zip(
        sizes.tolist(), np.split(rows_by_class, np.cumsum(sizes)[:-1]), strict=True
    ):
        owed += size * shares
        counts = _counts(size, shares, owed)
        owed -= counts
        part[rows] = np.repeat(np.arange(len(shares)), counts)
    return part


def _counts(size: int, shares: NDArray[np.float64], owed: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows of one class for each part: its share, at least one if the class has enough."""
    counts = np.floor(size * shares).astype(np.intp)
    if size >= len(shares):
        counts = np.maximum(counts, 1)
    while counts.sum() > size:
        counts[np.argmax(counts)] -= 1
    while counts.sum() < size:
        counts[np.argmax(owed - counts)] += 1
    return counts
