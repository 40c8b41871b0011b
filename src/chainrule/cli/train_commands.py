"""Commands that learn from data: ``train`` and ``compare``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chainrule.cli import comparing, output_files
from chainrule.cli.arguments import ForceOption, JsonOption
from chainrule.cli.checkpoints import CheckpointOption, EveryOption, KeptTraining, ResumeOption
from chainrule.cli.comparisons import (
    comparison_json,
    comparison_table,
    settings_sentence,
    speed_sentence,
    verdict,
)
from chainrule.cli.contestants import ACTIVATIONS, OPTIMIZERS
from chainrule.cli.evaluation import positive_class
from chainrule.cli.option_values import image_sides
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.output import Output, scores_table
from chainrule.cli.prepared import Training
from chainrule.cli.ranks import ShardsOption, cut
from chainrule.cli.reading import check_is_text, layout_of, read_data
from chainrule.cli.spelling import with_options
from chainrule.cli.streaming import train_stream
from chainrule.cli.summary import ModelSummary
from chainrule.cli.text_sources import are_labelled_lines, labels_explained, read_lines
from chainrule.cli.training import Outcome, prepare_training, train_network
from chainrule.data import DataError, Source, Table
from chainrule.interruption import EXIT_CODE
from chainrule.training.session import speaks

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")]


@with_options(CommandLineOptions)
def train(
    options: CommandLineOptions,
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Where the model goes; by default it is named as DATA."
        ),
    ] = None,
    force: ForceOption = False,
    checkpoint: CheckpointOption = None,
    checkpoint_every: EveryOption = None,
    resume: ResumeOption = False,
    shards: ShardsOption = None,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Read DATA in blocks, not at once: Parquet or Arrow files, text files of labelled "
            "lines, or a folder of them.",
        ),
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a network on DATA, show its scores, and save it."""
    out = Output(as_json=as_json, quiet=quiet)
    out.say(*cut(context, shards))
    usual = output_files.default_model_path(options.data)
    read = options.data, options.test
    others: list[str | Path] = [*read, *([] if output is None else [output])]
    kept = KeptTraining(checkpoint, checkpoint_every, *others, resume=resume)
    path = output or kept.output or (usual if force else output_files.free_path(usual))
    own = kept.output is not None and os.path.realpath(path) == str(kept.output)
    if speaks():
        output_files.check_model_path(path, *read, force=force or own)
    if stream:
        train_stream(options, path, kept, out)
        return
    source = _read(options, images=options.model is not None and options.model != "mlp")
    training = prepare_training(options, source, bar=not (as_json or quiet))
    notes = list(training.notes)
    notes += kept.notes()
    training.job.checkpoint = kept.begin(training.job.estimator, path)
    if output is None and path != usual and not own:
        notes.append(f"{usual} is there already, so the model goes to {path} (--force overwrites)")
    out.say(*notes)
    chain = training.job.chain
    out.say(f"{chain.formula()}, {chain.parameters.flat.size:,} parameters")
    try:
        outcome = train_network(training)
    except KeyboardInterrupt:
        out.say("interrupted, no model is saved", *kept.interrupted())
        raise typer.Exit(EXIT_CODE) from None
    if speaks():
        kept.save(outcome.estimator, path)
    out.say(f"{outcome.history.describe()}, {outcome.history.seconds:.1f} s")
    out.say(*outcome.history.remarks)
    if outcome.history.end == "interrupted":
        out.say(*kept.interrupted())
    unscored = [name for name in training.parts if name not in outcome.scores]
    if unscored:
        out.say(f"interrupted before there were scores of {' and '.join(unscored)}")
    if as_json:
        told = _told(source, training, outcome, notes)
        out.json({"model": str(path), **told, **outcome.estimator.metadata_})
    else:
        rows = {name: len(part) for name, part in training.parts.items()}
        out.table(scores_table(outcome.scores, rows, positive_class(training.purpose.classes)))
        out.say(f"model saved in {path}")
    if outcome.diverged is not None:
        raise outcome.diverged


def _told(
    source: Source, training: Training, outcome: Outcome, notes: list[str]
) -> dict[str, Any]:
    """Return what was learned to predict, and from which columns, for programs."""
    purpose = training.purpose
    told: dict[str, Any] = {"target": source.target_name, "task": purpose.task}
    told["classes"] = purpose.classes
    if columns := ModelSummary(outcome.estimator).columns:
        told["columns"] = columns
    told["notes"] = [*notes, *outcome.history.remarks]
    positive = positive_class(purpose.classes)
    return told if positive is None else {**told, "positive": positive}


