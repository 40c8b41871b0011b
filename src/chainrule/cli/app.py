"""Arguments of the command line, and nothing else: the work is done in :mod:`chainrule.jobs`."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.progress import track

from chainrule import __version__
from chainrule.cli.output import (
    Output,
    formula_lines,
    layers_table,
    report_json,
    report_table,
    scores_table,
    shared_rules,
    speak_unicode,
)
from chainrule.cli.predictions import predictions_csv, predictions_json
from chainrule.formulas import Formulas
from chainrule.functions import ACTIVATIONS
from chainrule.jobs import options as choices, outputs, prepare, read_source, train_model
from chainrule.jobs.checking import check_model
from chainrule.jobs.network import REGRESSION_LOSSES
from chainrule.jobs.scoring import evaluate_source
from chainrule.jobs.sources import Source
from chainrule.models import Model
from chainrule.training import ProgressBar, TrainingDivergedError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Neural networks on CPUs, with backpropagation you can read.",
    epilog="A first try: chainrule train digits",
)


DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A built-in set (digits, iris, wine, breast_cancer, diabetes), a CSV file with a "
        "header, a folder of images with one folder a class, or a folder with MNIST's files.",
    ),
]
ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model file that chainrule train has saved.")
]
TargetOption = Annotated[
    str | None, typer.Option("--target", "-t", help="The column of the table to be predicted.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Neural networks on CPUs, with backpropagation you can read."""


@app.command()
def train(
    data: DataArgument,
    target: TargetOption = None,
    layers: Annotated[
        str | None, typer.Option(help="Sizes of the hidden layers: 256,128; 0 for none.")
    ] = None,
    activation: Annotated[
        str, typer.Option(metavar="NAME", help=f"After hidden layers: {', '.join(ACTIVATIONS)}.")
    ] = "relu",
    dropout: Annotated[float, typer.Option(help="Share of hidden units dropped.")] = 0.0,
    bias: Annotated[
        bool | None, typer.Option("--bias/--no-bias", help="Biases; digits has none by default.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Of regression: {', '.join(REGRESSION_LOSSES)}; by default the first. "
            "Classes have cross-entropy.",
        ),
    ] = None,
    optimizer: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(choices.OPTIMIZER_NAMES)}; gd takes the whole set in each step.",
        ),
    ] = "adam",
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "-l", help="By default the optimizer's own.")
    ] = None,
    schedule: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Of the learning rate: {', '.join(choices.SCHEDULE_NAMES)}.",
        ),
    ] = "constant",
    warm_up: Annotated[float, typer.Option(help="Epochs in which the rate rises from 0.")] = 0.0,
    batch: Annotated[int, typer.Option("--batch", "-b", help="Samples in a step; 0: all.")] = 32,
    epochs: Annotated[int, typer.Option("--epochs", "-e", help="Passes over the data.")] = 100,
    patience: Annotated[
        int, typer.Option(help="Epochs without improvement before stopping; 0: never stop.")
    ] = 20,
    l2: Annotated[
        float | None, typer.Option(help="Penalty on squared weights; 0, but 0.003 for digits.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of everything random.")] = 0,
    validation: Annotated[float, typer.Option(help="Share held out to stop early.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share held out for the scores at the end.")] = 0.2,
    task: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"{', '.join(choices.TASKS)}; by default found from the target."
        ),
    ] = None,
    double: Annotated[bool, typer.Option(help="Compute in float64.")] = False,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who computes: machine code, the reference in NumPy, or auto: what can.",
        ),
    ] = "auto",
    threads: Annotated[
        int, typer.Option(help="Of machine code; 0: as many as pay. No digit depends on it.")
    ] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the model goes.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a network on DATA, show its scores, and save it."""
    out = Output(as_json=as_json, quiet=quiet)
    options = choices.training_options(
        data=data,
        layers=layers,
        activation=activation,
        dropout=dropout,
        bias=bias,
        loss=loss,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        warm_up=warm_up,
        batch=batch,
        epochs=epochs,
        patience=patience,
        l2=l2,
        seed=seed,
        validation=validation,
        test=test,
        task=task,
        double=double,
        engine=engine,
        threads=threads,
    )
    path = output or outputs.default_model_path(data)
    outputs.check_model_path(path, data)
    source = read_source(data, target)
    if target and target != source.target_name:
        raise ValueError(f"--target: {data} is no table, so it has no column {target!r}")
    prepared = prepare(source, options)
    out.say(*prepared.notes)
    chain = prepared.model.chain
    out.say(f"{chain.formula()}, {chain.parameters.flat.size:,} parameters")
    bar = None if as_json or quiet else ProgressBar(out.messages)
    try:
        outcome = train_model(prepared, options, bar)
    except KeyboardInterrupt:
        out.say("interrupted, no model is saved")
        raise typer.Exit(130) from None
    learnt = outcome.model.target
    outcome.model.save(path)
    out.say(f"{outcome.history.describe()}, {outcome.history.seconds:.1f} s")
    if as_json:
        told = {"model": str(path), "target": learnt.name, "task": learnt.task}
        out.json({**told, "classes": learnt.classes, **outcome.model.facts})
    else:
        rows = {name: len(part) for name, part in prepared.parts.items()}
        out.table(scores_table(outcome.scores, rows))
        out.say(f"model saved in {path}")
    if outcome.diverged is not None:
        raise outcome.diverged


@app.command()
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
    trained = Model.load(model)
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


@app.command()
def evaluate(
    model: ModelArgument,
    data: DataArgument,
    target: TargetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare predictions with the true targets in DATA."""
    out = Output(as_json=as_json)
    trained = Model.load(model)
    name = target or trained.target.name
    source = _source_for(trained, data, name, optional=False)
    scores, rows, notes = evaluate_source(trained, source)
    out.say(*notes)
    if as_json:
        out.json({"rows": rows, "scores": scores})
    else:
        out.table(scores_table(scores, rows))


