"""Tables of other libraries, pandas, polars and pyarrow, as tables of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.cells import plain
from chainrule.data.errors import DataError
from chainrule.data.sources import is_source, read_table
from chainrule.data.table import Column, RawCells, Table

__all__ = ["as_column", "as_table", "is_frame"]

FEW = 16
"""Rows up to which a DataFrame of pandas is quicker taken apart as Python's objects."""


def is_frame(data: Any) -> bool:
    """Return whether data have named columns: a DataFrame, or a table of pyarrow."""
    return hasattr(data, "__dataframe__") or (
        hasattr(data, "columns") and hasattr(data, "shape") and not isinstance(data, np.ndarray)
    )


def as_table(data: Any) -> Table:
    """Return a table of cells.

    Parameters
    ----------
    data : Table, str, path, DataFrame, pyarrow table, or dict of columns
        A str or path names a CSV file, or is the name of a built-in set.

    Returns
    -------
    table : Table

    Raises
    ------
    DataError
        There are no named columns.
    """
    if isinstance(data, Table):
        return data
    if is_source(data):
        return read_table(data)
    if isinstance(data, Mapping):
        names, columns = list(data), [data[name] for name in data]
        single = [name for name in names if np.ndim(data[name]) == 0]
        if single:
            raise DataError(
                f"expected a list of cells for each column, got a single value for {single[0]!r}; "
                "of one row each list has one cell"
            )
    elif hasattr(data, "column_names"):  # pyarrow
        names, columns = list(data.column_names), list(data.columns)
    elif is_frame(data):
        names = list(data.columns)
        columns = _columns_of(data)
    else:
        raise DataError(
            "expected a table with named columns: a DataFrame of pandas or polars, a CSV file's "
            f"name, or a dict of columns, got {_received(data)}"
        )
    return Table(tuple(map(str, names)), tuple(map(cells_of, columns)))


def as_column(name: str, values: Any) -> Column:
    """Return a column of cells, from whatever a table of its kind may have as a column."""
    return Column(name, cells_of(values))


def cells_of(values: Any) -> RawCells:
    """Return a column's cells: float64 numbers with NaN where one is missing, or texts.

    Numbers stay numbers, which is exact and quick; all else is written as a file would have it.
    """
    numbers = _numbers(values)
    if numbers is not None:
        return numbers
    if hasattr(values, "to_pylist"):  # pyarrow
        values = values.to_pylist()
    elif hasattr(values, "to_list"):  # pandas, polars
        values = values.to_list()
    elif isinstance(values, np.ndarray):
        values = values.tolist()
    return [_text(value) for value in values]


def _columns_of(frame: Any) -> list[Any]:
    """Return the columns of a DataFrame of pandas or polars, by their places."""
    if hasattr(frame, "get_columns"):  # polars
        return list(frame.get_columns())
    if hasattr(frame, "iloc"):
        if len(frame) <= FEW:
            few: dict[Any, list[Any]] = frame.to_dict("list")
            if len(few) == frame.shape[1]:
                return list(few.values())
        return [frame.iloc[:, place] for place in range(frame.shape[1])]
    return [frame[name] for name in frame.columns]


def _numbers(values: Any) -> np.ndarray[Any, Any] | None:
    """Return a column of numbers as float64, None if it holds others, or true and false."""
    dtype = getattr(values, "dtype", None)
    kind = getattr(dtype, "kind", None)
    if kind in ("i", "u", "f"):
        if hasattr(values, "to_numpy") and getattr(dtype, "na_value", None) is not None:
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(values, dtype=np.float64)
    if dtype is not None and hasattr(dtype, "is_numeric") and dtype.is_numeric():  # polars
        return np.asarray(values.cast(float).to_numpy(), dtype=np.float64)
    return None


def _text(value: Any) -> str:
    """Return a cell as a file would have it: nothing where a value is missing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if value != value else plain(value)
    text = str(value)
    return "" if text in ("NaT", "<NA>", "nan") else text


def _received(data: Any) -> str:
    shape = getattr(data, "shape", None)
    return f"{type(data).__name__}{'' if shape is None else f' of shape {tuple(shape)}'}"
