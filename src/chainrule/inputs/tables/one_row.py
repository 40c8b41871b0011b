"""The features of a single row in little time, for services that predict row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from chainrule.data import Table
from chainrule.data.cells import number
from chainrule.data.number_formats import PLAIN
from chainrule.inputs.tables.base import MISSING_VALUE, Block, TableColumn
from chainrule.inputs.tables.booleans import FALSE, TRUE, BooleanColumn
from chainrule.inputs.tables.categories import OTHER_VALUE, CategoricalColumn
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn, PiecewiseRun
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.types import Array

__all__ = ["OneRow", "runs"]

LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def runs(columns: Sequence[TableColumn]) -> list[list[int]]:
    """Return the places of columns, those of piecewise numbers that stand side by side together."""
    pieces = groupby(
        range(len(columns)),
        lambda place: -1 if isinstance(columns[place], PiecewiseColumn) else place,
    )
    return [list(places) for _, places in pieces]


class OneRow:
    """How cells of one row become features, where nothing about them is unusual.

    Parameters
    ----------
    columns : sequence of TableColumn
        All columns.
    blocks : sequence of Block
        Where their features stand.
    most : int
        How many columns a table may have.
    """

    def __init__(
        self, columns: Sequence[TableColumn], blocks: Sequence[Block], most: int
    ) -> None:
        self.names = tuple(column.name for column in columns)
        self.most = most
        self.width = sum(block.width for block in blocks)
        self.usual = True
        self._standard: list[tuple[int, int, float, float]] = []
        self._runs: list[tuple[slice, slice, PiecewiseRun]] = []
        self._words: list[tuple[int, dict[str, tuple[int, float]]]] = []
        self._encoded: list[tuple[int, slice, TargetEncodedColumn]] = []
        self._numbers: list[int] = []
        for places in runs(columns):
            first, last = blocks[places[0]], blocks[places[-1]]
            self._add([columns[place] for place in places], places, first, last)
        self._only = len(self._standard) == self.width and not self._words

    def _add(
        self, columns: list[TableColumn], places: list[int], first: Block, last: Block
    ) -> None:
        column = columns[0]
        if isinstance(column, NumericColumn | PiecewiseColumn):
            self.usual &= all(each.reading.format == PLAIN for each in columns)  # type: ignore[attr-defined]
        if isinstance(column, NumericColumn):
            self._standard.append((places[0], first.start, column.mean, column.scale))
        elif isinstance(column, PiecewiseColumn):
            own = slice(len(self._numbers), len(self._numbers) + len(places))
            out = slice(first.start, last.start + last.width)
            self._runs.append((own, out, PiecewiseRun(columns)))  # type: ignore[arg-type]
            self._numbers += places
        elif isinstance(column, CategoricalColumn):
            special = (MISSING_VALUE, OTHER_VALUE)
            known = {value: (first.start + k, 1.0) for k, value in enumerate(column.values)}
            self._words.append(
                (places[0], {text: it for text, it in known.items() if text not in special})
            )
        elif isinstance(column, TargetEncodedColumn):
            self._encoded.append((places[0], first.slice, column))
        elif isinstance(column, BooleanColumn):
            values = {**dict.fromkeys(TRUE, 1.0), **dict.fromkeys(FALSE, -1.0)}
            self._words.append((places[0], {text: (first.start, v) for text, v in values.items()}))
        else:
            self.usual = False

    def encode(self, table: Table) -> Array | None:
        """Return the features (1, f) of a table's only row, None if anything is unusual."""
        if not self.usual:
            return None
        try:
            return self._encode(self._cells(table))
        except (KeyError, TypeError, ValueError):
            return None

    def _cells(self, table: Table) -> list[Any]:
        if table.names == self.names:  # the columns of training in their order
            return [column[0] for column in table.columns]
        if len(table.names) > self.most:
            raise KeyError
        found = dict(zip(table.names, table.columns, strict=True))
        return [found[name][0] for name in self.names]

    def _encode(self, cells: list[Any]) -> Array | None:
        scaled = [
            (_number(cells[place]) - mean) / scale for place, _, mean, scale in self._standard
        ]
        if not sum(map(abs, scaled)) <= LARGEST_FLOAT32:  # one is NaN, or large
            return None
        if self._only:
            return np.array([scaled], np.float32)
        X = np.zeros((1, self.width), np.float32)
        for (_, start, _, _), value in zip(self._standard, scaled, strict=True):
            X[0, start] = value
        if self._runs:
            x = np.array([[_number(cells[place]) for place in self._numbers]])
            if not np.isfinite(x).all():
                return None
            for own, out, run in self._runs:
                run.encode(x[:, own], X[:, out])
        for place, known in self._words:
            feature, value = known[cells[place]]
            X[0, feature] = value
        for place, own, column in self._encoded:
            column.encode_one(cells[place], X[:, own])
        return X


def _number(cell: Any) -> float:
    """Return the number that a text is; TypeError if it is no text, ValueError if no number."""
    value = number(cell)
    if value is None:
        raise ValueError
    return value
