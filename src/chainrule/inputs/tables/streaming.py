"""An encoder that is learned in one pass over rows that need not fit in memory.

What a column is, numbers, dates or texts, and how its cells are read, is decided on the first rows.
Then all rows are seen once. Of numbers, and of the numbers that dates are made of, quantiles are
kept, of texts their counts, as `sketches` states them. Whether texts are truth values, categories
or only name the rows is decided on the counts of all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chainrule.data import Table
from chainrule.inputs.base import Options
from chainrule.inputs.tables.base import TableColumn
from chainrule.inputs.tables.column_learners import ALL_MISSING, TextLearner, learner_of
from chainrule.inputs.tables.cross_fitting import many_categories, more_features
from chainrule.inputs.tables.decisions import decide_all
from chainrule.inputs.tables.encoder import TableEncoder
from chainrule.inputs.tables.fold_sums import FoldMeans
from chainrule.inputs.tables.identifiers import FREE_TEXT
from chainrule.inputs.tables.learning import check_fit, settings_of
from chainrule.inputs.tables.target_means import Answers

__all__ = ["OnePass", "learn_in_one_pass"]


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
    learning = OnePass(head, options, rows)
    for part in parts:
        learning.add(part)
    return learning.encoder().checked()


class OnePass:
    """Learns what columns are from rows that come some at a time.

    Parameters
    ----------
    head : Table
        The first rows.
    options : Options
        What a user said of the columns.
    rows : int
        How many rows there are to learn from.
    answers : int, default=0
        How many numbers each row has to predict, of which columns of many categories learn.

    Raises
    ------
    DataError
        No rows, or options that are none.
    """

    def __init__(self, head: Table, options: Options, rows: int, answers: int = 0) -> None:
        check_fit(head, options)
        self.options, self.rows, self.head_rows = options, rows, len(head)
        self.decisions = decide_all(head, options)
        numbers = sum(each.kind == "numbers" for each in self.decisions.values())
        self.settings = settings_of(options, numbers, rows)
        self.learners = {
            name: learner_of(head.target(name), self.decisions[name], options, answers)
            for name in head.names
        }

    @property
    def has_texts(self) -> bool:
        """Whether columns of free text are there."""
        return any(each.reason.startswith(FREE_TEXT) for each in self.decisions.values())

    @property
    def has_categories(self) -> bool:
        """Whether columns may have many categories."""
        return any(isinstance(each, TextLearner) for each in self.learners.values())

    def add(self, part: Table, answers: Answers | None = None) -> None:
        """Take some rows, with their answers if columns are to learn of these.

        Raises
        ------
        DataError
            A cell is not what its column was taken for.
        """
        for name, learner in self.learners.items():
            if learner is not None:
                learner.add(part.column(name), part.place, answers)

    def encoder(self) -> TableEncoder:
        """Return what the columns are, but for what answers say."""
        columns: list[TableColumn] = []
        dropped: list[tuple[str, str]] = []
        remarks: list[tuple[str, str]] = []
        for name, learner in self.learners.items():
            reason = self.decisions[name].reason
            if reason == ALL_MISSING and self.rows > self.head_rows:
                reason = f"every cell of the first {self.head_rows:,} rows is missing"
            learnt = reason if learner is None else learner.column(self.settings)
            if isinstance(learnt, str):
                dropped.append((name, learnt))
            else:
                columns.append(learnt.checked())
                remarks += [(name, remark) for remark in self.decisions[name].remarks]
        return TableEncoder(tuple(columns), tuple(dropped), tuple(remarks))

    def with_answers(
        self, encoder: TableEncoder, names: Sequence[str]
    ) -> tuple[TableEncoder, dict[str, FoldMeans]]:
        """Return an encoder whose columns of many categories have learnt from answers.

        Also return what gives rows of training the means of other folds, by column.

        Parameters
        ----------
        encoder : TableEncoder
            What the columns are.
        names : sequence of str
            What the mean of each answer is called.
        """
        long = many_categories(encoder, self.settings)
        more = more_features(self.options, self.rows, len(long))
        columns, found = [], {}
        for column in encoder.columns:
            learner = self.learners[column.name]
            if column in long and isinstance(learner, TextLearner):
                learnt, means = learner.with_answers(column, names, more, self.settings)
                if means is not None:
                    column, found[column.name] = learnt, means
            columns.append(column)
        return replace(encoder, columns=tuple(columns)), found