@dataclass(frozen=True)
class ComparisonOptions(CommandLineOptions):
    """What a command line says of a comparison, where it differs from a training."""

    activation: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{', '.join(ACTIVATIONS)}; relu.")
    ] = None
    optimizer: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{', '.join(OPTIMIZERS)}; adam.")
    ] = None
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch", "-b", help="Samples in a step of the MLPs; 0: all. 32, but 64 for images."
        ),
    ] = None
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            "-e",
            help="Passes of the MLPs over the data. 100, but 10 to 60 for images, the fewer the "
            "more there are.",
        ),
    ] = None
    patience: Annotated[
        int | None,
        typer.Option(help="Epochs in which an MLP's training loss may stand still; 0: any."),
    ] = 10
    l2: Annotated[float | None, typer.Option(help="Penalty on squared weights, as in train.")] = (
        None
    )


COMPARED = """
    data target drop categorical numeric id group delimiter decimal missing encoding header
    layers activation optimizer learning_rate batch epochs patience l2 seed task double
    size skip_damaged threads text ngrams chars lowercase min_count dimensions
    """
"""The options that both libraries know."""


@with_options(ComparisonOptions, COMPARED.split())
def compare(
    options: ComparisonOptions,
    folds: Annotated[
        int, typer.Option(help="Parts of the data, each of which is held out once.")
    ] = 5,
    repeats: Annotated[
        int, typer.Option(help="How many times the data are cut into folds, each in another way.")
    ] = 1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare with scikit-learn's estimators on DATA: scores and fit times, side by side.

    All get the same folds and fit by turns, both libraries' MLPs with the same hyperparameters,
    those that the options say; a table is also put to chainrule's ensemble, to ridge or logistic
    regression and to HistGradientBoosting, each with its defaults. Texts are put to
    LinearSVC and logistic regression on TF-IDF. Ctrl-C shows what is known so far.
    """
    out = Output(as_json=as_json, quiet=quiet)
    source = _read(options)
    with _fits_begun(out, folds * repeats) as begin:
        comparison = comparing.compare(source, options, folds, repeats, begin)
    if as_json:
        out.json(comparison_json(comparison))
        return
    whole = len(comparison.whole_folds)
    if not whole:
        out.say("interrupted before all had fitted a fold")
        raise typer.Exit(EXIT_CODE)
    out.say(*comparison.notes)
    out.table(comparison_table(comparison))
    if comparison.interrupted:
        out.say(f"interrupted after {whole} of {folds * repeats} folds")
    if (won := verdict(comparison)) is not None:
        out.say(won.sentence)
    out.say(speed_sentence(comparison))
    out.say(settings_sentence(comparison.parameters))
    out.say(f"scikit-learn's fit uses the threads of NumPy's {comparison.versions['NumPy']} BLAS")


@contextmanager
def _fits_begun(out: Output, folds: int) -> Iterator[comparing.FitCallback]:
    """Show how far a comparison is; what is yielded is called as each fit begins."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=out.messages,
        transient=True,
        disable=not out.messages.is_terminal,
    )
    with bar:
        running, begun = bar.add_task("", total=None), count()

        def begin(fold: int, model: str, models: int) -> None:
            words = f"fold {fold} of {folds}: {model}"
            bar.update(running, total=models * folds, completed=next(begun), description=words)

        yield begin


def _read(options: CommandLineOptions, *, images: bool = False) -> Source:
    """Read the data, and a table to score if there is one.

    Raises
    ------
    ValueError
        A target is named that they do not have, or a table is to score what learns from images.
    """
    target, layout = options.target, layout_of(options)
    if target is None and options.text is None and are_labelled_lines(options.data):
        return _read_lines(options)
    check_is_text(options, options.data, *[options.test] * (options.test_share is None))
    with labels_explained(options.data if target is None else ""):
        source = read_data(
            options.data,
            target,
            layout,
            images=images,
            size=image_sides(options.size),
            skip_damaged=options.skip_damaged,
        )
    if target and target != source.target_name:
        raise ValueError(f"--target: {options.data} is no table, so it has no column {target!r}")
    if options.test_share is not None:
        return source
    if not isinstance(source.data, Table):
        raise ValueError(f"--test: expected a share, for images, got {options.test!r}")
    if not source.target_name:
        return source  # whoever looks for the target says how to name it
    try:
        test = read_data(options.test, source.target_name, layout)
    except DataError as error:
        raise DataError(f"--test: {error}") from None
    notes = [*source.notes, *(f"--test: {note}" for note in test.notes)]
    if Path(options.test).resolve() == Path(options.data).resolve():
        notes.append(
            "--test: these are the rows to learn from, so scores do not tell of rows that are new"
        )
    return replace(source, test=test, notes=tuple(notes))


def _read_lines(options: CommandLineOptions) -> Source:
    """Read lines with labels, and others to score if a file of them is named."""
    encoding = options.encoding or "utf-8"
    source = read_lines(options.data, encoding, labelled=True)
    if options.test_share is not None:
        return source
    try:
        several = source.labels == "several"
        test = read_lines(options.test, encoding, labelled=True, several=several)
    except DataError as error:
        raise DataError(f"--test: {error}") from None
    notes = (*source.notes, *(f"--test: {note}" for note in test.notes))
    return replace(source, test=test, notes=notes)
