"""Commands that use a saved model: ``predict``, ``evaluate``, ``check``, ``show`` and ``plot``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli import output_files
from chainrule.cli.arguments import (
    EvaluatedArgument,
    ForceOption,
    JsonOption,
    ModelArgument,
    PredictedArgument,
    SkipDamagedOption,
    TargetOption,
)
from chainrule.cli.checks import check_at_random, check_on_data
from chainrule.cli.descents import DescentOptions
from chainrule.cli.evaluation import Predictions, evaluate_source, scores_json
from chainrule.cli.model_data import loaded, source_for, target_name
from chainrule.cli.output import (
    Output,
    columns_table,
    json_text,
    layers_table,
    report_json,
    report_table,
    scores_table,
)
from chainrule.cli.plotting import ALL_PARTS, check_part, draw_source
from chainrule.cli.predictions import Shown, predictions_json
from chainrule.cli.spelling import with_options
from chainrule.cli.summary import ModelSummary
from chainrule.cli.table_blocks import Notes, blocks_for, evaluate_blocks, predict_blocks
from chainrule.cli.table_options import ReadingOptions
from chainrule.data import Source
from chainrule.pictures.network_picture import draw_network
from chainrule.pictures.sample_picture import SAMPLE_PARTS

PICTURES = ("png", "svg", "pdf")


@with_options(ReadingOptions)
def predict(
    options: ReadingOptions,
    model: ModelArgument,
    data: PredictedArgument,
    target: TargetOption = None,
    probabilities: Annotated[bool, typer.Option(help="A column for each class, too.")] = False,
    top: Annotated[
        int | None,
        typer.Option(help="Write so many classes, the most probable first, with probabilities."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file to write: CSV, or JSON with --json."),
    ] = None,
    id: Annotated[  # noqa: A002 — it is the option's name
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Columns that name the rows, written beside; by default those of training.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Columns of DATA to write beside: a,b."),
    ] = None,
    with_input: Annotated[
        bool, typer.Option("--with-input", help="Write all columns of DATA beside.")
    ] = False,
    force: ForceOption = False,
    skip_damaged: SkipDamagedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Predict the target of each row or image of DATA, as CSV."""
    out = Output(as_json=as_json)
    if output is not None:
        output_files.check_predictions_path(output, model, *data, force=force)
    if top is not None and top < 1:
        raise ValueError(f"--top: expected a number >= 1, got {top}")
    estimator = loaded(model, "predict")
    if top is not None and estimator.targets_.kind != "classes":
        raise ValueError("--top: expected a model that predicts classes, got one of numbers")
    name = target_name(estimator, data[0], target)
    shown = Shown(
        target=name,
        ids=id,
        keep=keep,
        every=with_input,
        probabilities=probabilities,
        top=top or 0,
    )
    blocks = blocks_for(estimator, data, options, as_json=as_json)
    if blocks is not None:
        if as_json:
            raise ValueError(
                f"--json: expected CSV for {data[0]}, whose predictions are written as they come"
            )
        notes = Notes()
        texts = predict_blocks(estimator, blocks, shown, notes)
        _write(out, output, texts, len(blocks))
        out.say(*notes.told())
        return
    source = source_for(
        estimator, data, None, optional=True, skip_damaged=skip_damaged, reading=options
    )
    predictions, beside, unnamed = shown.predicted(estimator, source)
    told = [*_prediction_notes(source, predictions), *unnamed]
    out.say(*told)
    if as_json:
        found = predictions_json(estimator, source, predictions, name, beside, top=top or 0)
        text = json_text({**found, "notes": told})
    else:
        text = shown.csv(estimator, source, predictions, beside)
    _write(out, output, [text], len(source))


def _write(out: Output, path: Path | None, texts: Iterable[str], rows: int) -> None:
    """Write predictions as they come, into a file or as results."""
    if path is None:
        for text in texts:
            out.text(text)
    else:
        output_files.write_texts(path, texts)
        out.say(f"{rows:,} predictions written to {path}")


def _prediction_notes(source: Source, predictions: Predictions) -> list[str]:
    """Return what a user should know of predictions."""
    notes = [*source.notes, *predictions.notes]
    if source.test is not None or source.validation is not None:
        notes.append(f"these are the {len(source):,} training images; for others, name their file")
    return notes


