"""What the columns of a streamed table learn of answers, and how rows of training are encoded.

Rows are in folds, drawn by their numbers or groups. Columns of many categories learn from sums by
category and fold, of all rows; columns of free text from some rows, drawn from all, which are in
memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule import random
from chainrule.data import Table
from chainrule.data.streams import LabelledPart
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.tables.stream_parts import RowFolds
from chainrule.estimators.tables.target_encoding import names_of_answers, numbers_of_targets
from chainrule.inputs import Options
from chainrule.inputs.tables import Answers, TableEncoder
from chainrule.inputs.tables.cross_fitting import Fitted, learn_texts
from chainrule.inputs.tables.fold_sums import FoldMeans
from chainrule.inputs.tables.streaming import OnePass
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn
from chainrule.inputs.tables.texts import TextColumn
from chainrule.targets import Classes, Targets
from chainrule.types import Array

__all__ = ["StreamEncoder", "learn_from_stream"]

MOST_TEXT_ROWS = 65_536
"""Rows that free texts are learned from."""

MOST_NUMBERS = 2**24
"""Of what other columns are for these: 64 MiB."""

TEXTS = 2
"""A place of the stream of random numbers that splits rows, beside that of rows held out."""


@dataclass(frozen=True, eq=False)
class StreamEncoder:
    """Encodes rows of a stream; those that are trained on by what other folds say of answers.

    Parameters
    ----------
    inputs : TableEncoder
        What the columns are.
    folds : RowFolds
        Of rows.
    means : dict of str to FoldMeans
        What columns of many categories learned.
    text_rows : ndarray of shape (m,)
        The rows that texts were learned from, rising.
    texts : mapping of str to ndarray of shape (m, f)
        Their features, by networks that have not seen them.
    """

    inputs: TableEncoder
    folds: RowFolds
    means: dict[str, FoldMeans]
    text_rows: Array
    texts: Fitted

    def encode(self, part: LabelledPart, table: Table, rows: Array | None) -> Array:
        """Return rows as a chain takes them; those to train on by their numbers.

        Parameters
        ----------
        part : LabelledPart
            As they were read.
        table : Table
            Their columns.
        rows : ndarray of shape (n,) or None
            Their numbers in the stream; None of rows that are not trained on.
        """
        X = self.inputs.encode_table(table)[0]
        if rows is not None and (self.means or self.texts):
            folds = self.folds.of(rows, part) if self.means else rows
            self._encode_training(table, rows, folds, X)
        return X

    def _encode_training(self, table: Table, rows: Array, folds: Array, X: Array) -> None:
        at = np.minimum(np.searchsorted(self.text_rows, rows), len(self.text_rows) - 1)
        own = np.flatnonzero(self.text_rows[at] == rows) if len(self.text_rows) else at[:0]
        for column, block in zip(self.inputs.columns, self.inputs.blocks, strict=True):
            if isinstance(column, TargetEncodedColumn):
                raw, found = table.column(column.name), self.means[column.name]
                column.encode_folds(raw, folds, found, X[:, block.slice])
            elif isinstance(column, TextColumn):
                X[own, block.slice] = self.texts[column.name][at[own]]


def learn_from_stream(
    head: Table,
    blocks: EncodedBlocks,
    options: Options,
    targets: Targets,
    folds: RowFolds,
    table_of: Callable[[LabelledPart, int], Table],
) -> StreamEncoder:
    """Return what the columns of all rows are, learned in one pass over them.

    Parameters
    ----------
    head : Table
        The first rows.
    blocks : EncodedBlocks
        All rows, of which those held out are not learned from.
    options : Options
        What a user said of the columns.
    targets : Targets
        How answers become numbers.
    folds : RowFolds
        Of rows; their seed also draws those that texts are learned from.
    table_of : callable
        Makes a table of rows, that are counted from a number on.

    Raises
    ------
    DataError
        A cell is not what its column was taken for, or nothing is left to learn from.
    """
    names = names_of_answers(targets)
    learning = OnePass(head, options, sum(blocks.sizes), len(names))
    asked = learning.has_categories or learning.has_texts
    some = _Some(blocks, folds.seed) if learning.has_texts else None
    for part, rows, t, weights in blocks.labelled():
        answers = None
        if asked:
            answers = _answers(targets, names, t, weights, folds.of(rows, part))
        learning.add(table_of(part, int(rows[0])), answers)
        if some is not None and answers is not None:
            some.add(part, rows, answers)
    encoder, means = learning.with_answers(learning.encoder(), names)
    found = StreamEncoder(encoder, folds, means, np.arange(0), {})
    if some is None or not encoder.free_texts:
        return replace(found, inputs=encoder.checked())
    return some.learned(found, options, table_of)


class _Some:
    """Some rows of a stream, drawn from all, that texts are learned from."""

    def __init__(self, blocks: EncodedBlocks, seed: int) -> None:
        count = len(blocks.stream)
        size = min(count, MOST_TEXT_ROWS)
        self.drawn = random.choice(count, size, seed, random.Stream.SPLITTING, TEXTS)
        self.stream = blocks.stream
        self.parts: list[LabelledPart] = []
        self.rows: list[Array] = []
        self.answers: list[Answers] = []

    def add(self, part: LabelledPart, rows: Array, answers: Answers) -> None:
        """Take those of some rows that were drawn."""
        start, stop = np.searchsorted(self.drawn, (rows[0], rows[-1] + 1))
        own = np.flatnonzero(np.isin(rows, self.drawn[start:stop], assume_unique=True))
        if len(own):
            self.parts.append(self.stream.taken(part, own))
            self.rows.append(rows[own])
            self.answers.append(answers.at(own))

    def learned(
        self, found: StreamEncoder, options: Options, table_of: Callable[[Any, int], Table]
    ) -> StreamEncoder:
        """Return an encoder whose columns of texts have learned, too."""
        if not self.parts:
            return replace(found, inputs=found.inputs.checked())
        width = max(1, len(found.inputs.feature_names))
        rows = np.concatenate(self.rows)
        few = np.arange(0, len(rows), -(-len(rows) * width // MOST_NUMBERS))
        part = self.stream.taken(self.stream.joined(self.parts), few)
        rows, answers = rows[few], _joined(self.answers).at(few)
        table = table_of(part, 0)
        X = found.encode(part, table, rows)
        inputs, texts = learn_texts(found.inputs, table, X, answers, options)
        return replace(found, inputs=inputs, text_rows=rows, texts=texts)


def _answers(
    targets: Targets, names: tuple[str, ...], t: Array, weights: Array | None, folds: Array
) -> Answers:
    numbers = numbers_of_targets(targets, t)
    return Answers(numbers, names, folds, weights, isinstance(targets, Classes))


def _joined(parts: list[Answers]) -> Answers:
    """Return the answers of several parts, one after the other."""
    weights = [part.weights for part in parts if part.weights is not None]
    return replace(
        parts[0],
        numbers=np.concatenate([part.numbers for part in parts]),
        folds=np.concatenate([part.folds for part in parts]),
        weights=np.concatenate(weights) if weights else None,
    )
