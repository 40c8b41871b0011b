"""The times of a table's rows, as numbers that have their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data import DataError, Table
from chainrule.data.cells import Cells, shortened

__all__ = ["times_of"]


def times_of(table: Table, name: str) -> NDArray[np.float64]:
    """Return the times of the rows (n), NaN where one is missing: numbers, or dates.

    Raises
    ------
    DataError
        A cell is neither.
    """
    cells = Cells.read(table.column(name))
    values = cells.values.copy()
    for place in np.flatnonzero(cells.words):
        try:
            date = np.datetime64(cells.texts[place], "us")
        except ValueError:
            row, cell = cells.first(np.arange(len(cells.texts)) == place)
            raise DataError(
                f"--time: column {name!r}, line {table.line(row)}: expected a number or a date "
                f"such as 2024-12-31, got {shortened([cell])}"
            ) from None
        values[place] = date.astype(np.int64)
    return values[cells.codes]
