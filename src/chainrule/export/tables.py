"""From the numbers of a raw row to the features of a table, as its encoder has learnt them.

A row is one number a column: a text has become the place of its value by then, −1 if it has none,
and −2 if it is missing and no value stands for that.
Features are computed in double whatever the network's type is, as differences of large numbers,
such as times, are among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi
from typing import Any

import numpy as np

from chainrule import mathematics as m
from chainrule.data.date_formats import DAY
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Expression, Index, element, floor
from chainrule.export.raw_columns import raw_columns
from chainrule.export.steps import Array, Program
from chainrule.inputs import TableEncoder
from chainrule.inputs.tables.base import MISSING_VALUE, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn
from chainrule.inputs.tables.categories import OTHER_VALUE, CategoricalColumn
from chainrule.inputs.tables.dates import CYCLES, DateColumn
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import FARTHEST, LARGEST, PiecewiseColumn
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.texts import TextColumn

__all__ = ["calendar", "write_table"]

Let = Callable[[str, Any], Expression]


def write_table(program: Program, encoder: TableEncoder, x: Array) -> Array:
    """Write a step for each column, which fills its features in X, and return X."""
    X = Array("X", encoder.sample_shape)
    raw, first = raw_columns(encoder), 0
    for place, (column, block) in enumerate(zip(encoder.columns, encoder.blocks, strict=True)):
        writer = _ColumnWriter(program, place, first)
        first += raw[place].width
        title = f"{column.name}: {column.describe()}"
        with program.step(title, (), {}, wide=True, single=True) as b:
            b.lend("x", x)
            b.lend("X", X)
            writer.write(b, column, block.start)
    return X


class _ColumnWriter:
    """The features of one column."""

    def __init__(self, program: Program, place: int, first: int) -> None:
        self.program, self.place, self.first = program, place, first
        self.constants = 0

    def write(self, b: Block, column: TableColumn, start: int) -> None:
        """Write all of a column's features, from a place of X on."""
        x = b.let("x0", element("x", self.first))
        if isinstance(column, NumericColumn | PiecewiseColumn):
            self.numbers(b, column, x, start)
        elif isinstance(column, CategoricalColumn):
            self.categories(b, x, column, column.values, start)
        elif isinstance(column, TargetEncodedColumn):
            self.encoded(b, column, x, start)
        elif isinstance(column, BooleanColumn):
            truth = m.where(m.equal(x, 1), 1, m.where(m.equal(x, 0), -1, 0))
            b.store(element("X", start), truth)
            if column.missing:
                b.store(element("X", start + 1), _gone(x))
        elif isinstance(column, TextColumn):
            self.texts(b, column, x, start)
        else:
            assert isinstance(column, DateColumn)
            self.dates(b, column, x, start)

    def constant(self, b: Block, numbers: Sequence[float]) -> str:
        """Keep numbers as an array of the program, and return the name that loops have for it."""
        name = f"column{self.place}_{self.constants}"
        array = Array(name, (len(numbers),), np.array(numbers, np.float64), wide=True)
        self.constants += 1
        self.program.parameters[name] = array
        return b.lend("a", array)

    def numbers(
        self, b: Block, column: NumericColumn | PiecewiseColumn, x: Expression, start: int
    ) -> None:
        """Write the features of a number, perhaps NaN."""
        gone = ~m.equal(x, x)
        if isinstance(column, NumericColumn):
            value = (m.where(gone, column.median, x) - column.mean) / column.scale
            b.store(element("X", start), value)
        else:
            self.piecewise(b, column, x, start)
        if column.missing:
            last = start + len(column.feature_names) - 1
            b.store(element("X", last), _gone(x))

    def piecewise(self, b: Block, column: PiecewiseColumn, x: Expression, start: int) -> None:
        """Write z/√(1 + (z/3)²), and how far the number is into each bin."""
        gone = ~m.equal(x, x)
        instead = -LARGEST if column.missing else column.median
        v = b.let("v", m.where(gone, instead, m.maximum(m.minimum(x, LARGEST), -LARGEST)))
        z = (v - column.median) / column.scale
        z = b.let("z", m.maximum(m.minimum(z, FARTHEST), -FARTHEST))
        b.store(element("X", start), m.where(gone, 0.0, z / m.sqrt(1 + z / 3 * (z / 3))))
        if not column.bins:
            return
        edges = self.constant(b, column.edges)
        with b.loop("t", column.bins) as t:
            low, high = element(edges, t), element(edges, Index.of(t) + 1)
            part = b.let("part", (v - low) / (high - low))
            inside = m.maximum(m.minimum(part, 1.0), 0.0)
            b.store(element("X", Index.of(t) + (start + 1)), inside * column.height)

    def categories(
        self,
        b: Block,
        x: Expression,
        column: CategoricalColumn,
        values: Sequence[str],
        start: int,
    ) -> None:
        """Write 1 for the value at a place among values, else 0."""
        places: Any = x
        if tuple(values) != column.values:
            other = column.index.get(OTHER_VALUE, -1)
            none = column.index.get(MISSING_VALUE, -1)
            own = [none if v == MISSING_VALUE else column.index.get(v, other) for v in values]
            name = self.constant(b, [*own, other, none])
            at = b.whole("at", m.where(x < 0, len(values) - 1 - x, x))
            places = b.let("place", element(name, at))
        with b.loop("c", len(column.values)) as c:
            b.store(element("X", Index.of(c) + start), 0.0)
        with b.when((places >= 0) & (places < len(column.values))):
            own_place = b.whole("one", places)
            b.store(element("X", Index.of(own_place) + start), 1.0)

    def encoded(self, b: Block, column: TargetEncodedColumn, x: Expression, start: int) -> None:
        """Write the features of frequent values, and those of each number that a value has."""
        self.categories(b, x, column.frequent, column.values, start)
        start += len(column.frequent.values)
        at = b.whole("value", m.where(x < 0, len(column.values) - 1 - x, x))
        for each in column.statistics:
            name = self.constant(b, [*each.numbers, each.unseen, each.unseen])
            self.numbers(b, each.column, b.let("mean", element(name, at)), start)
            start += len(each.column.feature_names)

    def texts(self, b: Block, column: TextColumn, missing: Expression, start: int) -> None:
        """Write the features of free text: of its words, of its scores, and if it is missing."""
        words, at = len(column.words), Index.of(self.first + 1)
        if words:
            scales = self.constant(b, column.scales)
            with b.loop("w", words) as w:
                weight = element("x", at + w) / element(scales, w)
                b.store(element("X", Index.of(w) + start), weight)
        start += words
        for place, each in enumerate(column.scores):
            score = b.let("score", element("x", at + (words + place)))
            self.numbers(b, each, score, start)
            start += len(each.feature_names)
        if column.missing:
            b.store(element("X", start), missing)

    def dates(self, b: Block, column: DateColumn, x: Expression, start: int) -> None:
        """Write the numbers that a time is made of, and its cycles."""
        width = len(column.feature_names)
        with b.loop("f", width) as f:
            b.store(element("X", Index.of(f) + start), 0.0)
        with b.when(~m.equal(x, x)) as missing:
            if column.missing:
                b.store(element("X", start + width - 1), 1.0)
            else:
                b.store(element("X", start), 0.0)
        with b.otherwise(missing):
            parts = calendar(x, b.let)
            for part, own in zip(column.parts, column.numbers, strict=True):
                self.numbers(b, own, parts[part], start)
                start += len(own.feature_names)
            for cycle in column.cycles:
                angle = b.let("angle", 2 * pi * x / (DAY * CYCLES[cycle]))
                b.store(element("X", start), m.sin(angle))
                b.store(element("X", start + 1), m.cos(angle))
                start += 2


