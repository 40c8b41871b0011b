"""Sparse matrices of SciPy: the one door through which they come in, their arrays checked first.

SciPy and machine code read the arrays of a matrix as they are, and so would read, and write, any
memory where these do not fit each other: after a change of ``X.indices`` by hand, from a damaged
pickle, from a wrong memory map. Entries that are out of order or stand twice are valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_csr", "check_arrays"]

INDICES, NUMBERS = "iu", "biuf"
"""Kinds of types, as NumPy abbreviates them."""


def as_csr(name: str, X: Any) -> Any:
    """Return a sparse matrix X (n, f) of any format as CSR, checked.

    Parameters
    ----------
    name : str
        Of the function that takes it, for the error.
    X : sparse matrix
        What was given.

    Returns
    -------
    X : csr_array or csr_matrix
        The same object if it is CSR.

    Raises
    ------
    ValueError
        It has not two axes, its arrays do not fit each other, or an entry is no finite number;
        the message names the entry.
    """
    check_arrays(name, X)
    rows = X.tocsr()
    numbers = rows.data[: int(rows.indptr[-1])]
    finite = np.isfinite(numbers)
    if not finite.all():
        entry = int(np.argmin(finite))
        raise ValueError(
            f"{name}: expected finite X, got {numbers[entry]} in sample "
            f"{_holder(rows.indptr, entry)} at ({rows.indices[entry]})"
        )
    return rows


def check_arrays(name: str, X: Any, letter: str = "X") -> None:
    """Raise ValueError where the arrays of a sparse matrix X (n, f) do not fit each other.

    Parameters
    ----------
    name : str
        Of the function that takes it, for the error.
    X : sparse matrix
        Of any format.
    letter : str
        What the error calls the matrix.
    """
    if X.ndim != 2:
        raise ValueError(f"{name}: expected a sparse {letter} of shape (n, f), got {X.shape}")
    _Checked(name, letter, X).check()


@dataclass(frozen=True)
class _Checked:
    """A matrix while it is checked; each error begins with the name."""

    name: str
    letter: str
    matrix: Any

    def check(self) -> None:
        """Look at the arrays of the matrix's format."""
        kind, X = self.matrix.format, self.matrix
        if kind in ("csr", "csc", "bsr"):
            self.compressed()
        elif kind == "coo":
            self.coordinates(X.coords, X.data)
        elif kind == "dok":
            keys = np.array(list(X.keys()), dtype=np.int64).reshape(-1, 2)
            self.coordinates(keys.T, np.array(list(X.values()), X.dtype))
        elif kind == "lil":
            self.lists()
        elif kind == "dia":
            self.indices("offsets", X.offsets)
            self.numbers(X.data, axes=2)
            self.equally_many("offsets", X.offsets, "diagonals", X.data)
        else:
            raise self.error(f"a format of SciPy's for {self.letter}", repr(kind))

    def compressed(self) -> None:
        """Look at starts, the numbers along the other axis, and entries: of CSR, CSC or BSR."""
        X, by_rows = self.matrix, self.matrix.format != "csc"
        along, within = ("row", "column") if by_rows else ("column", "row")
        block = X.blocksize if X.format == "bsr" else (1, 1)
        count, limit = (length // size for length, size in zip(X.shape, block, strict=True))
        if not by_rows:
            count, limit = limit, count
        self.indices(f"{along} starts", X.indptr)
        self.indices(f"{within} numbers", X.indices)
        self.numbers(X.data, axes=3 if X.format == "bsr" else 1)
        self.equally_many(f"{within} numbers", X.indices, "entries", X.data)
        starts, most = X.indptr, len(X.data)
        if len(starts) != count + 1:
            raise self.error(f"{count + 1} {along} starts in {self.letter}", len(starts))
        if starts[0] != 0 or np.any(starts[1:] < starts[:-1]) or starts[-1] > most:
            raise self.error(
                f"{along} starts in {self.letter} that rise from 0 to at most {most}, the number "
                "of its entries",
                f"{starts[0]} to {starts[-1]}, or a fall between",
            )
        numbers = X.indices[: int(starts[-1])]
        entry = _first_outside(numbers, limit)
        if entry is not None:
            place = _holder(starts, entry) * block[0]
            where = f"{'sample' if by_rows else 'column'} {place}"
            raise self.outside(f"{within} numbers", limit, numbers[entry], where)

    def coordinates(self, coords: Iterable[Any], data: Any) -> None:
        """Look at the rows and columns of entries."""
        self.numbers(data, axes=1)
        for along, numbers, limit in zip(
            ("row", "column"), coords, self.matrix.shape, strict=True
        ):
            self.indices(f"{along} numbers", numbers)
            self.equally_many(f"{along} numbers", numbers, "entries", data)
            entry = _first_outside(numbers, limit)
            if entry is not None:
                raise self.outside(f"{along} numbers", limit, numbers[entry], f"entry {entry}")

    def lists(self) -> None:
        """Look at LIL's two lists for each row: of columns, and of entries."""
        rows, data, (count, limit) = self.matrix.rows, self.matrix.data, self.matrix.shape
        for what, lists in (("of columns", rows), ("of entries", data)):
            if len(lists) != count:
                raise self.error(f"{count} lists {what} in {self.letter}", len(lists))
        for sample, (numbers, entries) in enumerate(zip(rows, data, strict=True)):
            self.equally_many(f"column numbers of sample {sample}", numbers, "entries", entries)
            for number in numbers:
                if not 0 <= number < limit:
                    raise self.outside("column numbers", limit, number, f"sample {sample}")

    def indices(self, what: str, array: Any) -> None:
        """Expect whole numbers on one axis."""
        self.array(f"{what} in {self.letter} as whole numbers", array, INDICES, axes=1)

    def numbers(self, array: Any, axes: int) -> None:
        """Expect numbers as entries."""
        self.array(f"numbers as {self.letter}", array, NUMBERS, axes)

    def array(self, expected: str, array: Any, kinds: str, axes: int) -> None:
        """Expect an array of a kind of type."""
        if not isinstance(array, np.ndarray):
            raise self.error(expected, type(array).__name__)
        if array.dtype.kind not in kinds:
            raise self.error(expected, f"{array.dtype} values")
        if array.ndim != axes:
            raise self.error(f"{expected}, an array of {axes} axes", f"the shape {array.shape}")

    def equally_many(self, what: str, some: Any, other: str, others: Any) -> None:
        """Expect arrays of the same length."""
        if len(some) != len(others):
            expected = f"as many {what} as {other} in {self.letter}"
            raise self.error(expected, f"{len(some)} and {len(others)}")

    def outside(self, what: str, limit: int, number: Any, where: str) -> ValueError:
        """Return the error of a number that points outside of the matrix."""
        expected = f"{what} from 0 to {limit - 1} in {self.letter}"
        return self.error(expected, f"{number} in {where}")

    def error(self, expected: str, received: Any) -> ValueError:
        """Return the error to raise."""
        return ValueError(f"{self.name}: expected {expected}, got {received}")


def _first_outside(numbers: NDArray[Any], limit: int) -> int | None:
    """Return the place of the first number below 0 or from the limit on, if there is one."""
    if not numbers.size or (numbers.min() >= 0 and numbers.max() < limit):
        return None
    return int(np.argmax((numbers < 0) | (numbers >= limit)))


def _holder(starts: NDArray[Any], entry: int) -> int:
    """Return the row, or column, that an entry belongs to."""
    return int(np.searchsorted(starts, entry, side="right")) - 1
