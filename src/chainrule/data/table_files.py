"""Files of tables by their names: CSV, Parquet, Excel."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.cells import number, shortened
from chainrule.data.coded import Coded, RawCells
from chainrule.data.csv_files import read_csv
from chainrule.data.errors import DataError
from chainrule.data.files import installed
from chainrule.data.formats import TableFormat
from chainrule.data.frame_columns import cells_of, table_of_frame
from chainrule.data.table import Table
from chainrule.memory import expect_memory, size_text

__all__ = ["STANDARD_INPUT", "is_text_table", "read_table_file", "sheet_of"]

STANDARD_INPUT = "-"
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm")
JSON = (".jsonl", ".ndjson", ".json")
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
THREADS_FROM = 2**22
"""Bytes from which a Parquet file is read by several threads."""

MOST_ROWS = 2**20
"""Rows of a sheet, as Excel itself bounds them."""


def read_table_file(path: Path, layout: TableFormat | None = None) -> Table:
    """Read a table from a file, whose kind its name says; "-" is CSV from standard input.

    Raises
    ------
    DataError
        The file is not what its name says, or a library that reads it is not installed.
    """
    file, sheet = sheet_of(path)
    suffix = file.suffix.lower()
    if suffix == ".xls":
        raise DataError(f"{path}: expected an .xlsx file; save the old .xls in Excel as one")
    _check_is_not_json(path)
    if suffix in EXCEL:
        return _read_excel(file, sheet, layout or TableFormat())
    if suffix in PARQUET:
        return _read_parquet(path, layout or TableFormat())
    return read_csv(path, layout)


def _check_is_not_json(path: Path) -> None:
    """Raise DataError for a file whose name is that of JSON, compressed or not."""
    suffixes = [each for each in map(str.lower, path.suffixes) if each not in COMPRESSED]
    if suffixes[-1:] == [".json"]:
        raise DataError(f"{path}: JSON is not read; pandas.read_json makes a table of it")
    if suffixes and suffixes[-1] in JSON:
        raise DataError(
            f"{path}: JSON lines are not read; pandas.read_json(…, lines=True) makes a table of "
            "them"
        )


def is_text_table(path: Path) -> bool:
    """Return whether a name is that of a table written as text, whose encoding may be said."""
    return sheet_of(path)[0].suffix.lower() not in (*PARQUET, *EXCEL)


def sheet_of(path: Path) -> tuple[Path, str | None]:
    """Take a name such as book.xlsx:Prices apart; without a sheet it is the file's first."""
    name, _, sheet = str(path).rpartition(":")
    if sheet and Path(name).suffix.lower() in EXCEL:
        return Path(name), sheet
    return path, None


def _read_parquet(path: Path, layout: TableFormat) -> Table:
    if find_spec("pyarrow") is None and find_spec("polars") is not None:
        polars: Any = installed("polars", "Parquet files")
        reader, wrong = polars.read_parquet, polars.exceptions.PolarsError
    else:
        installed("pyarrow", "Parquet files")
        reader, wrong = _arrow_table, ValueError
    try:
        table = table_of_frame(reader(path))
    except (OSError, wrong) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path}: expected a Parquet file: {reason}") from None
    return replace(table, columns=tuple(_as_written(cells, layout) for cells in table.columns))


def _arrow_table(path: Path) -> Any:
    """Read a file with no thread left that goes on with it, as the scanner of data sets leaves."""
    parquet = installed("pyarrow.parquet", "Parquet files")
    with parquet.ParquetFile(path, pre_buffer=False) as file:
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        cells = f"{rows:,} rows × {columns:,} columns × 8 bytes are {size_text(8 * rows * columns)}"
        try:
            expect_memory(f"{path}: {cells}", 8 * rows * columns)
        except MemoryError as error:
            raise DataError(
                f"{error}; DataStream reads it in blocks, on the command line train --stream"
            ) from None
        return file.read(use_threads=path.stat().st_size >= THREADS_FROM)


def _read_excel(path: Path, sheet: str | None, layout: TableFormat) -> Table:
    """Read a sheet: the first row with values names the columns; empty rows do not count."""
    openpyxl = installed("openpyxl", "Excel files")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever went wrong inside
        raise DataError(f"{path}: expected an Excel file, got: {error}") from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise DataError(f"{path}: no sheet {sheet!r} among {shortened(book.sheetnames)}")
        values = book[sheet or book.sheetnames[0]].iter_rows(values_only=True)
        numbered = enumerate(islice(values, MOST_ROWS), 1)
        rows = [(line, row) for line, row in numbered if any(v not in (None, "") for v in row)]
    finally:
        book.close()
    width = max((len(row) for _, row in rows), default=0)
    filled = [(*row, *[None] * (width - len(row))) for _, row in rows]
    names = [f"c{place + 1}" for place in range(width)]
    if layout.header:
        if len(rows) < 2:
            raise DataError(f"{path}: expected a row with the columns' names and rows below it")
        names = ["" if name is None else str(name).strip() for name in filled.pop(0)]
    columns = {}
    for name, cells in zip(names, zip(*filled, strict=True), strict=True):
        if all(cell in (None, "") for cell in cells):
            continue
        if not name or name in columns:
            received = f"{name!r} twice" if name else "none"
            raise DataError(f"{path}: expected a name of its own for each column, got {received}")
        columns[name] = _as_written(_excel_cells(cells), layout)
    lines = np.array([line for line, _ in rows[-len(filled) :]], np.int64)
    return Table(tuple(columns), tuple(columns.values()), lines)


def _excel_cells(values: tuple[Any, ...]) -> RawCells:
    """Return cells of one kind as what they are, others as texts."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {int, float} and kinds:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kinds <= {datetime, date}:
        return np.array([np.datetime64(value or "NaT", "us") for value in values])
    if kinds == {bool}:
        truth = {None: 2, False: 0, True: 1}
        codes = np.array([truth[value] for value in values], np.int32)
        return Coded(("False", "True", ""), codes, "boolean")
    return cells_of(list(values))


def _as_written(cells: RawCells, layout: TableFormat) -> RawCells:
    """Return cells without those that a layout takes as missing, texts with decimal points."""
    clean = layout.cleaner()
    if clean is None:
        return cells
    if isinstance(cells, Coded):
        own = Coded.of(map(clean, cells.texts))
        return Coded(own.texts, own.codes[cells.codes], cells.kind)
    if isinstance(cells, np.ndarray) and cells.dtype == np.float64:
        markers = [value for text in layout.missing if (value := number(text)) is not None]
        return np.where(np.isin(cells, markers), np.nan, cells)
    return cells
