"""The fit of a stream of a table's rows: what columns are is learned in one pass before it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import Column, Table
from chainrule.data.frame_columns import cells_of
from chainrule.data.streams import DataStream, LabelledPart
from chainrule.data.streams.parts import ArrayPart
from chainrule.estimators.checkpoints import random_state_of
from chainrule.estimators.streams.answers import AnswerEncoder, class_counts, scaled_by_all
from chainrule.estimators.streams.encoding import EncodedBlocks
from chainrule.estimators.streams.places import rows_placed
from chainrule.estimators.streams.preparation import (
    StreamJob,
    answered,
    seed_of,
    window_of,
)
from chainrule.estimators.streams.weights import RowWeights, weighed
from chainrule.estimators.tables.answers import answers_of_rows
from chainrule.estimators.tables.networks import member_chain, outputs_of
from chainrule.estimators.tables.preparation import (
    Given,
    TableJob,
    columns_in,
    given_part,
    prepare_table,
    warn_of_left_out,
)
from chainrule.estimators.tables.recipe import recipe_for
from chainrule.estimators.tables.samples import rows_as_table, unnamed
from chainrule.estimators.tables.stream_learning import learn_from_stream
from chainrule.estimators.tables.stream_parts import (
    RowFolds,
    check_parts,
    held_out_of_stream,
    watched_of,
)
from chainrule.estimators.validation import name_of, names_of
from chainrule.targets import Classes, Targets
from chainrule.types import Array

__all__ = ["prepare_table_stream"]

HEAD = 16_384
"""The first rows of a stream, on which it is decided what columns are."""


@dataclass
class TableStreamJob(StreamJob, TableJob):
    """A fit of a table that is read in blocks, validated, with all that its recipe says."""


def prepare_table_stream(estimator: Any, stream: DataStream, y: Any, given: Given) -> TableJob:
    """Return a fit of a stream, validated; of one that fits into a window, the fit of its rows.

    Parameters are those of :func:`~chainrule.estimators.tables.preparation.prepare_table`.

    Raises
    ------
    ValueError
        Anything is wrong with parameters or data.
    """
    name = type(estimator).__name__
    if y is not None and given.target is not None:
        raise ValueError(
            f"{name}.fit: expected y, or target={given.target!r} as the column of answers, got both"
        )
    stream = answered(estimator, stream, given.target if y is None else y)
    stream, weights = weighed(name, stream, given.sample_weight)
    check_parts(name, stream, given)
    if given.checkpoint is not None:
        stream.check_aside(given.checkpoint.path)
    with rows_placed(stream):
        return _prepared(estimator, stream, weights, given)


def _prepared(
    estimator: Any, stream: DataStream, weights: RowWeights | None, given: Given
) -> TableJob:
    """Return a fit of a stream with answers, and of what its rows weigh."""
    head = stream.head(HEAD)
    table, named = rows_as_table(estimator, head.raw, reset=True)
    if stream.window_rows is not None and len(stream) <= stream.window_rows:
        return _in_memory(estimator, stream, weights, given)
    random_state = random_state_of(estimator, given.checkpoint)
    before = random_state.get_state()
    seeds = [int(random_state.randint(2**31 - 1)) for _ in range(2)]
    own, fraction = seed_of(estimator, seeds[0]), float(estimator.validation_fraction)
    out = held_out_of_stream(stream, fraction, own, seeds[0], given)
    options = estimator._options(table, named=named, groups=given.groups)
    rows = len(stream) - len(out)
    if rows < 2:
        raise ValueError(
            f"{type(estimator).__name__}: expected two rows or more to learn from, got {rows} of "
            f"{len(stream):,}: all others are held out, by validation_fraction={fraction}"
        )
    twin = copy.copy(estimator)
    targets = _targets(twin, stream, head)
    answers = AnswerEncoder(twin, targets)
    raw = EncodedBlocks(stream, _not_yet, answers, weights, out)
    folds = RowFolds(seeds[0], given.groups)
    encoder = learn_from_stream(table, raw, options, targets, folds, table_of)
    inputs = encoder.inputs
    window = window_of(stream, len(inputs.feature_names), np.dtype(np.float32))
    if len(stream) <= window:
        random_state.set_state(before)  # rows in memory draw their own
        return _in_memory(estimator, stream, weights, given)
    recipe = recipe_for(estimator, rows, classes=isinstance(targets, Classes))
    objective = estimator._objective(targets)
    columns = columns_in(table, named=named)
    chain = member_chain(
        recipe,
        inputs.sample_shape,
        outputs_of(targets),
        objective.last,
        shared=bool(estimator.batch_ensemble),
        seed=seeds[1],
    )
    blocks = EncodedBlocks(
        stream,
        lambda part, rows: encoder.encode(part, table_of(part), rows),
        answers,
        weights,
        out,
    )
    warn_of_left_out(inputs)
    if estimator.verbose is True:
        print(inputs)
    validation = given_part(estimator, inputs, targets, columns, given)
    if validation is None and len(out):
        validation = blocks.rows_at(watched_of(stream, out, own))
    job = TableStreamJob(
        estimator=estimator,
        inputs=inputs,
        targets=targets,
        chain=chain,
        objective=objective,
        data=next(blocks.read(0)),
        validation=validation,
        dtype=np.dtype(np.float32),
        first=True,
        incremental=False,
        random_state=random_state,
        given=(head.raw, head.y),
        attributes=estimator._described(inputs, targets, chain) | columns,
        recipe=recipe,
        checkpoint=given.checkpoint,
        blocks=blocks,
        window_rows=window,
    )
    blocks.answers = AnswerEncoder(twin, targets, job.training_targets)
    return job


def _not_yet(part: LabelledPart, rows: Array | None) -> Array:
    raise AssertionError("rows are encoded once columns are learned")


def table_of(part: LabelledPart, first: int = 0) -> Table:
    """Return rows of a stream as a table, whose columns are x0, x1, … where they have no names.

    Rows of arrays are counted from ``first``.
    """
    if not isinstance(part.part, ArrayPart):
        table: Table = part.raw
        return table
    columns = part.part.X.reshape(len(part), -1).T
    lines = np.arange(first, first + len(part))
    return Table(unnamed(len(columns)), tuple(map(cells_of, columns)), lines, "row")


def _in_memory(
    estimator: Any, stream: DataStream, weights: RowWeights | None, given: Given
) -> TableJob:
    """Return the fit of all rows, which fit into a window."""
    rows = stream.whole()
    own = None if weights is None else weights.at(rows, np.arange(len(rows)))
    given = replace(given, target=None, sample_weight=own)
    return prepare_table(estimator, rows.raw, rows.y, given)


def _targets(estimator: Any, stream: DataStream, head: LabelledPart) -> Targets:
    """Return the targets of all rows; weights that balance classes become those of each."""
    name, cells = name_of(head.y), isinstance(head.y, Column)
    counted = None
    if hasattr(estimator, "predict_proba"):
        counted = class_counts(type(estimator).__name__, stream)
    y = answers_of_rows(estimator, head.y)
    if counted is not None:
        if estimator.class_weight == "balanced":
            estimator.class_weight = counted.balanced()
        targets: Targets = estimator._new_targets(counted.labels, name, cells=cells)
        return targets
    targets = estimator._new_targets(y, name, cells=cells)
    if columns := names_of(head.y):
        targets = copy.copy(targets)
        object.__setattr__(targets, "names", columns)
    return scaled_by_all(
        targets, stream, lambda raw: answers_of_rows(estimator, raw), positive=False
    )