def _gone(x: Expression) -> Any:
    return m.where(m.equal(x, x), 0, 1)


def calendar(seconds: Expression, let: Let = lambda name, value: value) -> dict[str, Expression]:
    """Return the calendar of seconds since 1970; years begin in March until the end.

    Source of the calendar: Hinnant, "chrono-compatible low-level date algorithms", 2021.

    Parameters
    ----------
    seconds : Expression
        As clocks show them.
    let : callable
        Gives a value a name, and returns what stands for it.
    """
    whole = let("days", floor(seconds / DAY))
    shifted = let("shifted", whole + 719468)  # since the 1st of March of the year 0
    era = let("era", floor(shifted / 146097))
    of_era = let("day_of_era", shifted - era * 146097)
    year = floor(
        (of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365
    )
    year = let("year_of_era", year)
    of_year = let("day_of_year", of_era - (365 * year + floor(year / 4) - floor(year / 100)))
    march = let("month_from_march", floor((5 * of_year + 2) / 153))
    month = let("month", m.where(march < 10, march + 3, march - 9))
    weekday = whole + 3
    hours = floor(seconds / 3600)
    return {
        "days": let("since", seconds / DAY),
        "year": let("year", year + era * 400 + m.where(month <= 2, 1, 0)),
        "month": month,
        "day": let("day", of_year - floor((153 * march + 2) / 5) + 1),
        "weekday": let("weekday", weekday - 7 * floor(weekday / 7)),
        "hour": let("hour", hours - 24 * floor(hours / 24)),
    }
