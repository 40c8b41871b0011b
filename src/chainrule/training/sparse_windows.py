"""Two windows of sparse samples: entries in arrays that grow to what the largest window needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.types import Array

__all__ = ["SparseWindows"]

class SparseWindows:
    """Sparse samples X (n, f) of two windows, each filled piece by piece while the other is used.

    Parameters
    ----------
    features : int
        How many numbers a sample has, zeros included.
    dtype : dtype
        Of the numbers.
    rows : int
        The most samples of a window; those of the second one are numbered from here.
    entries : int
        For how many of a window there is room at first.
    """

    def __init__(self, features: int, dtype: np.dtype[Any], rows: int, entries: int) -> None:
        self.features, self.rows = features, rows
        self._halves = [_Entries(dtype, rows, entries) for _ in range(2)]

    def put(self, place: slice, X: Any) -> None:
        """Put samples behind those of their window; the first ones of a window begin it anew."""
        half, first = divmod(place.start, self.rows)
        self._halves[half].put(first, X)

    def window(self, rows: slice) -> sparse.csr_array:
        """Return the samples of a window, which change when the one after the next is read."""
        return self._halves[rows.start // self.rows].samples(rows.stop - rows.start, self.features)


class _Entries:
    """The entries of a window's samples, one after the other."""

    def __init__(self, dtype: np.dtype[Any], rows: int, entries: int) -> None:
        self.starts = np.zeros(rows + 1, np.int64)
        self.columns: NDArray[np.int32] = np.empty(entries, np.int32)
        self.values: Array = np.empty(entries, dtype)

    def put(self, first: int, X: Any) -> None:
        """Put samples there, from the number ``first`` on."""
        begin = int(self.starts[first])
        end = begin + X.nnz
        if end > len(self.columns):
            self.columns, self.values = (
                _grown(each, begin, end) for each in (self.columns, self.values)
            )
        self.starts[first + 1 : first + 1 + X.shape[0]] = begin + X.indptr[1:]
        self.columns[begin:end], self.values[begin:end] = X.indices, X.data

    def samples(self, count: int, features: int) -> sparse.csr_array:
        """Return the first samples as a matrix that shares the entries."""
        end, starts = int(self.starts[count]), self.starts[: count + 1]
        if end < 2**31:  # or SciPy would copy the columns, for the sake of one type
            starts = starts.astype(np.int32)
        return sparse.csr_array((self.values[:end], self.columns[:end], starts), (count, features))


def _grown(array: Any, filled: int, need: int) -> Any:
    """Return an array with room for so many numbers, and the first ones of another."""
    grown = np.empty(max(need, len(array) * 5 // 4), array.dtype)
    grown[:filled] = array[:filled]
    return grown
