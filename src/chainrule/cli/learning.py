"""Commands that learn from data: ``train`` and ``compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chainrule.cli.arguments import (
    ActivationOption,
    BatchOption,
    DataArgument,
    DoubleOption,
    EpochsOption,
    JsonOption,
    LayersOption,
    RateOption,
    SeedOption,
    TargetOption,
    TaskOption,
    ThreadsOption,
)
from chainrule.cli.comparisons import comparison_json, comparison_table, settings_sentence
from chainrule.cli.output import Output, scores_table
from chainrule.jobs import outputs, prepare, read_source, train_model
from chainrule.jobs.comparing import ACTIVATIONS, OPTIMIZERS, compare as compare_libraries
from chainrule.jobs.network import MODELS, REGRESSION_LOSSES
from chainrule.jobs.options import (
    AUGMENTATION_NAMES,
    OPTIMIZER_NAMES,
    SCHEDULE_NAMES,
    Words,
    training_options,
)


def train(
    data: DataArgument,
    target: TargetOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(MODELS)}: multilayer or, for images, convolutional; by default cnn "
            "for images but the built-in digits.",
        ),
    ] = None,
    layers: LayersOption = None,
    activation: ActivationOption = "relu",
    dropout: Annotated[
        float | None,
        typer.Option(help="Share of hidden units dropped; 0, but some for images."),
    ] = None,
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
            help=f"{', '.join(OPTIMIZER_NAMES)}; gd and lbfgs take the whole set in each step.",
        ),
    ] = "adam",
    learning_rate: RateOption = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Of the learning rate: {', '.join(SCHEDULE_NAMES)}; by default constant, "
            "but cosine for images.",
        ),
    ] = None,
    warm_up: Annotated[
        float | None,
        typer.Option(help="Epochs in which the rate rises from 0; 0, but 0.5 for images."),
    ] = None,
    batch: BatchOption = None,
    epochs: EpochsOption = None,
    patience: Annotated[
        int, typer.Option(help="More epochs in a row without improvement stop; 0: nothing does.")
    ] = 20,
    l2: Annotated[
        float | None, typer.Option(help="Penalty on squared weights; 0, but 0.003 for digits.")
    ] = None,
    clip_norm: Annotated[
        float | None,
        typer.Option(help="The largest length of a step's gradient; by default any."),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            metavar="CHANGES",
            help="Random changes of training images: shift=2,flip; of "
            f"{', '.join(AUGMENTATION_NAMES)}.",
        ),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHTS", help="balanced gives all classes the same share; or yes=3,no=1."
        ),
    ] = None,
    label_smoothing: Annotated[
        float, typer.Option(help="Share of certainty that labels lose to all classes alike.")
    ] = 0.0,
    seed: SeedOption = 0,
    validation: Annotated[float, typer.Option(help="Share held out to stop early.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share held out for the scores at the end.")] = 0.2,
    task: TaskOption = None,
    double: DoubleOption = False,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who computes: machine code, the reference in NumPy, or auto: what can.",
        ),
    ] = "auto",
    threads: ThreadsOption = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the model goes.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a network on DATA, show its scores, and save it."""
    out = Output(as_json=as_json, quiet=quiet)
    words = Words(
        data=data,
        model=model,
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
        clip_norm=clip_norm,
        augment=augment,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
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
    source = read_source(data, target, images=model is not None and model != "mlp")
    if target and target != source.target_name:
        raise ValueError(f"--target: {data} is no table, so it has no column {target!r}")
    options = training_options(words, source)
    prepared = prepare(source, options)
    out.say(*prepared.notes)
    chain = prepared.model.chain
    out.say(f"{chain.formula()}, {chain.parameters.flat.size:,} parameters")
    try:
        outcome = train_model(prepared, options, bar=not (as_json or quiet))
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


def compare(
    data: DataArgument,
    target: TargetOption = None,
    folds: Annotated[
        int, typer.Option(help="Parts of the data, each of which is held out once.")
    ] = 5,
    repeats: Annotated[
        int, typer.Option(help="How many times the data are cut into folds, each in another way.")
    ] = 1,
    layers: LayersOption = None,
    activation: Annotated[
        str, typer.Option(metavar="NAME", help=f"{', '.join(ACTIVATIONS)}.")
    ] = "relu",
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help=f"{', '.join(OPTIMIZERS)}.")
    ] = "adam",
    learning_rate: RateOption = None,
    batch: BatchOption = None,
    epochs: EpochsOption = None,
    patience: Annotated[
        int, typer.Option(help="Epochs in which the training loss may stand still; 0: any.")
    ] = 10,
    l2: Annotated[float | None, typer.Option(help="Penalty on squared weights, as in train.")] = (
        None
    ),
    seed: SeedOption = 0,
    task: TaskOption = None,
    double: DoubleOption = False,
    threads: ThreadsOption = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare with scikit-learn's network on DATA: scores and fit times, side by side.

    Both get the same folds, encoded columns and hyperparameters, and fit by turns. Ctrl-C shows
    what is known so far.
    """
    out = Output(as_json=as_json, quiet=quiet)
    words = Words(
        data=data,
        layers=layers,
        activation=activation,
        optimizer=optimizer,
        learning_rate=learning_rate,
        batch=batch,
        epochs=epochs,
        patience=patience,
        l2=l2,
        seed=seed,
        task=task,
        double=double,
        threads=threads,
    )
    source = read_source(data, target)
    if target and target != source.target_name:
        raise ValueError(f"--target: {data} is no table, so it has no column {target!r}")
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=out.messages,
        transient=True,
        disable=not out.messages.is_terminal,
    )
    with bar:
        running = bar.add_task("", total=2 * folds * repeats, completed=-1)
        comparison = compare_libraries(
            source,
            words,
            folds,
            repeats,
            lambda fold, library: bar.update(
                running, advance=1, description=f"fold {fold} of {folds * repeats}: {library}"
            ),
        )
    if as_json:
        out.json(comparison_json(comparison))
        return
    whole = len(comparison.whole_folds)
    if not whole:
        out.say("interrupted before both had fitted a fold")
        raise typer.Exit(130)
    out.say(*comparison.notes)
    out.table(comparison_table(comparison))
    if comparison.interrupted:
        out.say(f"interrupted after {whole} of {folds * repeats} folds")
    out.say(settings_sentence(comparison.parameters))
    out.say(f"scikit-learn's fit uses the threads of NumPy's {comparison.versions['NumPy']} BLAS")
