"""Some rows of a stream, as they were read: numbers, or a table's columns, and their answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.frame_columns import cells_of
from chainrule.data.table import Table

__all__ = ["ArrayPart", "ArrowPart", "Part", "rows_at_once"]

MOST_ROWS = 16_384
LEAST_ROWS = 256
CELLS = 2**20
"""About so many cells are taken apart at once, 8 MiB of them as float64."""


def rows_at_once(columns: int) -> int:
    """Return how many rows of so many columns are read at once."""
    return min(MOST_ROWS, max(LEAST_ROWS, CELLS // max(1, columns)))


class Part(ABC):
    """Some rows, one after the other, of a stream."""

    @property
    def own_answers(self) -> Any:
        """The answers that rows bring along, None of those that do not."""
        return None

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """About how many bytes the rows take."""

    @abstractmethod
    def __len__(self) -> int:
        """Count the rows."""

    @abstractmethod
    def raw(self, names: Sequence[str] | None = None) -> Any:
        """Return the rows as inputs take them: an array, or a table of columns, perhaps of some."""

    @abstractmethod
    def numbers(self, names: Sequence[str] | None = None) -> NDArray[Any]:
        """Return the numbers of the columns, or of some (n, i), NaN where one is missing.

        Raises
        ------
        DataError
            A column has no numbers.
        """

    @abstractmethod
    def take(self, rows: NDArray[np.integer]) -> Part:
        """Return some of the rows."""

    @abstractmethod
    def slice(self, start: int, stop: int) -> Part:
        """Return the rows from one to another."""

    @classmethod
    @abstractmethod
    def joined(cls, parts: Sequence[Any]) -> Part:
        """Return the rows of several parts of this kind, one after the other."""


class ArrayPart(Part):
    """Rows of an array, which have no names."""

    def __init__(self, X: NDArray[Any]) -> None:
        self.X = X

    @property
    def nbytes(self) -> int:
        """Those of the array."""
        return self.X.nbytes

    def __len__(self) -> int:
        return len(self.X)

    def raw(self, names: Sequence[str] | None = None) -> Any:
        """Return the array."""
        return self.X

    def numbers(self, names: Sequence[str] | None = None) -> NDArray[Any]:
        """Return the array."""
        return self.X

    def take(self, rows: NDArray[np.integer]) -> Part:
        """Return some of the rows."""
        return ArrayPart(self.X[rows])

    def slice(self, start: int, stop: int) -> Part:
        """Return the rows from one to another."""
        return ArrayPart(self.X[start:stop])

    @classmethod
    def joined(cls, parts: Sequence[ArrayPart]) -> Part:
        """Return the rows of several parts."""
        return cls(np.concatenate([part.X for part in parts]))


class ArrowPart(Part):
    """Rows of a record batch of pyarrow, that begin with row ``first`` of their stream."""

    def __init__(self, batch: Any, first: int, lines: NDArray[np.int64] | None = None) -> None:
        self.batch = batch
        self.lines = np.arange(first, first + batch.num_rows) if lines is None else lines

    @property
    def nbytes(self) -> int:
        """Those of the columns."""
        return int(self.batch.nbytes)

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def raw(self, names: Sequence[str] | None = None) -> Table:
        """Return the columns as cells."""
        chosen = tuple(self.batch.schema.names if names is None else names)
        columns = tuple(cells_of(self.batch.column(name)) for name in chosen)
        return Table(chosen, columns, self.lines, "row")

    def numbers(self, names: Sequence[str] | None = None) -> NDArray[Any]:
        """Return the columns side by side, as float32 where all are held by it exactly."""
        chosen = self.batch.schema.names if names is None else names
        columns = [_numbers(name, self.batch.column(name)) for name in chosen]
        small = all(_fits_float32(column.dtype) for column in columns)
        out = np.empty((len(self), len(columns)), np.float32 if small else np.float64)
        for place, column in enumerate(columns):
            out[:, place] = column
        return out

    def take(self, rows: NDArray[np.integer]) -> Part:
        """Return some of the rows."""
        return ArrowPart(self.batch.take(rows.astype(np.int64)), 0, self.lines[rows])

    def slice(self, start: int, stop: int) -> Part:
        """Return the rows from one to another."""
        return ArrowPart(self.batch.slice(start, stop - start), 0, self.lines[start:stop])

    @classmethod
    def joined(cls, parts: Sequence[ArrowPart]) -> Part:
        """Return the rows of several parts, whose columns may come in chunks."""
        import pyarrow

        table = pyarrow.Table.from_batches([part.batch for part in parts]).combine_chunks()
        lines = np.concatenate([part.lines for part in parts])
        batches = table.to_batches()
        if len(batches) != 1:  # of texts of more than 2 GiB
            raise DataError("expected rows of less than 2 GiB to be read at once, got more")
        return cls(batches[0], 0, lines)


def _fits_float32(kind: np.dtype[Any]) -> bool:
    return kind.itemsize <= 4 if kind.kind == "f" else kind.itemsize <= 2


def _numbers(name: str, column: Any) -> NDArray[Any]:
    """Return an array of pyarrow as one of numbers."""
    import pyarrow
    from pyarrow import types

    kind = column.type
    if types.is_boolean(kind):
        column = column.cast(pyarrow.int8())
    elif types.is_decimal(kind):
        column = column.cast(pyarrow.float64())
    elif not (types.is_integer(kind) or types.is_floating(kind)):
        raise DataError(
            f"column {name!r}: expected numbers, got {kind}; TableClassifier and TableRegressor "
            "take columns of any kind"
        )
    return np.asarray(column.to_numpy(zero_copy_only=False))
