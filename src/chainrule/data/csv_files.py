"""CSV files as tables, read strictly: by a reader of columns where a file is plain."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.arrow_csv import NotPlainError, read_blocks
from chainrule.data.cells import is_missing, number, shortened
from chainrule.data.coded import Coded
from chainrule.data.columns import GrowingColumn, MixedColumnError
from chainrule.data.errors import DataError
from chainrule.data.files import opened
from chainrule.data.formats import TableFormat, as_utf8
from chainrule.data.lines import Lines
from chainrule.data.table import Table

__all__ = ["DELIMITERS", "read_csv"]

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 100
"""Rows that decide on the delimiter and on whether the first line is a header."""

QUICK_FROM = 2**18
"""Bytes from which a file is worth another library's reader, which takes time to load."""

CELLS_OF_A_BLOCK = 2**16
"""About so many cells are read as rows before they become cells of columns."""

Record = tuple[int, list[str]]
"""The line on which a row begins, and its fields."""


def read_csv(
    path: str | os.PathLike[str],
    layout: TableFormat | None = None,
    *,
    delimiter: str | None = None,
) -> Table:
    """Read a CSV file, compressed or not, whose first line names the columns.

    The delimiter, if not given, is the one of , ; tab | that cuts the first lines into equally
    many fields. Blank lines do not count, nor do columns without a name and without cells. The
    file is read as it is decompressed, a block of rows at a time; a row has at most 16,777,216
    characters, and a field 131,072. Texts are kept once for each column; a column of numbers with
    more than 4,096 spellings is kept as float64, unless these say more than their value (007, +49,
    integers of 16 digits). Plain files of some size are read by pyarrow if it is installed.

    Parameters
    ----------
    path : str or path
        A file, or "-" for standard input.
    layout : TableFormat, default=None
        How the file is written; by default UTF-8 with decimal points and a header.
    delimiter : str, default=None
        The layout's delimiter.

    Returns
    -------
    table : Table

    Raises
    ------
    DataError
        The file cannot be read, is no text, has no header, no rows, or a row of another length.
    """
    path, layout = Path(path), layout or TableFormat()
    if delimiter is not None:
        layout = replace(layout, delimiter=delimiter)
    texts: set[int] = set()
    quick = path.is_file() and path.stat().st_size >= QUICK_FROM and bool(find_spec("pyarrow"))
    while True:
        try:
            return _read(path, layout, texts, quick=quick)
        except MixedColumnError as mixed:
            texts.add(mixed.place)
        except NotPlainError:
            quick = False


def _read(path: Path, layout: TableFormat, texts: set[int], *, quick: bool) -> Table:
    """Read a file once; `texts` are the places of columns that are known to be of texts."""
    with opened(path) as stream:
        lines = Lines(path, as_utf8(path, stream, layout), recoded=not layout.is_utf8)
        try:
            delimiter = layout.delimiter or _find_delimiter(lines)
            rows = _records(path, lines, delimiter)
            names, begun = _head(path, rows, layout)
            once = not path.is_file()  # a pipe cannot be read twice
            columns = [
                GrowingColumn(place, is_text=place in texts, once=once, clean=layout.cleaner())
                for place in range(len(names))
            ]
            if not quick:
                places = _add_rows(columns, chain(begun, rows))
        finally:
            lines.close()
    if quick:
        with opened(path) as stream:
            recoded = as_utf8(path, stream, layout)
            places = read_blocks(recoded, delimiter, columns, layout)
    return _finished(path, names, columns, places, first=2 if layout.header else 1)


def _head(
    path: Path, rows: Iterator[Record], layout: TableFormat
) -> tuple[tuple[str, ...], list[Record]]:
    """Return the columns' names, and the first rows, which were looked at."""
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: expected a header line and rows, got an empty file")
    if not layout.header:
        return tuple(f"c{place + 1}" for place in range(len(header[1]))), [header]
    names = tuple(name.strip() for name in header[1])
    begun = list(islice(rows, SAMPLE))
    _check_header(path, names, [row for _, row in begun])
    if not begun:
        raise DataError(f"{path}: expected rows below the header, got a header only")
    if not any(names):
        raise _no_name(path, 0)
    return names, begun


def _add_rows(columns: list[GrowingColumn], rows: Iterator[Record]) -> NDArray[np.int64]:
    """Add rows to the columns, a block at a time, and return the lines on which they begin."""
    places = []
    while block := list(islice(rows, _block(len(columns)))):
        lines, cells = zip(*block, strict=True)
        for column, added in zip(columns, zip(*cells, strict=True), strict=True):
            column.add(added)
        places.append(np.array(lines, np.int64))
    return np.concatenate(places)


def _finished(
    path: Path,
    names: tuple[str, ...],
    columns: list[GrowingColumn],
    places: NDArray[np.int64],
    first: int,
) -> Table:
    """Return the table of the columns that have names; the others must be empty."""
    cells = [column.cells() for column in columns]
    for place, (name, own) in enumerate(zip(names, cells, strict=True)):
        if not name and not (isinstance(own, Coded) and not any(map(str.strip, own.texts))):
            raise _no_name(path, place)
    kept = [place for place, name in enumerate(names) if name]
    plain = first == 2 and places[0] == 2 and places[-1] == len(places) + 1
    return Table(
        tuple(names[place] for place in kept),
        tuple(cells[place] for place in kept),
        () if plain else places,
    )


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


def _records(path: Path, lines: Lines, delimiter: str) -> Iterator[Record]:
    """Yield rows of one width with the lines on which they begin, blank lines left out."""
    reader = _reader(lines.read(), delimiter)
    width = end = 0
    try:
        for row in reader:
            lines.end_record()
            if row and not (row == [""] and width > 1):
                width = width or len(row)
                if len(row) == width + 1 and width > 1 and not row[-1]:
                    del row[-1]  # a delimiter ends each line
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
            f"got what looks like data: {shortened(names)}; say header=False (--no-header) if "
            "it has none"
        )
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not name and (not body or any(row[position].strip() for row in body)):
            raise _no_name(path, position)
        if name and name in seen:
            raise DataError(f"{path}, line 1: expected different column names, got {name!r} twice")
        seen.add(name)


def _no_name(path: Path, place: int) -> DataError:
    hint = "; pandas leaves out its index with to_csv(index=False)" if place == 0 else ""
    return DataError(f"{path}, line 1: expected a name for column {place + 1}, got none{hint}")


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
