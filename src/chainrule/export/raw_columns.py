"""The columns of a raw row of a table, as an exported program is given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import Table
from chainrule.data.cells import Cells
from chainrule.inputs import TableEncoder
from chainrule.inputs.tables.base import MISSING_VALUE, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn
from chainrule.inputs.tables.categories import OTHER_VALUE, CategoricalColumn, places
from chainrule.inputs.tables.dates import DateColumn
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.texts import TextColumn

__all__ = ["RawColumn", "raw_columns", "raw_rows"]

MISSING, UNKNOWN = -2, -1
"""The places of texts that no value stands for."""

TRUTH = "1 for yes, 0 for no"
DATES = "seconds since 1970, as clocks show them"
"""What numbers are told to be that stand for other cells."""

Cell = float | str | None


@dataclass(frozen=True)
class RawColumn:
    """A column: numbers, or texts, each of which a program takes for the place of a value.

    Parameters
    ----------
    name : str
        The column's.
    told : str
        What a cell is, for people.
    values : tuple of str or None
        The texts that are known, None of numbers.
    missing, other : int
        The places of texts that are missing, or not known.
    text : TextColumn or None
        How free text is read.
    """

    name: str
    told: str
    values: tuple[str, ...] | None = None
    missing: int = MISSING
    other: int = UNKNOWN
    text: TextColumn | None = None

    @property
    def is_text(self) -> bool:
        """Whether a cell is a text."""
        return self.values is not None or self.text is not None

    @property
    def width(self) -> int:
        """How many numbers a cell becomes, before there are features.

        Free text becomes whether it is missing, what its telling words weigh, and its scores.
        """
        return 1 if self.text is None else 1 + len(self.text.words) + len(self.text.scores)


def raw_columns(encoder: TableEncoder) -> tuple[RawColumn, ...]:
    """Return the columns that make features, in order."""
    return tuple(_raw_column(column) for column in encoder.columns)


def _raw_column(column: TableColumn) -> RawColumn:
    if isinstance(column, CategoricalColumn | TargetEncodedColumn):
        missing = column.index.get(MISSING_VALUE, MISSING)
        own = isinstance(column, CategoricalColumn)
        other = column.index.get(OTHER_VALUE, UNKNOWN) if own else UNKNOWN
        return RawColumn(column.name, "a text", column.values, missing, other)
    if isinstance(column, NumericColumn | PiecewiseColumn):
        return RawColumn(column.name, "a number")
    if isinstance(column, BooleanColumn):
        return RawColumn(column.name, TRUTH)
    if isinstance(column, DateColumn):
        return RawColumn(column.name, DATES)
    if isinstance(column, TextColumn):
        return RawColumn(column.name, "free text", text=column)
    raise ValueError(
        f"column {column.name!r}: cannot be exported: expected numbers, categories, truth "
        f"values, dates or texts, got a column of kind {column.kind!r}"
    )


def raw_rows(encoder: TableEncoder, table: Table, *, as_given: bool = False) -> list[list[Cell]]:
    """Return the rows of a table as a program is given them: numbers, texts, None where missing.

    Texts are spelled as the values of their columns, or, ``as_given``, as they are in the table,
    with spaces, other ways to write a number and what stands for a missing cell.
    """
    columns = [_cells(column, table, as_given) for column in encoder.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _cells(column: TableColumn, table: Table, as_given: bool) -> list[Cell]:
    raw = table.column(column.name)
    if isinstance(column, TextColumn | CategoricalColumn | TargetEncodedColumn):
        if as_given and not isinstance(raw, np.ndarray):
            return [text or None for text in raw]
        return _texts(column, Cells.read(raw))
    numbers: Any
    if isinstance(column, NumericColumn | PiecewiseColumn):
        numbers = column.reading.read(column.name, raw, table.place)
    elif isinstance(column, DateColumn):
        numbers = column.reading.read(column.name, Cells.read(raw), table.place)[:, 0]
    else:
        numbers = _truth(column, raw)
    return [None if np.isnan(x) else float(x) for x in numbers]


def _texts(
    column: TextColumn | CategoricalColumn | TargetEncodedColumn, cells: Cells
) -> list[Cell]:
    """Return cells as their values are spelled, None where missing."""
    texts, gone = [cells.texts[code] for code in cells.codes.tolist()], cells.gone()
    if isinstance(column, TextColumn):
        return [None if absent else text for text, absent in zip(texts, gone, strict=True)]
    return [
        None if absent else column.values[place] if place >= 0 else text
        for text, place, absent in zip(
            texts, places(cells, column.index).tolist(), gone, strict=True
        )
    ]


def _truth(column: TableColumn, raw: Any) -> Any:
    """Return 1 for yes, 0 for no, NaN where missing, and ½ for what is neither."""
    out = np.zeros((len(raw), len(column.feature_names)), np.float32)
    column.encode(raw, out, str)
    numbers = (out[:, 0] + 1) / 2
    numbers[Cells.read(raw).gone()] = np.nan
    return numbers
