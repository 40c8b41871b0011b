"""Tables of other libraries, pandas, polars and pyarrow, as tables of cells."""

from __future__ import annotations

from typing import Any

from chainrule.data.frame_columns import cells_of, is_frame, table_of_frame
from chainrule.data.sources import is_source, read_table
from chainrule.data.table import Column, Table

__all__ = ["as_column", "as_table", "is_frame"]


def as_table(data: Any) -> Table:
    """Return a table of cells.

    Parameters
    ----------
    data : Table, str, path, DataFrame, pyarrow table, or dict of columns
        A str or path names a file of a table, or is the name of a built-in set.

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
    return table_of_frame(data)


def as_column(name: str, values: Any) -> Column:
    """Return a column of cells, from whatever a table of its kind may have as a column."""
    return Column(name, cells_of(values), unit="row")
