"""Tables as matrices of float32 features, by rules learnt from the training part alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data import DataError, DataWarning, Table
from chainrule.data.cells import Cells, shortened
from chainrule.data.frames import as_table
from chainrule.inputs.base import Inputs, Options, RowCheck, Shape
from chainrule.inputs.columns import (
    MISSING_VALUE,
    OTHER_VALUE,
    CategoricalColumn,
    NumericColumn,
    fit_column,
    taken_for_categories,
)
from chainrule.tables import counted, cut, html_table, text_table
from chainrule.types import Array
from chainrule.warning import warn

__all__ = ["CategoricalColumn", "NumericColumn", "TableEncoder"]

HEADING = ("column", "is", "features")
SHOWN = 20
"""Columns that are listed at a prompt."""

MOST_COLUMNS = 1_000_000
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class TableEncoder(Inputs):
    """How each column becomes features; `dropped` has (name, reason) of those that do not."""

    columns: tuple[NumericColumn | CategoricalColumn, ...]
    dropped: tuple[tuple[str, str], ...] = ()

    kind = "table"

    def _rows(self) -> list[tuple[str, str, str]]:
        """Return a row for each column that is used."""
        shown = self.columns if len(self.columns) <= SHOWN else self.columns[: SHOWN - 1]
        rows = [(cut(column.name), *column.describe()) for column in shown]
        return rows + [("…", "", "")] * (len(shown) < len(self.columns))

    @property
    def _size(self) -> str:
        dropped = ", ".join(f"{cut(name)} ({reason})" for name, reason in self.dropped[:SHOWN])
        dropped += ", …" * (len(self.dropped) > SHOWN)
        counts = (len(self.columns), "column"), (len(self.feature_names), "feature")
        text = ", ".join(counted(*count) for count in counts)
        return text + (f"; left out: {dropped}" if dropped else "")

    def __repr__(self) -> str:
        return f"{text_table([HEADING, *self._rows()])}\n{self._size}"

    def _repr_html_(self) -> str:
        """Return the columns for notebooks."""
        return html_table(self._size, HEADING, self._rows())

    @classmethod
    def learn(cls, data: Any, options: Options) -> TableEncoder:
        """Return what the columns of a table, DataFrame or file are."""
        return cls.fit(as_table(data))

    @property
    def sample_shape(self) -> Shape:
        """One axis of features."""
        return (len(self.feature_names),)

    @property
    def raw_names(self) -> tuple[str, ...]:
        """The names of the columns that make features."""
        return tuple(column.name for column in self.columns)

    @property
    def raw_count(self) -> int:
        """How many columns make features."""
        return len(self.columns)

    @classmethod
    def fit(cls, table: Table) -> TableEncoder:
        """Learn from the training part.

        Numbers are standardised; a column with any other word becomes categories, the 100 most
        frequent. Constant and empty columns, identifiers and free text are dropped.

        Raises
        ------
        DataError
            No rows, infinite numbers, too many columns, or nothing left to learn from.
        """
        if len(table) == 0:
            raise DataError("TableEncoder: expected rows to learn from, got none")
        if len(table.names) > MOST_COLUMNS:
            raise DataError(
                f"TableEncoder: expected at most {MOST_COLUMNS:,} columns, got {len(table.names):,}"
            )
        columns: list[NumericColumn | CategoricalColumn] = []
        dropped: list[tuple[str, str]] = []
        for name, texts in zip(table.names, table.columns, strict=True):
            cells = Cells.read(texts)
            if not cells.words.any():
                _check_numbers(name, cells, table)
            learnt = fit_column(name, cells)
            if isinstance(learnt, str):
                dropped.append((name, learnt))
            else:
                columns.append(learnt)
        if not columns:
            reasons = "; ".join(f"{name!r} is {reason}" for name, reason in dropped[:5])
            raise DataError(f"TableEncoder: no column is left to learn from: {reasons}")
        return cls(tuple(columns), tuple(dropped))

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(name for column in self.columns for name in column.feature_names)

    def notes(self) -> list[str]:
        """Return in sentences which columns are left out, and which may be meant as numbers."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.dropped:
            reasons.setdefault(reason, []).append(name)
        left_out = [f"left out, {reason}: {', '.join(names)}" for reason, names in reasons.items()]
        categories = [c for c in self.columns if isinstance(c, CategoricalColumn)]
        return left_out + list(filter(None, map(taken_for_categories, categories)))

    def without_answers(self, data: Any, name: str) -> Table:
        """Return the table of all columns but that of answers, which training did not see."""
        table = as_table(data)
        return table.without(name) if name in table.names else table

    def encode(self, data: Any, check: RowCheck | None = None) -> Array:
        """Return a table, DataFrame or file (n rows) as X (n, features) of float32.

        What is unusual (categories that training did not have, missing cells where it had none)
        is a DataWarning.

        Raises
        ------
        DataError
            A column is lacking, or a cell in a column of numbers is none.
        """
        table = as_table(data)
        if len(table) == 1 and (row := self._one_row(table)) is not None:
            return row
        X, notes = self.encode_table(table)
        for note in notes:
            warn(note, DataWarning)
        return X

    def _one_row(self, table: Table) -> Array | None:
        """Return the features (1, f) of one row in little time, None if anything is unusual."""
        names, numbers, categories, width = self._row
        try:
            if table.names == names:  # the columns of training in their order
                cells = [column[0] for column in table.columns]
            else:
                if len(table.names) > len(names) + len(self.dropped):
                    return None
                found = dict(zip(table.names, table.columns, strict=True))
                cells = [found[name][0] for name in names]
            texts = [cells[place] for place in numbers.columns] if categories else cells
            joined = "".join(texts)  # which says whether all of them are texts
            if "_" in joined or not joined.isascii():
                return None
            moments = zip(texts, numbers.mean, numbers.scale, strict=True)
            scaled = [(float(text) - mean) / scale for text, mean, scale in moments]
            if not sum(map(abs, scaled)) <= LARGEST_FLOAT32:  # one is NaN, or large
                return None
            if numbers.all:
                return np.array([scaled], np.float32)
            X = np.zeros((1, width), np.float32)
            X[0, numbers.places] = scaled
            for place, known in categories:
                X[0, known[cells[place]]] = 1
        except (KeyError, TypeError, ValueError):
            return None
        return X

    @cached_property
    def _row(self) -> tuple[tuple[str, ...], _Numbers, list[tuple[int, dict[Any, int]]], int]:
        """Return the columns' names, how numbers are scaled, where categories stand, a width."""
        numbers, categories, start = [], [], 0
        for place, column in enumerate(self.columns):
            if isinstance(column, NumericColumn):
                numbers.append((place, start, column.mean, column.scale))
            else:
                known = {text: start + k for k, text in enumerate(column.values)}
                special = (MISSING_VALUE, OTHER_VALUE)
                ordinary = {text: k for text, k in known.items() if text not in special}
                categories.append((place, ordinary))
            start += len(column.feature_names)
        fields: Any = zip(*numbers, strict=True) if numbers else ((), (), (), ())
        own = _Numbers(*fields)
        return self.raw_names, own._replace(all=len(numbers) == start), categories, start

    def encode_table(self, table: Table) -> tuple[NDArray[np.float32], list[str]]:
        """Encode a table (n rows) as X (n, features), with notes on what was unusual.

        Columns are found by name; those that training did not have are ignored.

        Raises
        ------
        DataError
            A column is lacking, or a cell in a column of numbers is none.
        """
        present = set(table.names)
        absent = [column.name for column in self.columns if column.name not in present]
        if absent:
            raise DataError(
                f"the table lacks columns seen in training: {shortened(absent, most=20)}; "
                f"it has {shortened(table.names, most=20)}"
            )
        widths = [len(column.feature_names) for column in self.columns]
        X = np.empty((len(table), sum(widths)), np.float32)
        notes = self._extra(table)
        start = 0
        for column, width in zip(self.columns, widths, strict=True):
            cells = Cells.read(table.column(column.name))
            if isinstance(column, NumericColumn):
                _check_numbers(column.name, cells, table)
            out = X[:, start : start + width]
            notes += column.encode(cells, out)
            _check_range(column.name, out, cells, table)
            start += width
        return X, notes

    def _extra(self, table: Table) -> list[str]:
        known = {column.name for column in self.columns} | {name for name, _ in self.dropped}
        extra = [name for name in table.names if name not in known]
        return [f"columns not seen in training are ignored: {shortened(extra)}"] if extra else []

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "columns": [column.to_json() for column in self.columns],
            "dropped": [list(pair) for pair in self.dropped],
        }

    @classmethod
    def from_json(cls, data: object) -> TableEncoder:
        """Check and take back what `to_json` gave.

        Raises
        ------
        ValueError
            Any key, type or value is not as `to_json` would write it.
        """
        fields = strict_json.record(data, "encoder", ("columns", "dropped"))
        columns = tuple(
            _column_from_json(item, f"encoder.columns[{i}]")
            for i, item in enumerate(
                strict_json.items(fields["columns"], "encoder.columns", MOST_COLUMNS, least=1)
            )
        )
        dropped = tuple(
            _dropped_from_json(item, f"encoder.dropped[{i}]")
            for i, item in enumerate(
                strict_json.items(fields["dropped"], "encoder.dropped", MOST_COLUMNS)
            )
        )
        names = tuple(column.name for column in columns) + tuple(name for name, _ in dropped)
        strict_json.unique(names, "encoder: names of columns")
        return cls(columns, dropped)