@app.command()
def check(
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
    trained = Model.load(model)
    name = target or trained.target.name
    source = None if data is None else _source_for(trained, data, name, optional=True)
    report = check_model(trained, source, samples=samples, entries=entries, seed=seed)
    if as_json:
        out.json(report_json(report))
    else:
        out.table(report_table(report))
        verdict = "all gradients are right" if report.passed else "some gradients are WRONG"
        out.say(f"{verdict} (relative error up to {report.tolerance:g} allowed)")
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def show(
    model: ModelArgument,
    latex: Annotated[bool, typer.Option(help="Formulas as LaTeX.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the layers of a model, and each function's definition, derivative and backprop."""
    out = Output(as_json=as_json)
    trained = Model.load(model)
    rules: dict[str, Formulas] = {str(f): f.formulas() for f in trained.chain.functions}
    rules[str(trained.loss)] = trained.loss.formulas()
    if as_json:
        out.json(choices.model_json(trained, rules))
        return
    out.lines([trained.chain.formula(), ""])
    out.table(layers_table(trained.chain))
    out.lines([""])
    for title, formulas in shared_rules(rules):
        out.lines(formula_lines(title, formulas, latex=latex))
    out.lines(choices.facts_lines(trained))


@app.command()
def warmup(as_json: JsonOption = False) -> None:
    """Compile all machine code ahead of the first training."""
    out = Output(as_json=as_json)
    calls, place = choices.compilations()
    begin = perf_counter()
    silent = as_json or not out.messages.is_terminal
    shown = track(calls, "compiling", console=out.messages, transient=True, disable=silent)
    for compile_one in shown:
        compile_one()
    seconds = perf_counter() - begin
    if as_json:
        out.json({"kernels": len(calls), "seconds": seconds, "folder": place and str(place)})
    else:
        kept = f"kept in {place}" if place else "kept nowhere: CHAINRULE_CACHE is empty"
        out.say(f"{len(calls)} kernels in {seconds:.1f} s, {kept}")


def _source_for(trained: Model, data: str, target: str | None, *, optional: bool) -> Source:
    """Read data for a trained model: its target's column, its images' shape."""
    shape = getattr(trained.inputs, "shape", None)
    return read_source(data, target, like=shape, optional=optional)


def main() -> None:
    """Run the command line; every error is a sentence on standard error, and exit code 1.

    Misuse has exit code 2, and Ctrl-C 130 where nothing could be kept.
    """
    speak_unicode()
    try:
        app()
    except TrainingDivergedError as error:
        Output().complain(f"{error}" if error.history.epochs else f"{error} No model is saved.")
        sys.exit(1)
    except (ValueError, OSError, MemoryError) as error:
        Output().complain(str(error) or "there is not enough memory")
        sys.exit(1)
