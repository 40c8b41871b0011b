"""Tables: columns of raw cells under names, with the lines of a file that rows stand on."""

import difflib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import shortened
from chainrule.data.coded import LineNumbers, RawCells, Unit, line_of, lines_of, taken
from chainrule.data.errors import DataError
from chainrule.tables import abridged, counted, cut, html_table, text_table

__all__ = ["Column", "RawCells", "Table", "taken"]

SHOWN_ROWS, SHOWN_COLUMNS = 5, 8
"""What is seen of a table at a prompt."""


@dataclass(frozen=True, eq=False)
class Column:
    """The cells (n) of one column, with its name and the lines (n) that they stand on, if known.

    Of the classes of images, ``files`` are the images' names. The unit says whether the cells stand
    on lines of a file or in rows, which are counted from 0.
    """

    name: str
    cells: RawCells
    lines: LineNumbers = ()
    files: tuple[str, ...] = ()
    unit: Unit = "line"

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.cells)

    def __repr__(self) -> str:
        return f"Column({self.name!r}: {abridged(self.cells)})"

    def line(self, row: int) -> int:
        """Line of a row (counted from 0) in the file it came from."""
        return line_of(self.lines, row, self.unit)

    def place(self, row: int) -> str:
        """Where the cell of a row (counted from 0) comes from, in words: line 2, or row 0."""
        return f"image {self.files[row]!r}" if self.files else f"{self.unit} {self.line(row)}"

    def select(self, rows: NDArray[np.integer]) -> "Column":
        """Make the column of these rows (m), which keep their line numbers and files."""
        lines = lines_of(self.lines, rows, self.unit)
        files = tuple(self.files[row] for row in rows) if self.files else ()
        return Column(self.name, taken(self.cells, rows), lines, files, self.unit)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of raw cells under names, texts or numbers.

    `lines` has the line of each row in its file; empty, the rows are lines 2, 3, 4, ... Where the
    `unit` is "row", as of a DataFrame, they are rows, counted from 0.

    Raises
    ------
    DataError
        Columns differ in length or in number from the names, or a name occurs twice.
    """

    names: tuple[str, ...]
    columns: tuple[RawCells, ...]
    lines: LineNumbers = ()
    unit: Unit = "line"

    def __post_init__(self) -> None:
        if len(self.names) != len(self.columns):
            raise DataError(
                f"Table: expected {len(self.names)} columns, one a name, got {len(self.columns)}"
            )
        if len(set(self.names)) != len(self.names):
            twice = [name for name, count in Counter(self.names).items() if count > 1]
            raise DataError(f"Table: expected different names, got {shortened(twice)} repeatedly")
        lengths = {len(column) for column in self.columns} | ({len(self.lines)} - {0})
        if len(lengths) > 1:
            raise DataError(f"Table: expected columns of one length, got {sorted(lengths)}")

    def __eq__(self, other: object) -> bool:
        """Compare names, cells and lines."""
        if not isinstance(other, Table):
            return NotImplemented
        pairs = [(self.lines, other.lines), *zip(self.columns, other.columns, strict=False)]
        return self.names == other.names and all(_same(*pair) for pair in pairs)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.columns[0]) if self.columns else 0

    def _head(self) -> list[tuple[str, ...]]:
        """Return the names and the first rows, of few columns."""
        most = None if len(self.names) <= SHOWN_COLUMNS else SHOWN_COLUMNS
        more = ("…",) * (most is not None)
        first = [
            [str(column[row]) for column in self.columns[:most]]
            for row in range(min(SHOWN_ROWS, len(self)))
        ]
        return [(*map(cut, row), *more) for row in (self.names[:most], *first)]

    @property
    def _size(self) -> str:
        return f"{counted(len(self), 'row')}, {counted(len(self.names), 'column')}"

    def __repr__(self) -> str:
        return f"{text_table(self._head())}\n{self._size}" if self.names else self._size

    def _repr_html_(self) -> str:
        """Return the first rows for notebooks."""
        heading, *rows = self._head()
        return html_table(self._size, heading, rows)

    def line(self, row: int) -> int:
        """Line of a row (counted from 0) in the file it came from."""
        return line_of(self.lines, row, self.unit)

    def place(self, row: int) -> str:
        """Where a row (counted from 0) comes from, in words: line 2 of a file, or row 0."""
        return f"{self.unit} {self.line(row)}"

    def column(self, name: str) -> RawCells:
        """Cells (n) of one column.

        Raises
        ------
        DataError
            There is no such column.
        """
        return self.columns[self._index(name)]

    def target(self, name: str) -> Column:
        """Return a column with its name and lines; DataError if there is none."""
        return Column(name, self.column(name), self.lines, unit=self.unit)

    def without(self, name: str) -> "Table":
        """Make the table of the other columns.

        Raises
        ------
        DataError
            There is no such column.
        """
        gone = self._index(name)
        names = self.names[:gone] + self.names[gone + 1 :]
        columns = self.columns[:gone] + self.columns[gone + 1 :]
        return replace(self, names=names, columns=columns)

    def select(self, rows: NDArray[np.integer]) -> "Table":
        """Make the table of these rows (m), which keep their line numbers."""
        columns = tuple(taken(column, rows) for column in self.columns)
        lines = lines_of(self.lines, rows, self.unit)
        return replace(self, columns=columns, lines=lines)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def _index(self, name: str) -> int:
        if name in self._places:
            return self._places[name]
        close = difflib.get_close_matches(name, self.names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"no column {name!r} among {shortened(self.names, most=50)}{hint}")


def _same(one: RawCells | LineNumbers, other: RawCells | LineNumbers) -> bool:
    """Return whether cells are equal: a missing one equals a missing one."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        kinds = one.dtype.kind, other.dtype.kind
        return kinds[0] == kinds[1] and np.array_equal(one, other, equal_nan=kinds[0] in "fM")
    return len(one) == len(other) and list(one) == list(other)