class _Numbers(NamedTuple):
    """The columns of numbers: their places among columns and features, and their scaling.

    ``all`` says that each feature is one of them.
    """

    columns: tuple[int, ...]
    places: Any
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    all: bool = False


def _column_from_json(item: object, where: str) -> NumericColumn | CategoricalColumn:
    kind = item.get("kind") if type(item) is dict else None
    if kind == "numeric":
        return NumericColumn.from_json(item, where)
    if kind == "categorical":
        return CategoricalColumn.from_json(item, where)
    raise ValueError(f"{where}.kind: expected 'numeric' or 'categorical', got {str(kind)[:40]!r}")


def _dropped_from_json(item: object, where: str) -> tuple[str, str]:
    name, reason = strict_json.items(item, where, most=2, least=2)
    return strict_json.text(name, where), strict_json.text(reason, where)


def _check_numbers(name: str, cells: Cells, table: Table) -> None:
    wrong = cells.words | cells.infinite
    if wrong.any():
        row, cell = cells.first(wrong)
        expected = "a number" if cells.words[cells.codes[row]] else "a finite number"
        raise DataError(
            f"column {name!r}, line {table.line(row)}: expected {expected}, got {shortened([cell])}"
        )


def _check_range(name: str, out: NDArray[np.float32], cells: Cells, table: Table) -> None:
    far = ~np.isfinite(out).all(axis=1)
    if far.any():
        row = int(np.argmax(far))
        cell = cells.texts[cells.codes[row]]
        raise DataError(
            f"column {name!r}, line {table.line(row)}: expected a number near those of training, "
            f"got {shortened([cell])}"
        )
