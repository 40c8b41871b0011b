"""Tables of text: CSV files with a header line, read strictly."""

import csv
import difflib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.cells import MISSING, is_missing, number, shortened
from chainrule.data.errors import DataError
from chainrule.data.files import LARGEST, opened, read_at_most
from chainrule.tables import abridged, counted, html_table, text_table

__all__ = ["DELIMITERS", "MISSING", "Column", "RawCells", "Table", "read_csv"]

RawCells = list[str] | NDArray[np.float64]
"""The cells of a column: texts, or numbers with NaN where one is missing."""

DELIMITERS = (",", ";", "\t", "|")
SHOWN_ROWS, SHOWN_COLUMNS = 5, 8
"""What is seen of a table at a prompt."""

SAMPLE = 100
"""Rows that decide on the delimiter and on whether the first line is a header."""


@dataclass(frozen=True, eq=False)
class Column:
    """The cells (n) of one column, with its name and the lines (n) that they stand on, if known."""

    name: str
    cells: RawCells
    lines: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.cells)

    def __repr__(self) -> str:
        return f"Column({self.name!r}: {abridged(self.cells)})"

    def line(self, row: int) -> int:
        """Line of a row (counted from 0) in the file it came from."""
        return self.lines[row] if self.lines else row + 2

    def select(self, rows: NDArray[np.integer]) -> "Column":
        """Make the column of these rows (m), which keep their line numbers."""
        return Column(self.name, taken(self.cells, rows), tuple(self.line(row) for row in rows))


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
            tuple(str(column[row]) for column in self.columns[:most])
            for row in range(min(SHOWN_ROWS, len(self)))
        ]
        return [(*row, *more) for row in (self.names[:most], *first)]

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
    many fields. Text is UTF-8. Blank lines do not count.

    Raises
    ------
    DataError
        The file cannot be read, is no text, has no header, no rows, or a row of another length.
    """
    path = Path(path)
    text = _decode(path)
    if delimiter is None:
        delimiter = _find_delimiter(text)
    elif len(delimiter) != 1 or delimiter in '"\r\n':
        raise DataError(f"read_csv: expected a delimiter of one character, got {delimiter!r}")
    rows, lines = _parse(path, text, delimiter)
    if not rows:
        raise DataError(f"{path}: expected a header line and rows, got an empty file")
    names, body = tuple(name.strip() for name in rows[0]), rows[1:]
    _check_widths(path, rows, lines)
    _check_header(path, names, body[:SAMPLE])
    if not body:
        raise DataError(f"{path}: expected rows below the header, got a header only")
    columns = tuple(list(column) for column in zip(*body, strict=True))
    plain = lines[0] == 1 and lines[-1] == len(lines)
    return Table(names, columns, () if plain else tuple(lines[1:]))


def _decode(path: Path) -> str:
    with opened(path) as stream:
        content = read_at_most(stream, LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(f"{path}: expected at most {LARGEST:,} bytes of text, got more")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: expected UTF-8 text, got UTF-16")
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise DataError(f"{path}, line {line}: expected text, got a NUL byte")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise DataError(
            f"{path}, line {line}: expected UTF-8 text, got byte 0x{byte:02x}"
        ) from None


def _reader(text: str, delimiter: str) -> Any:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def _find_delimiter(text: str) -> str:
    """Take what cuts most of the first rows like the header; among equals, into most fields."""
    best, choice = (0.0, 1), DELIMITERS[0]
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in islice(_reader(text, delimiter), SAMPLE) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            if score > best:
                best, choice = score, delimiter
    return choice


def _parse(path: Path, text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Rows and the lines on which they begin, blank lines left out."""
    reader = _reader(text, delimiter)
    rows: list[list[str]] = []
    lines: list[int] = []
    end = 0
    try:
        for row in reader:
            if row and not (row == [""] and rows and len(rows[0]) > 1):
                rows.append(row)
                lines.append(end + 1)
            end = reader.line_num
    except csv.Error as error:
        raise DataError(f"{path}, line {end + 1}: expected well-formed CSV, got: {error}") from None
    return rows, lines


def _check_widths(path: Path, rows: list[list[str]], lines: list[int]) -> None:
    width = len(rows[0])
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            fields = f"{width} field" if width == 1 else f"{width} fields"
            raise DataError(f"{path}, line {line}: expected {fields} as in line 1, got {len(row)}")


def _check_header(path: Path, names: tuple[str, ...], body: Sequence[list[str]]) -> None:
    if _looks_like_data(names, body):
        raise DataError(
            f"{path}, line 1: expected a header line with the columns' names, "
            f"got what looks like data: {shortened(names)}"
        )
    for position, name in enumerate(names):
        if not name:
            hint = "; pandas leaves out its index with to_csv(index=False)" if position == 0 else ""
            raise DataError(
                f"{path}, line 1: expected a name for column {position + 1}, got none{hint}"
            )
        if name in names[:position]:
            raise DataError(f"{path}, line 1: expected different column names, got {name!r} twice")


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
