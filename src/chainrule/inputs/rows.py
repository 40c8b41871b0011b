"""Rows of numbers, as scikit-learn's estimators take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import strict_json
from chainrule.data import DataError, Table
from chainrule.data.cells import Cells, shortened
from chainrule.data.sources import is_source, read_table
from chainrule.inputs.base import Inputs, Options, RowCheck, Shape
from chainrule.sparse_rows import as_csr
from chainrule.tables import short_repr
from chainrule.types import Array

__all__ = ["Rows", "checked_rows", "columns_to_json", "names_from_json", "table_numbers"]

MOST_FEATURES = 2**31


@dataclass(frozen=True)
class Rows(Inputs):
    """Rows of ``count`` numbers, taken as they are: X (n, count).

    Of a CSV file, whose columns are known by name, those seen in training are taken.
    """

    count: int = 0
    names: tuple[str, ...] | None = None

    kind = "rows"
    __repr__ = short_repr

    @classmethod
    def learn(cls, data: Any, options: Options) -> Rows:
        """Return rows of any width; it is known once they have been checked."""
        return cls()

    @property
    def sample_shape(self) -> Shape:
        """One axis of features."""
        return (self.count,)

    @property
    def raw_names(self) -> tuple[str, ...] | None:
        """The features' names, if training saw them."""
        return self.names

    @property
    def raw_count(self) -> int:
        """How many features there are."""
        return self.count

    def encode(self, data: Any, check: RowCheck | None = None) -> Any:
        """Return the rows, checked."""
        return checked_rows(data, self, check)

    def seen(self, count: int, names: Any) -> Rows:
        """Return rows of ``count`` features, named or not."""
        return replace(self, count=count, names=None if names is None else tuple(names))

    def to_json(self) -> dict[str, Any]:
        """Return how many features there are, and their names."""
        return columns_to_json(self.count, self.names)

    def learned(self) -> dict[str, Any]:
        """Return all that was learned, by what a user calls it."""
        return {"columns": self.to_json()}

    @classmethod
    def from_json(cls, data: object) -> Rows:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        entries = strict_json.record(data, "inputs", ("count", "names"))
        count = strict_json.whole(entries["count"], "inputs.count", 1, MOST_FEATURES)
        return cls(count, names_from_json(entries["names"], count))


def columns_to_json(count: int, names: tuple[str, ...] | None) -> dict[str, Any]:
    """Return how many columns raw samples have, and their names, as plain values."""
    return {"count": int(count), "names": None if names is None else [str(n) for n in names]}


def names_from_json(data: object, count: int) -> tuple[str, ...] | None:
    """Return the names of columns that `columns_to_json` gave; ValueError for anything else."""
    if data is None:
        return None
    listed = strict_json.items(data, "inputs.names", count, least=count)
    return tuple(strict_json.text(name, "inputs.names", least=0) for name in listed)


def checked_rows(data: Any, inputs: Inputs, check: RowCheck | None) -> Any:
    """Return the rows of data, validated: those of a file or Table by their columns' names."""
    if is_source(data):
        data = read_table(data)
    names = None
    if isinstance(data, Table):
        data, names = table_numbers(data, inputs)
    if check is not None:
        return check(data, names)
    return as_csr(inputs.kind, data) if sparse.issparse(data) else np.asarray(data)


def table_numbers(table: Table, inputs: Inputs) -> tuple[Array, tuple[str, ...] | None]:
    """Return the columns of a table that training saw, as numbers, and their names.

    Raises
    ------
    DataError
        A column is lacking, or a cell is no finite number.
    """
    names = inputs.raw_names
    if names is None:
        if inputs.raw_count not in (0, len(table.names)):
            raise DataError(
                f"expected a table of {inputs.raw_count} columns, as the samples of training have, "
                f"got {shortened(table.names, most=20)}"
            )
        names = table.names
    present = set(table.names)
    absent = [name for name in names if name not in present]
    if absent:
        raise DataError(
            f"the table lacks columns seen in training: {shortened(absent, most=20)}; "
            f"it has {shortened(table.names, most=20)}"
        )
    X = np.empty((len(table), len(names)))
    for place, name in enumerate(names):
        cells = Cells.read(table.column(name))
        wrong = cells.missing | cells.words | cells.infinite
        if wrong.any():
            row, cell = cells.first(wrong)
            raise DataError(
                f"column {name!r}, {table.place(row)}: expected a finite number, got "
                f"{shortened([cell]) if cell else 'an empty cell'}"
            )
        X[:, place] = cells.numbers()
    return X, names if inputs.raw_names is not None or not inputs.raw_count else None
