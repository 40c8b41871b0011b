"""Texts as users give them: lists, arrays, columns of pandas, polars and pyarrow, a table's one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data import Column, DataError, Table
from chainrule.data.cells import shortened
from chainrule.data.coded import Coded
from chainrule.data.frames import as_table, is_frame
from chainrule.data.sources import is_source, read_table

__all__ = ["column_of_texts", "listed"]


def column_of_texts(owner: str, data: Any, column: str) -> str:
    """Return the name of the column that texts stand in: "" where they are not in a table.

    Parameters
    ----------
    owner : str
        Whom messages name.
    data : array-like, Column, table, str or path
        The texts.
    column : str
        The name that a user gave; "" for the only column.

    Raises
    ------
    DataError
        There is no such column, or there are several.
    """
    if not _is_table(data):
        return ""
    names = as_table(data).names
    if column:
        if column not in names:
            raise DataError(
                f"{owner}: expected a column {column!r} of texts, got {shortened(names, most=20)}"
            )
        return column
    if len(names) != 1:
        raise DataError(
            f"{owner}: expected one column of texts, got {shortened(names, most=20)}; "
            "text= names it, at the command line --text"
        )
    return names[0]


def listed(owner: str, data: Any, column: str = "") -> list[str]:
    """Return texts as a list.

    Parameters
    ----------
    owner : str
        Whom messages name.
    data : array-like, Column, table, str or path
        The texts.
    column : str
        The column of a table that has them, "" for its only one.

    Raises
    ------
    TypeError
        One is no text.
    DataError
        A table has no such column, or a file cannot be read.
    """
    if _is_table(data):
        table = read_table(data) if is_source(data) else as_table(data)
        cells = table.column(column_of_texts(owner, table, column))
    else:
        cells = data.cells if isinstance(data, Column) else data
    if isinstance(cells, Coded):
        return [cells.texts[code] for code in cells.codes.tolist()]
    values = _plain(cells)
    if _is_table(data) or isinstance(data, Column):  # a column of texts that all are numbers
        return [f"{value:g}" for value in values]
    for place, value in enumerate(values):
        if not isinstance(value, str):
            raise TypeError(f"{owner}: expected texts, got {_received(value)} at {place}")
    return values


def _is_table(data: Any) -> bool:
    return is_source(data) or is_frame(data) or isinstance(data, Table | Mapping)


def _plain(values: Any) -> list[Any]:
    """Return a sequence, or an array (n, 1), as a list of Python's own values."""
    for name in ("to_pylist", "tolist", "to_list"):
        if hasattr(values, name):
            values = getattr(values, name)()
            break
    found = list(values)
    if found and all(isinstance(value, list) and len(value) == 1 for value in found):
        return [value for (value,) in found]
    return found


def _received(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return f'{value}, a missing one ("" is a text without words)'
    if isinstance(value, bytes):
        return "bytes, which value.decode() makes a text,"
    return f"{value!r}, of type {type(value).__name__}"
