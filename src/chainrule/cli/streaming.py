"""``train --stream``: a table that is read in blocks, not all at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chainrule.cli.checkpoints import KeptTraining
from chainrule.cli.column_roles import Roles, are_beside_others
from chainrule.cli.evaluation import positive_class
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.output import Output
from chainrule.cli.spelling import options_said
from chainrule.cli.table_estimator import prepare_stream, table_estimator
from chainrule.cli.text_sources import unlabelled
from chainrule.cli.text_streaming import (
    TAKEN as TAKEN_BY_TEXTS,
    are_texts,
    prepare_texts_of_stream,
    streamed_texts,
)
from chainrule.cli.training import run_fit
from chainrule.data import Column, DataError, Source, Table
from chainrule.data.labelled_lines import TEXT
from chainrule.data.streams import DataStream
from chainrule.interruption import EXIT_CODE
from chainrule.tables import counted
from chainrule.targets.columns import Purpose, find_task
from chainrule.training.session import speaks

if TYPE_CHECKING:
    from chainrule.estimators.checkpoints import FitCheckpoint

__all__ = ["train_stream"]

TAKEN = {
    *("data", "target", "layers", "activation", "dropout", "learning_rate", "batch", "epochs"),
    *("patience", "class_weight", "label_smoothing", "seed", "scoring", "max_seconds"),
    *("validation", "test", "task", "precision", "engine", "threads"),
    *("drop", "categorical", "numeric", "text", "max_categories", "group", "time"),
}
"""Options that a table in blocks goes with; the others are for what is in memory."""

HEAD = 16_384
"""Rows that say what the target is."""


def train_stream(
    options: CommandLineOptions, path: Path, kept: KeptTraining, out: Output
) -> None:
    """Train on the rows of files, show the score of those held out, and save the model.

    Raises
    ------
    ValueError
        An option is for data in memory, or the files are no tables.
    typer.Exit
        Ctrl-C came before the first epoch was over.
    """
    stream, scored = _streams(options)
    texts = are_texts(options, stream)
    for each in (path, *([] if kept.checkpoint is None else [kept.checkpoint.path])):
        stream.check_aside(each)
    prepare: Callable[[Any, DataStream, FitCheckpoint | None], Any]
    if texts:
        estimator, purpose = streamed_texts(options, stream)
        prepare = prepare_texts_of_stream
    else:
        estimator, purpose, roles = _estimator(options, stream)
        prepare = partial(prepare_stream, roles)
    checkpoint = kept.begin(estimator, path)
    out.say(f"{counted(len(stream), 'row')} in {counted(len(stream.sizes), 'block')}")
    if stream.left_out:
        out.say(unlabelled(stream.left_out))
    out.say(purpose.reason, *kept.notes())
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always", UserWarning)
        job = prepare(estimator, stream, checkpoint)
    out.say(*dict.fromkeys(str(remark.message) for remark in remarks))
    estimator.verbose = False if out.messages.quiet else "bar"
    try:
        history, diverged = run_fit(job)
    except KeyboardInterrupt:
        out.say("interrupted, no model is saved", *kept.interrupted())
        raise typer.Exit(EXIT_CODE) from None
    if texts and not stream.answer_columns:
        estimator.metadata_ = {"reading": {"lines": True}}  # as in memory: what it reads is lines
    if speaks():
        kept.save(estimator, path)
    out.say(f"{history.describe()}, {history.seconds:.1f} s", *history.remarks)
    if history.end == "interrupted":
        out.say(*kept.interrupted())
    scores = _scores(estimator, scored)
    if out.as_json:
        out.json({"model": str(path), **_told(options, purpose), "scores": scores})
    else:
        out.lines(f"{name}: {value:.4f}" for name, value in scores.items())
        out.say(f"model saved in {path}")
    if diverged is not None:
        raise diverged


def _streams(options: CommandLineOptions) -> tuple[DataStream, DataStream | None]:
    """Return the rows to train on, and those to score at the end; what does not go is refused."""
    if options.batch == 0:
        raise ValueError("--batch: expected a number > 0 with --stream, got 0, all rows")
    stream = DataStream(options.data, options.target)
    texts = are_texts(options, stream)
    ensemble = {"model"} if are_beside_others(options) else set()
    _check_said(options, TAKEN_BY_TEXTS if texts else TAKEN | ensemble)
    if options.target is None and stream.names != (TEXT,):
        raise ValueError("--target: expected the column to be predicted, with --stream")
    return stream, _scored(options)


def _check_said(options: CommandLineOptions, taken: Collection[str]) -> None:
    """Raise ValueError for an option that rows in blocks do not go with."""
    names = [each.name for each in fields(options) if each.name not in taken]
    if said := options_said(options, names):
        raise ValueError(f"{said[0]}: expected it without --stream, which reads rows in blocks")


def _estimator(options: CommandLineOptions, stream: DataStream) -> tuple[Any, Purpose, Roles]:
    """Return the estimator of a streamed table, what its target and what its columns are for."""
    head = stream.head(HEAD)
    if not isinstance(head.raw, Table) or not isinstance(head.y, Column):
        raise DataError(
            f"{options.data}: expected Parquet or Arrow files with --stream, got {stream!r}"
        )
    task: Any = options.task
    purpose = find_task(head.y, task)
    source = Source(Path(options.data).name, head.raw, options.target or "", head.y.cells)
    roles = Roles.of(options, source)
    estimator = table_estimator(options, purpose, roles, len(stream))
    if roles.time is not None:
        estimator.set_params(keep=(roles.time,))
    if options.validation is not None:
        estimator.set_params(validation_fraction=options.validation)
    return estimator, purpose, roles


def _scored(options: CommandLineOptions) -> DataStream | None:
    """Return the rows to score at the end, None where no files were named."""
    usual = next(each.default for each in fields(options) if each.name == "test")
    if options.test == usual or options.test_share == 0:
        return None
    if options.test_share is not None:
        raise ValueError(
            "--test: expected files of their own with --stream, of which no share is held out at "
            f"the end, got {options.test}"
        )
    return DataStream(options.test, options.target)


def _scores(estimator: Any, scored: DataStream | None) -> dict[str, float]:
    """Return the score of the rows held out, and that of rows of their own."""
    found = {}
    if estimator.best_validation_score_ is not None:
        watched = getattr(estimator, "scoring_", estimator.scoring)
        name = "accuracy" if watched in (None, "loss") else watched
        found[f"{name}, rows held out"] = float(estimator.best_validation_score_)
    if scored is not None:
        kind = "accuracy" if hasattr(estimator, "predict_proba") else "r2"
        found[f"{kind}, test"] = float(estimator.score(scored))
    return found


def _told(options: CommandLineOptions, purpose: Purpose) -> dict[str, Any]:
    told = {"target": options.target, "task": purpose.task, "classes": purpose.classes}
    positive = positive_class(purpose.classes)
    return told if positive is None else {**told, "positive": positive}
