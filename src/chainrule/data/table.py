"""Tables of text: CSV files with a header line, read strictly."""

import csv
import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import MISSING, is_missing, number, shortened
from chainrule.data.errors import DataError
from chainrule.data.files import opened
from chainrule.data.lines import Lines
from chainrule.tables import abridged, counted, cut, html_table, text_table

__all__ = ["DELIMITERS", "MISSING", "Column", "RawCells", "Table", "read_csv"]

RawCells = list[str] | NDArray[np.float64]
"""The cells of a column: texts, or numbers with NaN where one is missing."""

DELIMITERS = (",", ";", "\t", "|")
SHOWN_ROWS, SHOWN_COLUMNS = 5, 8
"""What is seen of a table at a prompt."""

SAMPLE = 100
"""Rows that decide on the delimiter and on whether the first line is a header."""

CELLS_OF_A_BLOCK = 2**16
"""About so many cells are read as rows before they become cells of columns."""


@dataclass(frozen=True, eq=False)
class Column:
    """The cells (n) of one column, with its name and the lines (n) that they stand on, if known.

    Of the classes of images, ``files`` are the images' names.
    """

    name: str
    cells: RawCells
    lines: tuple[int, ...] = ()
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.cells)

    def __repr__(self) -> str:
        return f"Column({self.name!r}: {abridged(self.cells)})"

    def line(self, row: int) -> int:
        """Line of a row (counted from 0) in the file it came from."""
        return self.lines[row] if self.lines else row + 2

    def place(self, row: int) -> str:
        """Where the cell of a row (counted from 0) comes from, in words."""
        return f"image {self.files[row]!r}" if self.files else f"line {self.line(row)}"

    def select(self, rows: NDArray[np.integer]) -> "Column":
        """Make the column of these rows (m), which keep their line numbers and files."""
        lines = tuple(self.line(row) for row in rows)
        files = tuple(self.files[row] for row in rows) if self.files else ()
        return Column(self.name, taken(self.cells, rows), lines, files)


def taken(cells: RawCells, rows: NDArray[np.integer]) -> RawCells:
    """Return the cells of some rows."""
    return [cells[row] for row in rows.tolist()] if isinstance(cells, list) else cells[rows]


@dataclass(frozen=True)
class Table:
    """Columns of raw cells under names, texts or numbers.

    `lines` has the line of each row in its file; empty, the rows are lines 2, 3, 4, ...

    Raises
    ------
    DataError
        Columns differ in length or in number from the names, or a name occurs twice.
    """

    names: tuple[str, ...]
    columns: tuple[RawCells, ...]
    lines: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) != len(self.columns):
            raise DataError(
                f"Table: expected {len(self.names)} columns, one a name, got {len(self.columns)}"
            )
        if len(set(self.names)) != len(self.names):
            raise DataError(f"Table: expected different names, got {shortened(self.names)}")
        lengths = {len(column) for column in self.columns} | ({len(self.lines)} - {0})
        if len(lengths) > 1:
            raise DataError(f"Table: expected columns of one length, got {sorted(lengths)}")

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
        return self.lines[row] if self.lines else row + 2

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
        return Column(name, self.column(name), self.lines)

    def without(self, name: str) -> "Table":
        """Make the table of the other columns.

        Raises
        ------
        DataError
            There is no such column.
        """
        gone = self._index(name)
        names = self.names[:gone] + self.names[gone + 1 :]
        return Table(names, self.columns[:gone] + self.columns[gone + 1 :], self.lines)

    def select(self, rows: NDArray[np.integer]) -> "Table":
        """Make the table of these rows (m), which keep their line numbers."""
        columns = tuple(taken(column, rows) for column in self.columns)
        return Table(self.names, columns, tuple(self.line(row) for row in rows.tolist()))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def _index(self, name: str) -> int:
        if name in self._places:
            return self._places[name]
        close = difflib.get_close_matches(name, self.names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"no column {name!r} among {shortened(self.names, most=50)}{hint}")


