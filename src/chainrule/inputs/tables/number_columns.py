"""Columns of numbers within other columns, such as means of answers: of either encoding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.tables.distributions import Counted
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn

__all__ = ["Fit", "FitCounted", "NumberColumn", "number_column"]

NumberColumn = NumericColumn | PiecewiseColumn

Fit = Callable[[str, NDArray[np.float64]], NumberColumn | None]
"""Learns a column of numbers by its name; None if they are all one number."""

FitCounted = Callable[[str, Counted], NumberColumn | None]
"""Does the same from different numbers, and how often each occurs."""


def number_column(data: object, where: str) -> NumberColumn:
    """Check and take back what a column's `to_json` gave; ValueError for anything else."""
    piecewise = type(data) is dict and data.get("kind") == PiecewiseColumn.kind
    kind: type[NumberColumn] = PiecewiseColumn if piecewise else NumericColumn
    return kind.from_json(data, where)
