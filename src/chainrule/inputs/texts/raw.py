"""Texts as users give them: lists, arrays, columns of pandas, polars and pyarrow, a table's one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from chainrule.data import Column, DataError, Table
from chainrule.data.cells import shortened
from chainrule.data.coded import Coded
from chainrule.data.frames import as_table, is_frame
from chainrule.data.sources import is_source, read_table
from chainrule.data.streams import DataStream

__all__ = ["NO_SAMPLES", "column_of_texts", "listed"]

NO_SAMPLES = "Found array with 0 sample(s) while a minimum of 1 is required by"
"""What scikit-learn says of no samples, and the estimator's name."""


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
    _check_file(owner, data)
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
            "TextClassifier(text=…) names it"
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
        One is no text, or missing; empty cells of a file are texts without words.
    DataError
        A table has no such column, or a file cannot be read.
    """
    if _is_table(data):
        _check_file(owner, data)
        table = read_table(data) if is_source(data) else as_table(data)
        name = column_of_texts(owner, table, column)
        # A frame's own cells tell a missing one from an empty text; a file has no difference.
        whole = is_source(data) or isinstance(data, Table)
        cells = table.column(name) if whole else data[_key(data, name)]
    else:
        if isinstance(data, DataStream):
            raise TypeError(
                f"{owner}: expected texts in memory, such as stream.head(100).raw, got a "
                "DataStream, which is read in blocks"
            )
        cells = data.cells if isinstance(data, Column) else data
    if isinstance(cells, Coded):
        return [cells.texts[code] for code in cells.codes.tolist()]
    values = _plain(owner, cells)
    for place, value in enumerate(values):
        if not isinstance(value, str):
            raise TypeError(f"{owner}: expected texts, got {_received(value)} in row {place}")
    return values


def _check_file(owner: str, data: Any) -> None:
    """Raise DataError for a single text, which is taken for the name of a file."""
    if isinstance(data, str) and not (
        os.path.exists(data) or os.path.exists(data.rpartition(":")[0]) or data == "-"
    ):
        raise DataError(
            f"{owner}: expected texts, or the name of a file, got {shortened([data])}, which is no "
            "file; a single text is given as a list of it, [text]"
        )


def _is_table(data: Any) -> bool:
    return is_source(data) or is_frame(data) or isinstance(data, Table | Mapping)


def _key(data: Any, name: str) -> Any:
    """Return what a frame itself calls a column, which may be a number."""
    keys = data.keys() if hasattr(data, "keys") else [name]
    return next(key for key in keys if str(key) == name)


def _plain(owner: str, values: Any) -> list[Any]:
    """Return a sequence, or an array (n, 1), as a list of Python's own values."""
    if hasattr(values, "__next__"):
        raise TypeError(
            f"{owner}: expected texts that can be seen again, got a {type(values).__name__}; "
            "list(…) makes a list of it"
        )
    if isinstance(values, bytes | bytearray | memoryview):
        raise TypeError(f"{owner}: expected texts, got {_received(bytes(values)).rstrip(',')}")
    if not hasattr(values, "__len__") or getattr(values, "shape", None) == ():
        raise TypeError(f"{owner}: expected texts, got {_received(values).rstrip(',')}")
    if isinstance(values, set | frozenset):
        raise TypeError(f"{owner}: expected texts in an order, got a set, which has none")
    for name in ("to_pylist", "tolist", "to_list"):
        if hasattr(values, name):
            values = getattr(values, name)()
            break
    found = list(values)
    if found and all(isinstance(value, list) and len(value) == 1 for value in found):
        return [value for (value,) in found]
    return found


def _received(value: Any) -> str:
    if value is None or str(value) in ("nan", "<NA>", "NaT"):
        return f'{value}, a missing one ("" is a text without words),'
    if isinstance(value, bytes):
        return "bytes, which value.decode() makes a text,"
    told = " ".join(repr(value).split())
    return f"{told if len(told) <= 80 else told[:79] + '…'}, of type {type(value).__name__}"
