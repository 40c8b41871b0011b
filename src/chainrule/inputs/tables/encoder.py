"""Tables as matrices of float32 features, by rules learnt from the training part alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import DataError, DataWarning, Table
from chainrule.data.cells import shortened
from chainrule.data.frames import as_table
from chainrule.inputs.base import Inputs, Options, RowCheck, Shape
from chainrule.inputs.tables.base import Block, TableColumn
from chainrule.inputs.tables.decisions import LEFT_OUT, Decision, decide, decide_all
from chainrule.inputs.tables.identifiers import FREE_TEXT
from chainrule.inputs.tables.learning import check_fit, fit_column, settings_of
from chainrule.inputs.tables.one_row import OneRow, runs
from chainrule.inputs.tables.piecewise import PiecewiseColumn, PiecewiseRun
from chainrule.inputs.tables.rules import rules_from_json, rules_to_json
from chainrule.tables import counted, cut, html_table, text_table
from chainrule.types import Array
from chainrule.warning import warn

__all__ = ["TableEncoder"]

HEADING = ("column", "is", "features")
SHOWN = 20
"""Columns that are listed at a prompt."""

MOST_LEARNED = 1000
"""Columns that are compared one by one."""


@dataclass(frozen=True)
class TableEncoder(Inputs):
    """How each column becomes features.

    Parameters
    ----------
    columns : tuple of TableColumn
        Those that do.
    dropped : tuple of (str, str)
        The names of those that do not, and why.
    remarks : tuple of (str, str)
        Names of columns, and what a user should know of them.
    """

    columns: tuple[TableColumn, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()

    kind = "table"

    def describe(self) -> list[dict[str, Any]]:
        """Return for each column its name, its kind, its features, and what became of it.

        Columns that are left out come last; their kind is "left out", their features are none.
        """
        used = [
            {
                "name": column.name,
                "kind": column.called,
                "features": block.width,
                "became": column.describe(),
                "remarks": [remark for name, remark in self.remarks if name == column.name],
            }
            for column, block in zip(self.columns, self.blocks, strict=True)
        ]
        return used + [
            {"name": name, "kind": LEFT_OUT, "features": 0, "became": reason, "remarks": []}
            for name, reason in self.dropped
        ]

    def _rows(self) -> list[tuple[str, str, str]]:
        """Return a row for each column."""
        lines = self.describe()
        shown = lines if len(lines) <= SHOWN else lines[: SHOWN - 1]
        rows = [
            (cut(line["name"]), line["kind"], "; ".join([line["became"], *line["remarks"]]))
            for line in shown
        ]
        return rows + [("…", "", "")] * (len(shown) < len(lines))

    @property
    def _size(self) -> str:
        used = counted(len(self.columns), "column")
        left_out = f", {len(self.dropped):,} left out" if self.dropped else ""
        return f"{used}, {counted(len(self.feature_names), 'feature')}{left_out}"

    def __repr__(self) -> str:
        return f"{text_table([HEADING, *self._rows()])}\n{self._size}"

    def _repr_html_(self) -> str:
        """Return the columns for notebooks."""
        return html_table(self._size, HEADING, self._rows())

    @classmethod
    def kinds(cls, data: Any, options: Options | None = None) -> dict[str, Decision]:
        """Return what each column of a table is taken for, to be passed on in ``Options``.

        Called with all rows before they are split, it makes decisions that no split changes.

        Parameters
        ----------
        data : Table, DataFrame, str or path
            All rows, without the answers.
        options : Options, optional
            What a user said of the columns.

        Returns
        -------
        decisions : dict
            By the columns' names.

        Raises
        ------
        DataError
            A column that the options name is not there, or a number is infinite.
        """
        return decide_all(as_table(data), options or Options(cls.__name__))

    @classmethod
    def learn(cls, data: Any, options: Options) -> TableEncoder:
        """Return what the columns of a table, DataFrame or file are."""
        return cls.fit(as_table(data), options)

    @classmethod
    def fit(cls, table: Table, options: Options | None = None) -> TableEncoder:
        """Learn from the training part.

        Parameters
        ----------
        table : Table
            The rows of training.
        options : Options, optional
            What a user said of the columns; with ``kinds``, what they are is not looked for.

        Returns
        -------
        encoder : TableEncoder

        Raises
        ------
        DataError
            No rows, infinite numbers, too many columns, or nothing left to learn from.
        """
        options = options or Options(cls.__name__)
        check_fit(table, options)
        known = decide_all(table, options) if options.kinds is None else options.kinds
        settings = settings_of(
            options, sum(each.kind == "numbers" for each in known.values()), len(table)
        )
        columns: list[TableColumn] = []
        dropped: list[tuple[str, str]] = []
        remarks: list[tuple[str, str]] = []
        for name in table.names:
            decision = known[name] if name in known else decide(table.target(name), options)
            learnt = fit_column(name, table, decision, settings)
            if isinstance(learnt, str):
                dropped.append((name, learnt))
            else:
                columns.append(learnt)
                remarks += [(name, remark) for remark in decision.remarks]
        encoder = cls(tuple(columns), tuple(dropped), tuple(remarks))
        return encoder if options.answers_follow and encoder.free_texts else encoder.checked()

    def checked(self) -> TableEncoder:
        """Return the encoder itself; DataError if no column makes features."""
        if not self.columns:
            reasons = "; ".join(f"{name!r}: {reason}" for name, reason in self.dropped[:5])
            raise DataError(f"TableEncoder: no column is left to learn from: {reasons}")
        return self

    @property
    def free_texts(self) -> tuple[str, ...]:
        """The columns that are left out because they have free text."""
        return tuple(name for name, reason in self.dropped if reason.startswith(FREE_TEXT))

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

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Where the features of each column stand in X, and its kind in files."""
        blocks, start = [], 0
        for column in self.columns:
            blocks.append(Block(column.name, column.kind, start, len(column.feature_names)))
            start += blocks[-1].width
        return tuple(blocks)

    def notes(self) -> list[str]:
        """Return in sentences what a user should know: what is left out, and how cells are read."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.dropped:
            reasons.setdefault(reason, []).append(name)
        left_out = [f"left out, {reason}: {', '.join(names)}" for reason, names in reasons.items()]
        called = {column.name: column.called for column in self.columns}
        return left_out + [
            f"column {name!r} is taken for {called[name]}: {remark}"
            for name, remark in self.remarks
        ]

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
        if len(table) == 1 and (row := self._one_row.encode(table)) is not None:
            return row
        X, notes = self.encode_table(table)
        for note in notes:
            warn(note, DataWarning)
        return X

    @cached_property
    def _one_row(self) -> OneRow:
        return OneRow(self.columns, self.blocks, len(self.columns) + len(self.dropped))

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
        X = np.empty((len(table), len(self.feature_names)), np.float32)
        notes = self._extra(table)
        for places, run in self._runs:
            first, last = self.blocks[places[0]], self.blocks[places[-1]]
            out = X[:, first.start : last.start + last.width]
            if run is None:
                column = self.columns[places[0]]
                notes += column.encode(table.column(column.name), out, table.place)
            else:
                x = np.empty((len(table), len(places)))
                for place, each in enumerate(run.columns):
                    raw = table.column(each.name)
                    x[:, place] = each.reading.read(each.name, raw, table.place)
                notes += run.encode(x, out)
        return X, notes

    @cached_property
    def _runs(self) -> list[tuple[list[int], PiecewiseRun | None]]:
        """Return the places of columns that are encoded together, and how."""
        together: list[tuple[list[int], PiecewiseRun | None]] = []
        for places in runs(self.columns):
            columns = [self.columns[place] for place in places]
            pieces = [column for column in columns if isinstance(column, PiecewiseColumn)]
            together.append((places, PiecewiseRun(pieces) if pieces else None))
        return together

    def _extra(self, table: Table) -> list[str]:
        known = {column.name for column in self.columns} | {name for name, _ in self.dropped}
        extra = [name for name in table.names if name not in known]
        return [f"columns not seen in training are ignored: {shortened(extra)}"] if extra else []

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return rules_to_json(self.columns, self.dropped, self.remarks)

    def learned(self) -> dict[str, Any]:
        """Return all that was learned: of each column, and which there are, in their order."""
        if len(self.columns) > MOST_LEARNED:
            return {"columns": self.to_json()}
        learned = {f"column {column.name!r}": column.to_json() for column in self.columns}
        return {**learned, "columns": [self.raw_names, self.dropped, self.remarks]}

    @classmethod
    def from_json(cls, data: object) -> TableEncoder:
        """Check and take back what `to_json` gave.

        Raises
        ------
        ValueError
            Any key, type or value is not as `to_json` would write it.
        """
        return cls(*rules_from_json(data))