def read_csv(path: str | os.PathLike[str], *, delimiter: str | None = None) -> Table:
    """Read a CSV file, gzipped or not, whose first line names the columns.

    The delimiter, if not given, is the one of , ; tab | that cuts the first lines into equally
    many fields. Text is UTF-8. Blank lines do not count. The file is read as it is decompressed, a
    block of rows at a time; a row has at most 16,777,216 characters, and a field 131,072.

    Raises
    ------
    DataError
        The file cannot be read, is no text, has no header, no rows, or a row of another length.
    """
    path = Path(path)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise DataError(f"read_csv: expected a delimiter of one character, got {delimiter!r}")
    with opened(path) as stream:
        lines = Lines(path, stream)
        try:
            return _read(path, _records(path, lines, delimiter or _find_delimiter(lines)))
        finally:
            lines.close()


def _read(path: Path, rows: Iterator[tuple[int, list[str]]]) -> Table:
    """Read the header and the rows; a block of rows at a time becomes cells of columns."""
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: expected a header line and rows, got an empty file")
    first, names = header[0], tuple(name.strip() for name in header[1])
    columns: list[list[str]] = [[] for _ in names]
    places: list[int] = []
    while block := list(islice(rows, _block(len(names)))):
        if not places:
            _check_header(path, names, [row for _, row in block[:SAMPLE]])
        lines, cells = zip(*block, strict=True)
        for column, added in zip(columns, zip(*cells, strict=True), strict=True):
            column.extend(added)
        places.extend(lines)
    if not places:
        _check_header(path, names, [])
        raise DataError(f"{path}: expected rows below the header, got a header only")
    plain = first == 1 and places[-1] == len(places) + 1
    return Table(names, tuple(columns), () if plain else tuple(places))


def _block(width: int) -> int:
    """Return how many rows of a width are taken apart together."""
    return max(SAMPLE, CELLS_OF_A_BLOCK // width)


def _reader(lines: Iterator[str], delimiter: str) -> Any:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def _find_delimiter(lines: Lines) -> str:
    """Take what cuts most of the first rows like the header; among equals, into most fields."""
    best, choice = (0.0, 1), DELIMITERS[0]
    for delimiter in DELIMITERS:
        try:
            widths = _widths(lines, delimiter)
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            if score > best:
                best, choice = score, delimiter
    return choice


def _widths(lines: Lines, delimiter: str) -> list[int]:
    """Return how many fields each of the first rows has, if it has any."""
    widths = []
    for row in islice(_reader(lines.looked_at(), delimiter), SAMPLE):
        lines.end_record()
        if row:
            widths.append(len(row))
    return widths


def _records(path: Path, lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows of one width with the lines on which they begin, blank lines left out."""
    reader = _reader(lines.read(), delimiter)
    width = end = 0
    try:
        for row in reader:
            lines.end_record()
            if row and not (row == [""] and width > 1):
                width = width or len(row)
                if len(row) != width:
                    fields = f"{width} field" if width == 1 else f"{width} fields"
                    raise DataError(
                        f"{path}, line {end + 1}: expected {fields} as in line 1, got {len(row)}"
                    )
                yield end + 1, row
            end = reader.line_num
    except csv.Error as error:
        raise DataError(f"{path}, line {end + 1}: expected well-formed CSV, got: {error}") from None


def _check_header(path: Path, names: tuple[str, ...], body: Sequence[list[str]]) -> None:
    if _looks_like_data(names, body):
        raise DataError(
            f"{path}, line 1: expected a header line with the columns' names, "
            f"got what looks like data: {shortened(names)}"
        )
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not name:
            hint = "; pandas leaves out its index with to_csv(index=False)" if position == 0 else ""
            raise DataError(
                f"{path}, line 1: expected a name for column {position + 1}, got none{hint}"
            )
        if name in seen:
            raise DataError(f"{path}, line 1: expected different column names, got {name!r} twice")
        seen.add(name)


def _looks_like_data(names: tuple[str, ...], body: Sequence[list[str]]) -> bool:
    """All names are numbers; or those above numbers are, and one above words recurs below it."""
    numeric = [number(name) is not None for name in names]
    if all(numeric):
        return True
    recurs = False
    for name, is_number, cells in zip(names, numeric, zip(*body, strict=True), strict=False):
        present = [cell.strip() for cell in cells if not is_missing(cell)]
        if present and all(number(cell) is not None for cell in present):
            if not is_number:
                return False
        elif name and name in present:
            recurs = True
    return recurs and any(numeric)
