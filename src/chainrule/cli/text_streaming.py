"""``train --stream`` on texts: labelled lines, or a column of texts, that are read in blocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from chainrule.cli.column_names import named_columns
from chainrule.cli.column_roles import are_beside_others
from chainrule.cli.network_estimator import check_scoring
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.text_training import purpose_of_labels, text_estimator
from chainrule.data import Column, DataError, Table
from chainrule.data.labelled_lines import PREFIX, TEXT
from chainrule.targets.columns import Purpose, TaskName, find_task

if TYPE_CHECKING:
    from chainrule.data.streams import DataStream
    from chainrule.estimators.checkpoints import FitCheckpoint

__all__ = ["TAKEN", "are_texts", "prepare_texts_of_stream", "streamed_texts"]

TAKEN = {
    *("data", "target", "learning_rate", "batch", "epochs", "patience", "class_weight"),
    *("label_smoothing", "seed", "scoring", "validation", "test", "task", "engine", "threads"),
    *("text", "ngrams", "chars", "lowercase", "min_count", "dimensions"),
}
"""Options that texts in blocks go with."""


def are_texts(options: CommandLineOptions, stream: DataStream) -> bool:
    """Return whether texts are learned from: lines, or a column that an option names."""
    if stream.names == (TEXT,):
        return True
    return options.text is not None and not are_beside_others(options)


def streamed_texts(options: CommandLineOptions, stream: DataStream) -> tuple[Any, Purpose]:
    """Return the estimator of texts that are streamed, and what is predicted.

    Raises
    ------
    DataError
        Lines have no labels, or only one; or a table has no such column.
    """
    from chainrule.estimators.streams.answers import LabelCounts, class_counts

    if not stream.labelled:
        raise DataError(f"{options.data}: expected lines with labels such as {PREFIX}x, got none")
    lines = not stream.answer_columns
    column = TEXT if lines else _column(options, stream)
    if lines:
        if options.task == "regression":
            raise DataError("--task: texts predict classes, got regression")
        name = Path(options.data).name
        counted = class_counts(name, stream)
        assert counted is not None
        several = isinstance(counted, LabelCounts)
        purpose = purpose_of_labels(name, tuple(counted.labels.tolist()), several=several)
    else:
        purpose = _of_column(options, stream)
    check_scoring(options.scoring, purpose.task)
    estimator = text_estimator(options, purpose, column, len(stream), lines=lines)
    if options.validation:  # none by default, as in memory: the rate falls over all epochs
        estimator.set_params(
            early_stopping=True,
            scoring=options.scoring or "loss",
            tol=0.0,
            validation_fraction=options.validation,
        )
    return estimator, purpose


def prepare_texts_of_stream(
    estimator: Any, stream: DataStream, checkpoint: FitCheckpoint | None
) -> Any:
    """Return the fit of an estimator of texts on texts that are read in blocks."""
    from chainrule.estimators.streams.preparation import prepare_stream

    return prepare_stream(estimator, stream, None, checkpoint=checkpoint)


def _column(options: CommandLineOptions, stream: DataStream) -> str:
    """Return the column of texts that an option names."""
    assert options.text is not None
    if options.text in stream.answer_columns:
        raise DataError(f"--text: {options.text!r} is the column to be predicted")
    return named_columns("--text", [options.text], stream.names or (), whole=True)[0]


def _of_column(options: CommandLineOptions, stream: DataStream) -> Purpose:
    """Return which classes the column of answers has, as its first rows say."""
    head = stream.head(16_384)
    if not isinstance(head.raw, Table) or not isinstance(head.y, Column):
        raise DataError(
            f"--text: expected Parquet or Arrow files with --stream, got {stream!r}"
        )
    purpose = find_task(head.y, cast("TaskName | None", options.task))
    if purpose.task == "regression":
        raise DataError(f"--text: texts predict classes; {purpose.reason}")
    return purpose
