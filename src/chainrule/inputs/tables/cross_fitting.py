"""Cross-fitting: columns of many categories learn from answers, and how rows to train on see it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from chainrule.data import Table
from chainrule.data.cells import Cells
from chainrule.inputs.base import Options
from chainrule.inputs.tables.base import Settings, TableColumn
from chainrule.inputs.tables.categories import CategoricalColumn, frequent_values
from chainrule.inputs.tables.encoder import TableEncoder
from chainrule.inputs.tables.learning import fit_numbers, settings_of
from chainrule.inputs.tables.readings import AS_IT_IS
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.target_means import Answers

__all__ = ["encode_training", "has_many_categories", "learn_answers"]

MOST_FEATURES = 1000
"""Frequent values of all columns of many categories that have a feature each, if answers differ."""

ENOUGH_ROWS = 4
"""So many rows make a value frequent."""

MOST_CELLS = 2**25
"""Of these features in rows to train on: 128 MiB of float32."""


def has_many_categories(encoder: TableEncoder, options: Options) -> bool:
    """Return whether a column has more values than have a feature each."""
    return bool(_long(encoder, settings_of(options)))


def learn_answers(
    encoder: TableEncoder, table: Table, answers: Answers, options: Options
) -> TableEncoder:
    """Return an encoder whose columns of many categories have learnt from the answers.

    Columns whose answers do not differ by category stay as they are.

    Parameters
    ----------
    encoder : TableEncoder
        Learnt from the table.
    table : Table
        The rows of training (n).
    answers : Answers
        Of the same rows.
    options : Options
        As they were when the columns were learnt.
    """
    settings = settings_of(options)
    found = _long(encoder, settings)
    more = 0
    if options.max_categories is None and found:
        more = min(MOST_FEATURES, MOST_CELLS // len(table)) // len(found)
    learnt = {
        column.name: _learnt(column, Cells.read(table.column(column.name)), answers, more, settings)
        for column in found
    }
    columns = (learnt.get(column.name, column) for column in encoder.columns)
    return replace(encoder, columns=tuple(columns))


def encode_training(
    encoder: TableEncoder, table: Table, answers: Answers, X: NDArray[np.float32]
) -> None:
    """Put means out of fold into the features X (n, f) of the rows that were learnt from."""
    for column, block in zip(encoder.columns, encoder.blocks, strict=True):
        if isinstance(column, TargetEncodedColumn):
            column.encode_training(table.column(column.name), answers, X[:, block.slice])


def _long(encoder: TableEncoder, settings: Settings) -> list[CategoricalColumn]:
    return [
        column
        for column in encoder.columns
        if isinstance(column, CategoricalColumn) and len(column.values) > settings.max_categories
    ]


def _learnt(
    column: CategoricalColumn, cells: Cells, answers: Answers, more: int, settings: Settings
) -> TableColumn:
    """Return a column that has learnt from the answers, or the same, if these do not differ.

    Up to ``more`` values have a feature each, as far as enough rows have them.
    """
    most = max(settings.max_categories, min(more, frequent_values(cells, ENOUGH_ROWS)))
    frequent = CategoricalColumn.fit(column.name, cells, most) or column
    fit = partial(fit_numbers, reading=AS_IT_IS, settings=settings)
    learnt = TargetEncodedColumn.fit(frequent, cells, answers, fit)
    return column if learnt is None else learnt.checked()
