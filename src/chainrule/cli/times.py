"""The times of a table's rows, as numbers that have their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data import DataError, Table
from chainrule.data.cells import Cells, shortened
from chainrule.inputs import Options, TableEncoder

__all__ = ["times_of"]


def times_of(table: Table, name: str) -> NDArray[np.float64]:
    """Return the times of the rows (n), NaN where one is missing: numbers, or dates.

    Raises
    ------
    DataError
        The column was taken for something else.
    """
    raw = table.column(name)
    only = Table((name,), (raw,), table.lines)
    decision = TableEncoder.kinds(only, Options("chainrule", keep=(name,)))[name]
    if decision.dates is not None:
        return np.asarray(decision.dates.read(name, Cells.read(raw), table.line)[:, 1])  # in UTC
    if decision.kind == "numbers":
        return np.asarray(decision.reading.read(name, raw, table.line), np.float64)
    cells = Cells.read(raw)
    row, cell = cells.first(~cells.missing)
    raise DataError(
        f"--time: column {name!r}, line {table.line(row)}: expected numbers or dates such as "
        f"2024-12-31, got {decision.kind}, {shortened([cell])}"
    )
