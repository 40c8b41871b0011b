"""Files of tables by their names: CSV, Parquet, Excel."""

from __future__ import annotations

from datetime import date, datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.cells import shortened
from chainrule.data.coded import Coded, RawCells
from chainrule.data.csv_files import read_csv
from chainrule.data.errors import DataError
from chainrule.data.files import installed
from chainrule.data.formats import TableFormat
from chainrule.data.frame_columns import cells_of, table_of_frame
from chainrule.data.table import Table

__all__ = ["STANDARD_INPUT", "read_table_file", "sheet_of"]

STANDARD_INPUT = "-"
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm")
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
    if suffix in EXCEL:
        return _read_excel(file, sheet, layout or TableFormat())
    if suffix in PARQUET:
        return _read_parquet(path)
    return read_csv(path, layout)


def sheet_of(path: Path) -> tuple[Path, str | None]:
    """Take a name such as book.xlsx:Prices apart; without a sheet it is the file's first."""
    name, _, sheet = str(path).rpartition(":")
    if sheet and Path(name).suffix.lower() in EXCEL:
        return Path(name), sheet
    return path, None


def _read_parquet(path: Path) -> Table:
    if find_spec("pyarrow") is None and find_spec("polars") is not None:
        polars: Any = installed("polars", "Parquet files")
        reader, wrong = polars.read_parquet, polars.exceptions.PolarsError
    else:
        installed("pyarrow", "Parquet files")
        reader, wrong = _arrow_table, ValueError
    try:
        return table_of_frame(reader(path))
    except (OSError, wrong) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path}: expected a Parquet file: {reason}") from None


def _arrow_table(path: Path) -> Any:
    """Read a file with no thread left that goes on with it, as the scanner of data sets leaves."""
    parquet = installed("pyarrow.parquet", "Parquet files")
    with parquet.ParquetFile(path, pre_buffer=False) as file:
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
        columns[name] = _excel_cells(cells, layout)
    lines = np.array([line for line, _ in rows[-len(filled) :]], np.int64)
    return Table(tuple(columns), tuple(columns.values()), lines)


def _excel_cells(values: tuple[Any, ...], layout: TableFormat) -> RawCells:
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
    cells = cells_of(list(values))
    clean = layout.cleaner()
    if clean is None or not isinstance(cells, Coded):
        return cells
    return Coded([clean(text) for text in cells.texts], cells.codes)