@with_options(ReadingOptions)
def evaluate(
    options: ReadingOptions,
    model: ModelArgument,
    data: EvaluatedArgument,
    target: TargetOption = None,
    skip_damaged: SkipDamagedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare predictions with the true targets in DATA."""
    out = Output(as_json=as_json)
    estimator = loaded(model, "evaluate")
    name = target_name(estimator, data, target)
    blocks = blocks_for(estimator, [data], options)
    if blocks is not None:
        scores, rows, notes = evaluate_blocks(estimator, blocks, name)
    else:
        source = source_for(
            estimator, data, name, optional=False, skip_damaged=skip_damaged, reading=options
        )
        scores, rows, notes = evaluate_source(estimator, source, name)
    out.say(*notes)
    positive = ModelSummary(estimator).positive
    if as_json:
        told = {"rows": rows, "scores": scores_json(scores), "notes": notes}
        out.json(told if positive is None else {**told, "positive": positive})
    else:
        out.table(scores_table(scores, rows, positive))


@with_options(ReadingOptions)
def check(
    options: ReadingOptions,
    model: ModelArgument,
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="By default, random numbers.")
    ] = None,
    target: TargetOption = None,
    samples: Annotated[int, typer.Option(help="Rows of DATA that the loss is the mean of.")] = 8,
    entries: Annotated[int, typer.Option(help="Entries of each array to check; 0: all.")] = 50,
    seed: Annotated[int, typer.Option(help="Of the choice of entries.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare the gradients of a model with finite differences."""
    out = Output(as_json=as_json)
    estimator = loaded(model, "check")
    counts = {"samples": samples, "entries": entries, "seed": seed}
    if data is None:
        report = check_at_random(estimator, **counts)
    else:
        name = target_name(estimator, data, target)
        source = source_for(estimator, data, name, optional=True, reading=options)
        report = check_on_data(estimator, source, name, **counts)
    if as_json:
        out.json(report_json(report))
    else:
        out.table(report_table(report))
        verdict = "all gradients are right" if report.passed else "some gradients are WRONG"
        out.say(f"{verdict} (relative error up to {report.tolerance:g} allowed)")
    if not report.passed:
        raise typer.Exit(1)


def show(
    model: ModelArgument,
    latex: Annotated[bool, typer.Option(help="Formulas as LaTeX.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a model's layers, and the formulas of its functions, its loss, and what is trained."""
    out = Output(as_json=as_json)
    estimator = loaded(model, "show")
    chain, loss = estimator.chain_, estimator._objective(estimator.targets_).loss
    sheet, summary = chain.formulas(loss), ModelSummary(estimator)
    if as_json:
        out.json(summary.to_json(sheet.rules))
        return
    out.lines([chain.formula(), ""])
    out.table(layers_table(chain))
    out.lines(["", *sheet.lines(latex=latex), ""])
    if summary.columns:
        out.table(columns_table(summary.columns))
        out.lines([""])
    out.lines(summary.lines)


@with_options(ReadingOptions)
def plot(
    options: ReadingOptions,
    model: ModelArgument,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help=f"Samples, for --part {', '.join(SAMPLE_PARTS)}: as of evaluate."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=f"The picture: {', '.join(PICTURES)}; by default a PNG file named as the model.",
        ),
    ] = None,
    part: Annotated[
        str, typer.Option(metavar="NAME", help=f"What to draw: {', '.join(ALL_PARTS)}.")
    ] = "all",
    target: TargetOption = None,
    parameters: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Two of which the loss is drawn: W0[0,0],b0[1]."),
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Where descent starts: 0,0.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Of descent, 20 by default.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of descent; by default one that leads down.")
    ] = None,
    surface: Annotated[
        bool, typer.Option("--surface", help="Descent in three dimensions, not on a map.")
    ] = False,
    skip_damaged: SkipDamagedOption = False,
    force: ForceOption = False,
) -> None:
    """Draw a model: its learning curve and first weights, or what it makes of DATA."""
    out = Output()
    usual = Path(f"{model.stem or 'model'}.png")
    path = output or (usual if force else output_files.free_path(usual))
    kind = path.suffix.lower().removeprefix(".")
    if kind not in PICTURES:
        names = ", ".join(f".{known}" for known in PICTURES)
        raise ValueError(f"--output: expected a name that ends in {names}, got {str(path)!r}")
    output_files.check_text_path(path, model, force=force)
    check_part(part, data)
    descent = DescentOptions(parameters, start, steps, learning_rate, surface)
    descent.check(part)
    if data is None:
        picture, notes = draw_network(loaded(model, "plot"), part, kind)
    else:
        estimator = loaded(model, "plot")
        name = target_name(estimator, data, target)
        source = source_for(
            estimator, data, name, optional=part == "saliency", skip_damaged=skip_damaged,
            reading=options,
        )  # fmt: skip
        picture, notes = draw_source(estimator, part, source, name, kind, descent)
    out.say(*notes)
    output_files.write_bytes(path, picture)
    if output is None and path != usual:
        out.say(f"{usual} is there already (--force overwrites it)")
    out.say(f"picture saved in {path}")
