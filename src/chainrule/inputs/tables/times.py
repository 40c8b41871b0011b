"""The times of a table's rows, as numbers that have their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data import Column, DataError
from chainrule.data.cells import Cells, shortened
from chainrule.inputs.base import Options
from chainrule.inputs.tables.decisions import Decision, decide

__all__ = ["times_of"]


def times_of(column: Column) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the times of rows (n), NaN where one is missing, and what a user should know of them.

    Numbers are taken as they are, dates as seconds since 1970 in UTC. Cells are read as those of a
    column that is learned from.

    Raises
    ------
    DataError
        They are neither numbers nor dates.
    """
    cells = Cells.read(column.cells)
    options = Options("chainrule", keep=(column.name,))
    decision = Decision("numbers") if cells.missing.all() else decide(column, options)
    if decision.dates is not None:
        seconds = decision.dates.read(column.name, cells, column.place)[:, 1]
        return np.asarray(seconds), decision.remarks
    if decision.kind == "numbers":
        x = decision.reading.read(column.name, column.cells, column.place)
        return np.asarray(x, np.float64), decision.remarks
    _, cell = cells.first(~cells.missing)
    raise DataError(
        f"expected numbers, or dates such as 2024-03-31, got {decision.kind}, {shortened([cell])}"
    )
