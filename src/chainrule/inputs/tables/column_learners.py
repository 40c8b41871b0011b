"""What learns a column of a table from cells that come some at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from chainrule.data import Column
from chainrule.data.cells import Cells, plain
from chainrule.data.table import RawCells
from chainrule.inputs.base import Options
from chainrule.inputs.tables.base import MISSING_VALUE, Line, Settings, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn, are_booleans
from chainrule.inputs.tables.categories import CategoricalColumn, value_counts, values_of
from chainrule.inputs.tables.cross_fitting import ENOUGH_ROWS
from chainrule.inputs.tables.dates import DateColumn, DateReading, part_name, parts_of
from chainrule.inputs.tables.decisions import LEFT_OUT, Decision
from chainrule.inputs.tables.fold_sums import FoldMeans, FoldSums, most_values
from chainrule.inputs.tables.identifiers import FREE_TEXT, NEARLY_ALL, identifier_of_texts
from chainrule.inputs.tables.learning import fit_counted
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import LARGEST, PiecewiseColumn
from chainrule.inputs.tables.readings import AS_IT_IS, NumberReading
from chainrule.inputs.tables.sketches import QuantileSketch, TextCounts
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.target_means import Answers

__all__ = ["ALL_MISSING", "ColumnLearner", "TextLearner", "learner_of"]

ALL_MISSING = "every cell is missing"


class ColumnLearner(ABC):
    """What is kept of a column."""

    @abstractmethod
    def add(self, raw: RawCells, line: Line, answers: Answers | None = None) -> None:
        """Take some cells, and the answers of their rows if there are any to learn from."""

    @abstractmethod
    def column(self, settings: Settings) -> TableColumn | str:
        """Return the column that is learned, or why it is left out."""


class NumberLearner(ColumnLearner):
    """Numbers: quantiles, mean and deviation, and how many are missing."""

    def __init__(self, name: str, reading: NumberReading = AS_IT_IS) -> None:
        self.name, self.reading = name, reading
        self.sketch = QuantileSketch()
        self.count, self.mean, self.squares, self.missing = 0, 0.0, 0.0, 0

    def add(self, raw: RawCells, line: Line, answers: Answers | None = None) -> None:
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


class DateLearner(ColumnLearner):
    """Dates: the numbers that they are made of."""

    def __init__(self, name: str, reading: DateReading) -> None:
        self.name, self.reading = name, reading
        self.parts: dict[str, NumberLearner] = {}
        self.first, self.last, self.missing = np.inf, -np.inf, False

    def add(self, raw: RawCells, line: Line, answers: Answers | None = None) -> None:
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
            own = self.parts.setdefault(part, NumberLearner(part_name(self.name, part)))
            own.add_numbers(np.asarray(x, np.float64))

    def column(self, settings: Settings) -> TableColumn | str:
        """Return the column of dates."""
        learnt = {part: numbers.fitted(settings) for part, numbers in self.parts.items()}
        span = self.last - self.first if learnt else 0.0
        column = DateColumn.of(self.name, self.reading, learnt, span, missing=self.missing)
        return "constant" if column is None else column


class TextLearner(ColumnLearner):
    """Texts: how often each occurs, and what they are then taken for.

    Parameters
    ----------
    name : str
        Of the column.
    chosen : bool
        Whether a user said that they are categories, or are to be kept.
    answers : int
        How many numbers each row has to predict.
    """

    def __init__(self, name: str, *, chosen: bool, answers: int = 0) -> None:
        self.name, self.chosen = name, chosen
        self.seen: TextCounts[str] = TextCounts()
        self.values: TextCounts[str] = TextCounts()
        self.sums, self.most = FoldSums(answers), most_values(answers, self.values.most)

    def add(self, raw: RawCells, line: Line, answers: Answers | None = None) -> None:
        """Take some cells."""
        cells = Cells.read(raw)
        each = zip(cells.texts, cells.missing.tolist(), cells.counts().tolist(), strict=True)
        self.seen.add(Counter({"" if gone else text: count for text, gone, count in each}))
        self.values.add(value_counts(cells))
        if answers is None:
            return
        self.sums.add(values_of(cells), cells.codes.astype(np.intp), answers)
        if len(self.sums) > self.most:
            counts = self.values.counts()
            self.sums.keep({value for value, _ in counts.most_common(self.most // 2)})

    def with_answers(
        self, column: TableColumn, names: Sequence[str], more: int, settings: Settings
    ) -> tuple[TableColumn, FoldMeans | None]:
        """Return a column that has learnt from answers, and from which; None if they do not differ.

        Up to ``more`` values have a feature each, as far as enough rows have them.
        """
        counts = self.values.counts()
        often = sum(count >= ENOUGH_ROWS for count in counts.values())
        most, rare = max(settings.max_categories, min(more, often)), not self.values.exact
        frequent = CategoricalColumn.of(self.name, counts, most, more=rare)
        found = self.sums.means(counts)
        if not isinstance(frequent, CategoricalColumn):
            return column, None
        learnt = TargetEncodedColumn.of_folds(
            frequent, found, names, partial(fit_counted, settings=settings)
        )
        return (column, None) if learnt is None else (learnt.checked(), found)

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


def learner_of(
    head: Column, decision: Decision, options: Options, answers: int
) -> ColumnLearner | None:
    """Return what learns a column, None if it is left out whatever its other rows are."""
    name = head.name
    if decision.kind == "numbers":
        return NumberLearner(name, decision.reading)
    if decision.dates is not None:
        return DateLearner(name, decision.dates)
    if decision.kind == LEFT_OUT:
        many = " different value" in decision.reason and FREE_TEXT not in decision.reason
        if not many or isinstance(head.cells, np.ndarray):
            return None
    chosen = name in (*options.categorical, *options.keep)
    return TextLearner(name, chosen=chosen, answers=answers)
