"""Learning a column of a table from its training cells, as was decided."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chainrule.data import DataError, Table
from chainrule.data.cells import Cells
from chainrule.inputs.base import Options
from chainrule.inputs.tables.base import MOST_VALUES, Settings, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn
from chainrule.inputs.tables.categories import CategoricalColumn
from chainrule.inputs.tables.dates import DateColumn
from chainrule.inputs.tables.decisions import LEFT_OUT, Decision
from chainrule.inputs.tables.distributions import Counted
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import MOST_BINS, PiecewiseColumn
from chainrule.inputs.tables.readings import AS_IT_IS, NumberReading

__all__ = ["MOST_COLUMNS", "check_fit", "fit_column", "fit_counted", "fit_numbers", "settings_of"]

ENCODINGS = ("standard", "piecewise")
MOST_COLUMNS = 1_000_000
MOST_CATEGORIES = 100_000


MOST_BIN_FEATURES = 4096
"""Features that the bins of all columns are, about: weights that outgrow the processor's caches
make training slow, and 16 bins of each of thousands of columns predict no better than a few."""

LEAST_BINS = 2

FEW_BINS = 4
"""Bins that a column has however few the rows are."""


def check_fit(table: Table, options: Options) -> None:
    """Refuse tables without rows or of too many columns, and options that are none."""
    if len(table) == 0:
        raise DataError("TableEncoder: expected rows to learn from, got none")
    if len(table.names) > MOST_COLUMNS:
        raise DataError(
            f"TableEncoder: expected at most {MOST_COLUMNS:,} columns, got {len(table.names):,}"
        )
    if options.encoding not in ENCODINGS:
        raise DataError(
            f"{options.owner}: expected an encoding of {ENCODINGS}, got {options.encoding!r}"
        )
    if not 1 <= options.bins <= MOST_BINS:
        raise DataError(f"{options.owner}: expected 1 to {MOST_BINS:,} bins, got {options.bins!r}")
    if options.max_categories is not None and not 1 <= options.max_categories <= MOST_CATEGORIES:
        raise DataError(
            f"{options.owner}: expected max_categories from 1 to {MOST_CATEGORIES:,}, got "
            f"{options.max_categories!r}"
        )
    if not 0 < options.bin_height < math.inf:
        raise DataError(
            f"{options.owner}: expected a bin_height > 0, got {options.bin_height!r}"
        )


def settings_of(options: Options, numbers: int = 0, rows: int = 0) -> Settings:
    """Return how columns of so many rows are encoded, as options say, where some are numbers."""
    most = MOST_VALUES if options.max_categories is None else options.max_categories
    columns = max(numbers, 1)
    bins = min(options.bins, max(LEAST_BINS, MOST_BIN_FEATURES // columns))
    if options.rows_of_a_bin:
        bins = min(bins, max(FEW_BINS, rows // (options.rows_of_a_bin * columns)))
    return Settings(options.encoding, bins, options.bin_height, most)


def fit_column(
    name: str, table: Table, decision: Decision, settings: Settings
) -> TableColumn | str:
    """Learn a column from its training cells, or return why it is left out."""
    raw = table.column(name)
    if decision.kind == LEFT_OUT:
        return decision.reason
    learnt: TableColumn | None = None
    if decision.kind == "numbers":
        x = decision.reading.read(name, raw, table.place)
        gone = np.isnan(x)
        if gone.all():
            return "every cell is missing"
        learnt = fit_numbers(name, x, decision.reading, settings)
        if learnt is None and gone.any():  # one number, or missing
            learnt = CategoricalColumn.fit(name, Cells.read(raw), settings.max_categories)
    elif decision.dates is not None:
        learnt = DateColumn.fit(
            name,
            raw,
            decision.dates,
            table.place,
            lambda part, x: fit_numbers(part, x, AS_IT_IS, settings),
        )
    elif decision.kind == "booleans":
        learnt = BooleanColumn.fit(name, Cells.read(raw))
    else:
        learnt = CategoricalColumn.fit(name, Cells.read(raw), settings.max_categories)
    return "constant" if learnt is None else learnt.checked()


def fit_numbers(
    name: str, x: NDArray[np.float64], reading: NumberReading, settings: Settings
) -> NumericColumn | PiecewiseColumn | None:
    """Learn a column of numbers (n), NaN where missing, as settings say; None if constant."""
    if not len(x):
        return None
    if settings.encoding == "piecewise":
        return PiecewiseColumn.fit(name, x, reading, settings.bins, settings.bin_height)
    return NumericColumn.fit(name, x, reading)


def fit_counted(
    name: str, numbers: Counted, settings: Settings
) -> NumericColumn | PiecewiseColumn | None:
    """Learn a column of different numbers, each with how often it occurs; None if constant."""
    if settings.encoding == "piecewise":
        return PiecewiseColumn.of(
            name, numbers, AS_IT_IS, settings.bins, settings.bin_height, missing=False
        )
    return NumericColumn.fit(name, np.repeat(numbers.values, numbers.counts), AS_IT_IS)
