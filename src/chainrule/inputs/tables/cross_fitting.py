"""Cross-fitting: columns of many categories, and of texts, learn from answers.

Rows to train on see what other rows say.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from chainrule.inputs.tables.remainder import remainder
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.target_means import Answers
from chainrule.inputs.tables.text_fitting import fit_texts
from chainrule.inputs.tables.texts import TextColumn

__all__ = [
    "ENOUGH_ROWS",
    "Fitted",
    "encode_training",
    "learn_answers",
    "learn_texts",
    "learns_from_answers",
    "many_categories",
    "more_features",
]

MOST_FEATURES = 1000
"""Frequent values of all columns of many categories that have a feature each, if answers differ."""

ENOUGH_ROWS = 4
"""So many rows make a value frequent."""

MOST_CELLS = 2**25
"""Of these features in rows to train on: 128 MiB of float32."""

Fitted = Mapping[str, NDArray[np.float32]]
"""Features (n, f) of texts of training, by column: scores by networks that have not seen them."""

TELLS_NOTHING = ", which tells nothing of the answers"


def learns_from_answers(encoder: TableEncoder, options: Options) -> bool:
    """Return whether a column has texts, or more values than have a feature each."""
    return bool(many_categories(encoder, settings_of(options)) or encoder.free_texts)


def learn_answers(
    encoder: TableEncoder, table: Table, answers: Answers, options: Options
) -> tuple[TableEncoder, Fitted]:
    """Return an encoder whose columns of many categories, and of texts, have learnt from answers.

    Columns whose answers do not differ by category stay as they are; texts that tell nothing of
    the answers stay left out. Also return the features of texts that `encode_training` takes.

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

    Raises
    ------
    DataError
        Nothing is left to learn from.
    """
    settings = settings_of(options)
    found = many_categories(encoder, settings)
    more = more_features(options, len(table), len(found))
    learnt = {
        column.name: _learnt(column, Cells.read(table.column(column.name)), answers, more, settings)
        for column in found
    }
    columns = {column.name: learnt.get(column.name, column) for column in encoder.columns}
    encoder = replace(encoder, columns=tuple(columns.values()))
    if not encoder.free_texts:
        return encoder.checked(), {}
    X, _ = encoder.encode_table(table)
    encode_training(encoder, table, answers, X)
    return learn_texts(encoder, table, X, answers, options)


def learn_texts(
    encoder: TableEncoder,
    table: Table,
    X: NDArray[np.float32],
    answers: Answers,
    options: Options,
) -> tuple[TableEncoder, Fitted]:
    """Return an encoder whose columns of texts have learnt from answers, and their features.

    Parameters
    ----------
    encoder : TableEncoder
        Whose other columns have learnt.
    table : Table
        The rows to learn from (n).
    X : ndarray of shape (n, f)
        What the other columns become in training.
    answers : Answers
        Of the same rows.
    options : Options
        As they were when the columns were learnt.

    Raises
    ------
    DataError
        Nothing is left to learn from.
    """
    rest = remainder(X, answers, options.threads)
    fit = partial(fit_numbers, reading=AS_IT_IS, settings=settings_of(options))
    texts = {
        name: fit_texts(
            name, Cells.read(table.column(name)), answers, rest, fit, options.threads
        )
        for name in encoder.free_texts
    }
    columns: dict[str, TableColumn] = {column.name: column for column in encoder.columns}
    columns |= {name: each[0] for name, each in texts.items() if each is not None}
    fitted = {name: each[1] for name, each in texts.items() if each is not None}
    dropped = tuple(
        (name, reason + TELLS_NOTHING * (name in texts))
        for name, reason in encoder.dropped
        if name not in columns
    )
    in_order = tuple(columns[name] for name in table.names if name in columns)
    return replace(encoder, columns=in_order, dropped=dropped).checked(), fitted


def encode_training(
    encoder: TableEncoder,
    table: Table,
    answers: Answers,
    X: NDArray[np.float32],
    texts: Fitted | None = None,
) -> None:
    """Put means and scores out of fold into X (n, f), of the rows that were learnt from."""
    for column, block in zip(encoder.columns, encoder.blocks, strict=True):
        if isinstance(column, TargetEncodedColumn):
            column.encode_training(table.column(column.name), answers, X[:, block.slice])
        elif isinstance(column, TextColumn):
            X[:, block.slice] = (texts or {})[column.name]


def many_categories(encoder: TableEncoder, settings: Settings) -> list[CategoricalColumn]:
    """Return the columns that have more values than have a feature each."""
    return [
        column
        for column in encoder.columns
        if isinstance(column, CategoricalColumn) and len(column.values) > settings.max_categories
    ]


def more_features(options: Options, rows: int, columns: int) -> int:
    """Return how many frequent values of each column of many may have a feature, 0: as usual."""
    if options.max_categories is not None or not columns:
        return 0
    return min(MOST_FEATURES, MOST_CELLS // rows) // columns


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
