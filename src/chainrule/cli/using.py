"""Commands that use a saved model: ``predict``, ``evaluate``, ``check``, ``show`` and ``plot``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.arguments import (
    DataArgument,
    FileArgument,
    JsonOption,
    ModelArgument,
    TargetOption,
)
from chainrule.cli.output import (
    Output,
    formula_lines,
    layers_table,
    report_json,
    report_table,
    scores_table,
    shared_rules,
)
from chainrule.cli.predictions import predictions_csv, predictions_json
from chainrule.formulas import Formulas
from chainrule.jobs import outputs, read_source
from chainrule.jobs.checking import check_at_random, check_on_data
from chainrule.jobs.pictures import KINDS, PARTS, draw_trained, picture_kind
from chainrule.jobs.scoring import evaluate_source
from chainrule.jobs.sources import Source
from chainrule.jobs.telling import trained_json
from chainrule.jobs.trained import read_model, read_trained
from chainrule.models import Model


def predict(
    model: ModelArgument,
    data: DataArgument,
    probabilities: Annotated[bool, typer.Option(help="A column for each class, too.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A CSV file to write.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Predict the target of each row of DATA, as CSV."""
    out = Output(as_json=as_json)
    if output is not None:
        outputs.check_text_path(output, model, data)
    trained = read_model(model, f"in Python: chainrule.load({str(model)!r}).predict(X)")
    source = _source_for(trained, data, None, optional=True)
    predictions = trained.predict(source.data)
    out.say(*source.notes, *predictions.notes)
    if source.test is not None:
        out.say(f"these are the {len(source):,} training images; for others, name their file")
    if as_json:
        out.json(predictions_json(trained, source, predictions))
        return
    text = predictions_csv(trained, source, predictions, probabilities)
    if output is None:
        sys.stdout.write(text)
    else:
        outputs.write_text(output, text)
        out.say(f"{len(source):,} predictions written to {output}")


def evaluate(
    model: ModelArgument,
    data: DataArgument,
    target: TargetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare predictions with the true targets in DATA."""
    out = Output(as_json=as_json)
    trained = read_model(model, f"in Python: chainrule.load({str(model)!r}).score(X, y)")
    name = target or trained.target.name
    source = _source_for(trained, data, name, optional=False)
    scores, rows, notes = evaluate_source(trained, source)
    out.say(*notes)
    if as_json:
        out.json({"rows": rows, "scores": scores})
    else:
        out.table(scores_table(scores, rows))


def check(
    model: FileArgument,
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
    counts = {"samples": samples, "entries": entries, "seed": seed}
    if data is None:
        report = check_at_random(read_trained(model), **counts)
    else:
        trained = read_model(model, "without DATA it is checked at random numbers")
        source = _source_for(trained, data, target or trained.target.name, optional=True)
        report = check_on_data(trained, source, **counts)
    if as_json:
        out.json(report_json(report))
    else:
        out.table(report_table(report))
        verdict = "all gradients are right" if report.passed else "some gradients are WRONG"
        out.say(f"{verdict} (relative error up to {report.tolerance:g} allowed)")
    if not report.passed:
        raise typer.Exit(1)


def show(
    model: FileArgument,
    latex: Annotated[bool, typer.Option(help="Formulas as LaTeX.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the layers of a model, and each function's definition, derivative and backprop."""
    out = Output(as_json=as_json)
    trained = read_trained(model)
    rules: dict[str, Formulas] = {str(f): f.formulas() for f in trained.chain.functions}
    rules[str(trained.loss)] = trained.loss.formulas()
    if as_json:
        out.json(trained_json(trained, rules))
        return
    out.lines([trained.chain.formula(), ""])
    out.table(layers_table(trained.chain))
    out.lines([""])
    for title, formulas in shared_rules(rules):
        out.lines(formula_lines(title, formulas, latex=latex))
    out.lines(trained.lines)


def plot(
    model: FileArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=f"The picture: {', '.join(KINDS)}; by default a PNG file named as the model.",
        ),
    ] = None,
    part: Annotated[
        str, typer.Option(metavar="NAME", help=f"What to draw: {', '.join(PARTS)}.")
    ] = "all",
) -> None:
    """Draw the learning curve of a model and the weights of its first layer."""
    out = Output()
    path = output or Path(f"{model.stem or 'model'}.png")
    kind = picture_kind(path)
    outputs.check_text_path(path, model)
    picture, notes = draw_trained(read_trained(model), part, kind)
    out.say(*notes)
    outputs.write_bytes(path, picture)
    out.say(f"picture saved in {path}")


def _source_for(trained: Model, data: str, target: str | None, *, optional: bool) -> Source:
    """Read data for a trained model: its target's column, its images' shape."""
    shape = getattr(trained.inputs, "shape", None)
    return read_source(data, target, like=shape, optional=optional)
