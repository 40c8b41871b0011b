"""An encoder that is learned in one pass over rows that need not fit in memory.

What a column is, numbers, dates or texts, and how its cells are read, is decided on the first rows.
Then all rows are seen once. Of numbers, and of the numbers that dates are made of, quantiles are
kept, of texts their counts, as `sketches` states them. Whether texts are truth values, categories
or only name the rows is decided on the counts of all rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chainrule.data import Column, Table
from chainrule.data.cells import Cells, plain
from chainrule.data.table import RawCells
from chainrule.inputs.base import Options
from chainrule.inputs.tables.base import MISSING_VALUE, Line, Settings, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn, are_booleans
from chainrule.inputs.tables.categories import CategoricalColumn, value_counts
from chainrule.inputs.tables.dates import DateColumn, DateReading, part_name, parts_of
from chainrule.inputs.tables.decisions import LEFT_OUT, Decision, decide_all
from chainrule.inputs.tables.encoder import TableEncoder
from chainrule.inputs.tables.identifiers import FREE_TEXT, NEARLY_ALL, identifier_of_texts
from chainrule.inputs.tables.learning import check_fit, settings_of
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import LARGEST, PiecewiseColumn
from chainrule.inputs.tables.readings import AS_IT_IS, NumberReading
from chainrule.inputs.tables.sketches import QuantileSketch, TextCounts

__all__ = ["learn_in_one_pass"]

ALL_MISSING = "every cell is missing"


def learn_in_one_pass(
    head: Table, parts: Iterable[Table], options: Options, rows: int
) -> TableEncoder:
    """Return what the columns of all rows are.

    Parameters
    ----------
    head : Table
        The first rows.
    parts : iterable of Table
        All rows to learn from, some at a time.
    options : Options
        What a user said of the columns.
    rows : int
        How many rows the parts have together.

    Returns
    -------
    encoder : TableEncoder

    Raises
    ------
    DataError
        No rows, a cell that is not what its column was taken for, or nothing left to learn from.
    """
    check_fit(head, options)
    decisions = decide_all(head, options)
    numbers = sum(each.kind == "numbers" for each in decisions.values())
    settings = settings_of(options, numbers, rows)
    learners = {name: _learner(head.target(name), decisions[name], options) for name in head.names}
    for part in parts:
        for name, learner in learners.items():
            if learner is not None:
                learner.add(part.column(name), part.place)
    columns: list[TableColumn] = []
    dropped: list[tuple[str, str]] = []
    remarks: list[tuple[str, str]] = []
    for name, learner in learners.items():
        reason = decisions[name].reason
        if reason == ALL_MISSING and rows > len(head):
            reason = f"every cell of the first {len(head):,} rows is missing"
        learnt = reason if learner is None else learner.column(settings)
        if isinstance(learnt, str):
            dropped.append((name, learnt))
        else:
            columns.append(learnt.checked())
            remarks += [(name, remark) for remark in decisions[name].remarks]
    return TableEncoder(tuple(columns), tuple(dropped), tuple(remarks)).checked()


class _Learner(ABC):
    """What is kept of a column."""

    @abstractmethod
    def add(self, raw: RawCells, line: Line) -> None:
        """Take some cells."""

    @abstractmethod
    def column(self, settings: Settings) -> TableColumn | str:
        """Return the column that is learned, or why it is left out."""


class _Numbers(_Learner):
    """Numbers: quantiles, mean and deviation, and how many are missing."""

    def __init__(self, name: str, reading: NumberReading = AS_IT_IS) -> None:
        self.name, self.reading = name, reading
        self.sketch = QuantileSketch()
        self.count, self.mean, self.squares, self.missing = 0, 0.0, 0.0, 0

    def add(self, raw: RawCells, line: Line) -> None:
        """Take some cells."""
        self.add_numbers(self.reading.read(self.name, raw, line))

    def add_numbers(self, x: NDArray[np.float64]) -> None:
        """Take some numbers (n), NaN where one is missing."""
        gone = np.isnan(x)
        self.missing += int(gone.sum())
        present = np.clip(x[~gone] if gone.any() else x, -LARGEST, LARGEST)
        if not len(present):
            return
        self.sketch.add(present)
        n, own = len(present), float(present.mean())
        with np.errstate(over="ignore"):
            more, inner = own - self.mean, float(((present - own) ** 2).sum())
            self.squares += inner + more**2 * (self.count * n / (self.count + n))
        self.mean += more * (n / (self.count + n))
        self.count += n

    def column(self, settings: Settings) -> TableColumn | str:
        """Return the column of numbers, or of one number and missing cells."""
        if not self.count:
            return ALL_MISSING
        learnt: TableColumn | None = self.fitted(settings)
        if learnt is None and self.missing:
            counts = Counter({plain(self.sketch.low): self.count, MISSING_VALUE: self.missing})
            learnt = CategoricalColumn.of(self.name, counts, settings.max_categories)
        return "constant" if learnt is None else learnt

    def fitted(self, settings: Settings) -> NumericColumn | PiecewiseColumn | None:
        """Return the column of numbers; None if they are all one number."""
        if not self.count:
            return None
        spread, missing = self.sketch.distribution(), self.missing > 0
        if settings.encoding == "piecewise":
            return PiecewiseColumn.of(
                self.name,
                spread,
                self.reading,
                settings.bins,
                settings.bin_height,
                missing=missing,
            )
        if spread.constant:
            return None
        (median,) = spread.quantiles([0.5]).tolist()
        scale = float(np.sqrt(self.squares / self.count))
        return NumericColumn(self.name, self.mean, scale, median, missing, self.reading)


class _Dates(_Learner):
    """Dates: the numbers that they are made of."""

    def __init__(self, name: str, reading: DateReading) -> None:
        self.name, self.reading = name, reading
        self.parts: dict[str, _Numbers] = {}
        self.first, self.last, self.missing = np.inf, -np.inf, False

    def add(self, raw: RawCells, line: Line) -> None:
        """Take some cells."""
        moments = self.reading.read(self.name, Cells.read(raw), line)
        gone = np.isnan(moments[:, 0])
        self.missing |= bool(gone.any())
        known = moments[~gone]
        if not len(known):
            return
        self.first = min(self.first, float(known[:, 0].min()))
        self.last = max(self.last, float(known[:, 0].max()))
        for part, x in parts_of(known).items():
            own = self.parts.setdefault(part, _Numbers(part_name(self.name, part)))
            own.add_numbers(np.asarray(x, np.float64))

    def column(self, settings: Settings) -> TableColumn | str:
        """Return the column of dates."""
        learnt = {part: numbers.fitted(settings) for part, numbers in self.parts.items()}
        span = self.last - self.first if learnt else 0.0
        column = DateColumn.of(self.name, self.reading, learnt, span, missing=self.missing)
        return "constant" if column is None else column


class _Texts(_Learner):
    """Texts: how often each occurs, and what they are then taken for.

    Parameters
    ----------
    name : str
        Of the column.
    chosen : bool
        Whether a user said that they are categories, or are to be kept.
    """

    def __init__(self, name: str, *, chosen: bool) -> None:
        self.name, self.chosen = name, chosen
        self.seen: TextCounts[str] = TextCounts()
        self.values: TextCounts[str] = TextCounts()

    def add(self, raw: RawCells, line: Line) -> None:
        """Take some cells."""
        cells = Cells.read(raw)
        each = zip(cells.texts, cells.missing.tolist(), cells.counts().tolist(), strict=True)
        self.seen.add(Counter({"" if gone else text: count for text, gone, count in each}))
        self.values.add(value_counts(cells))

    def column(self, settings: Settings) -> TableColumn | str:
        """Return a column of truth values or of categories, or why it names the rows alone."""
        counts = self.seen.counts()
        if self.seen.exact and set(counts) <= {""}:
            return ALL_MISSING
        cells = _cells_of(counts)
        if self.seen.exact and are_booleans(cells):
            words = {
                text.lower() for text, word in zip(cells.texts, cells.words, strict=True) if word
            }
            learnt: TableColumn | None = BooleanColumn.of(self.name, words, missing="" in counts)
            return "constant" if learnt is None else learnt
        if not self.chosen and (reason := self._names_rows(cells)):
            return reason
        most, more = settings.max_categories, not self.values.exact
        learnt = CategoricalColumn.of(self.name, self.values.counts(), most, more=more)
        return "constant" if learnt is None else learnt

    def _names_rows(self, cells: Cells) -> str:
        """Return why texts only say which row it is, "" if they may not."""
        if self.seen.exact:
            return identifier_of_texts(cells)
        frequent = int(cells.counts()[~cells.missing].sum())
        if frequent > (1 - NEARLY_ALL) * self.seen.rows:
            return ""
        return f"more than {self.seen.most:,} different values, none of them frequent"


class _CountedCells(Cells):
    """Different cells (d), and how many rows have each."""

    def counts(self) -> NDArray[np.intp]:
        """Rows of each distinct text (d)."""
        return np.asarray(self.__dict__["rows_of_each"])


def _cells_of(counts: Counter[str]) -> Cells:
    """Return different texts as cells, counted as often as they occur."""
    read = Cells.read(list(counts))
    cells = _CountedCells(**{name: getattr(read, name) for name in read.__dataclass_fields__})
    own = [
        counts["" if gone else text] for text, gone in zip(read.texts, read.missing, strict=True)
    ]
    cells.__dict__["rows_of_each"] = np.array(own, np.intp)
    return cells


def _learner(head: Column, decision: Decision, options: Options) -> _Learner | None:
    """Return what learns a column, None if it is left out whatever its other rows are."""
    name = head.name
    if decision.kind == "numbers":
        return _Numbers(name, decision.reading)
    if decision.dates is not None:
        return _Dates(name, decision.dates)
    if decision.kind == LEFT_OUT:
        many = " different value" in decision.reason and FREE_TEXT not in decision.reason
        if not many or isinstance(head.cells, np.ndarray):
            return None
    return _Texts(name, chosen=name in (*options.categorical, *options.keep))
