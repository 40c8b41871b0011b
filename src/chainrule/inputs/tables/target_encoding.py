"""A column of many categories: features of frequent values, and means of the answers of all.

Cross-fitted target encoding: a value becomes the mean answer of the training rows that have it,
shrunken towards that of all rows. Rows to train on get means of the other folds, so that none
brings its own answer along, and a network does not trust means more than it may; all other rows
get means of all training rows. How many rows have a value stands beside, as a logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.cells import Cells
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import Line, TableColumn
from chainrule.inputs.tables.categories import (
    OTHER_VALUE,
    CategoricalColumn,
    commonest,
    places,
)
from chainrule.inputs.tables.fold_sums import FoldMeans
from chainrule.inputs.tables.number_columns import Fit, FitCounted, NumberColumn, number_column
from chainrule.inputs.tables.target_means import Answers, TargetMeans

__all__ = ["MOST_ENCODED", "TargetEncodedColumn"]

MOST_ENCODED = 100_000
"""Values, the most frequent, that a column knows the answers of."""

DIGITS = 7
"""Of the means in a file."""

FREQUENCY = "log rows"
MOST_STATISTICS = 10**6


@dataclass(frozen=True)
class Statistic:
    """A number for each value of a column, one for values that training did not have, and features.

    Parameters
    ----------
    answer : int
        Of which it is the mean; after the last comes the frequency.
    numbers : tuple of float
        Of the values in their order.
    unseen : float
        Of any other.
    column : NumberColumn
        How the number becomes features.
    """

    answer: int
    numbers: tuple[float, ...]
    unseen: float
    column: NumberColumn

    @cached_property
    def known(self) -> NDArray[np.float64]:
        """The numbers, and last, as of place −1, that of other values."""
        return np.array([*self.numbers, self.unseen])

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "answer": self.answer,
            "numbers": list(self.numbers),
            "unseen": self.unseen,
            "column": self.column.to_json(),
        }

    @classmethod
    def from_json(cls, data: object, where: str, values: int) -> Statistic:
        """Check and take back what `to_json` gave of so many values."""
        fields = strict_json.record(data, where, ("answer", "numbers", "unseen", "column"))
        items = strict_json.items(fields["numbers"], f"{where}.numbers", values, least=values)
        return cls(
            strict_json.whole(fields["answer"], f"{where}.answer", 0, MOST_STATISTICS),
            tuple(strict_json.number(item, f"{where}.numbers") for item in items),
            strict_json.number(fields["unseen"], f"{where}.unseen"),
            number_column(fields["column"], f"{where}.column"),
        )


@dataclass(frozen=True)
class TargetEncodedColumn(TableColumn):
    """A column of many categories, whose answers differ: one feature a frequent value, and numbers.

    A value that training did not have gets the mean of all answers.

    Parameters
    ----------
    frequent : CategoricalColumn
        The features of frequent values.
    values : tuple of str
        All values, sorted.
    statistics : tuple of Statistic
        The shrunken mean of each answer, and the logarithm of 1 + rows.
    """

    name: str
    frequent: CategoricalColumn
    values: tuple[str, ...]
    statistics: tuple[Statistic, ...]

    kind = "target encoded"
    called = "categories"

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each value."""
        return {value: place for place, value in enumerate(self.values)}

    @classmethod
    def fit(
        cls, frequent: CategoricalColumn, cells: Cells, answers: Answers, fit: Fit
    ) -> TargetEncodedColumn | None:
        """Learn from the cells (n) of training and their answers; None unless answers differ."""
        values = commonest(cells, MOST_ENCODED)
        index = {value: place for place, value in enumerate(values)}
        means = TargetMeans(places(cells, index), len(values), answers)
        if not means.differ():
            return None
        out_of_fold = _numbers(means.out_of_fold(), means.rows_out_of_fold()).T
        columns = [
            fit(f"{frequent.name} {what}", own)
            for what, own in zip((*answers.names, FREQUENCY), out_of_fold, strict=True)
        ]
        return cls._of(frequent, values, columns, _numbers(means.means(), means.rows()))

    @classmethod
    def of_folds(
        cls, frequent: CategoricalColumn, found: FoldMeans, names: Sequence[str], fit: FitCounted
    ) -> TargetEncodedColumn | None:
        """Learn from sums of answers by value and fold; None unless answers differ."""
        if not found.differ:
            return None
        columns = [
            fit(f"{frequent.name} {what}", found.spread(place))
            for place, what in enumerate((*names, FREQUENCY))
        ]
        return cls._of(frequent, found.values, columns, found.known)

    @classmethod
    def _of(
        cls,
        frequent: CategoricalColumn,
        values: tuple[str, ...],
        columns: Sequence[NumberColumn | None],
        known: NDArray[np.float64],
    ) -> TargetEncodedColumn | None:
        """Return the column of numbers (v + 1, a + 1) that are known of values."""
        statistics = []
        for answer, (column, own) in enumerate(zip(columns, known.T, strict=True)):
            if column is not None:
                numbers = [float(f"{number:.{DIGITS}g}") for number in own.tolist()]
                unseen = numbers.pop()
                statistics.append(Statistic(answer, tuple(numbers), unseen, column))
        return cls(frequent.name, frequent, values, tuple(statistics)) if statistics else None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features."""
        names = (name for each in self.statistics for name in each.column.feature_names)
        return (*self.frequent.feature_names, *names)

    def describe(self) -> str:
        """Return what becomes of it."""
        return (
            f"{self.frequent.describe()}; and the answers of {len(self.values):,} values "
            "(cross-fitted target encoding)"
        )

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes on what is unusual."""
        cells, width = Cells.read(raw), len(self.frequent.values)
        notes = self.frequent.encode_cells(cells, out[:, :width], "taken for the mean of all")
        codes = places(cells, self.index)
        for each in self.statistics:
            width = self._fill(each, each.known[codes], out, width)
        return notes

    def encode_one(self, text: str, out: NDArray[np.float32]) -> None:
        """Fill out (1, features), which is 0, with a text; KeyError unless training had it."""
        code, width = np.array([self.index[text]]), len(self.frequent.values)
        place = self.frequent.index.get(text, self.frequent.index.get(OTHER_VALUE, -1))
        if place >= 0:
            out[0, place] = 1
        for each in self.statistics:
            width = self._fill(each, each.known[code], out, width)

    def encode_training(
        self, raw: RawCells, answers: Answers, out: NDArray[np.float32]
    ) -> None:
        """Fill out (n, features) with the cells that it was learnt from, means out of fold."""
        cells, width = Cells.read(raw), len(self.frequent.values)
        self.frequent.encode_cells(cells, out[:, :width])
        means = TargetMeans(places(cells, self.index), len(self.values), answers)
        columns = _numbers(means.out_of_fold(), means.rows_out_of_fold()).T
        for each in self.statistics:
            width = self._fill(each, columns[each.answer], out, width)

    def encode_folds(
        self, raw: RawCells, folds: NDArray[np.intp], found: FoldMeans, out: NDArray[np.float32]
    ) -> None:
        """Fill out (n, features) with cells (n) of training, by the means of the other folds."""
        cells, width = Cells.read(raw), len(self.frequent.values)
        self.frequent.encode_cells(cells, out[:, :width])
        codes = places(cells, self.index)
        for each in self.statistics:
            numbers = found.out_of_fold[folds, codes, each.answer]
            width = self._fill(each, numbers, out, width)

    @staticmethod
    def _fill(
        each: Statistic, numbers: NDArray[np.float64], out: NDArray[np.float32], start: int
    ) -> int:
        """Fill in the features of a statistic from a place on, and return where they end."""
        end = start + len(each.column.feature_names)
        each.column.encode_numbers(numbers, out[:, start:end])
        return end

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "kind": self.kind,
            "name": self.name,
            "frequent": self.frequent.to_json(),
            "values": list(self.values),
            "statistics": [each.to_json() for each in self.statistics],
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> TargetEncodedColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ("kind", "name", "frequent", "values", "statistics")
        fields = strict_json.record(data, where, keys)
        name = strict_json.text(fields["name"], f"{where}.name", least=0)
        place = f"{where}.values"
        values = strict_json.items(fields["values"], place, MOST_ENCODED, least=1)
        frequent = CategoricalColumn.from_json(fields["frequent"], f"{where}.frequent")
        if frequent.name != name:
            raise ValueError(f"{where}.frequent.name: expected {name!r}, got another")
        items = strict_json.items(
            fields["statistics"], f"{where}.statistics", MOST_STATISTICS, least=1
        )
        statistics = [
            Statistic.from_json(item, f"{where}.statistics[{number}]", len(values))
            for number, item in enumerate(items)
        ]
        return cls(
            name,
            frequent,
            strict_json.unique(tuple(strict_json.text(value, place) for value in values), place),
            tuple(statistics),
        )


def _numbers(means: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means and the logarithms of 1 + rows side by side."""
    return np.column_stack([means, np.log1p(rows)])
