"""From data to a trained model: split, encode, train, score."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import (
    DataError,
    ImageScaling,
    NumericColumn,
    Table,
    TableEncoder,
    Target,
    Task,
    split,
)
from chainrule.data.cells import has_decimal_comma, number, shortened
from chainrule.data.columns import MISSING_VALUE, OTHER_VALUE
from chainrule.jobs.curve import curve_facts
from chainrule.jobs.network import NetworkOptions, build_chain
from chainrule.jobs.sources import Source
from chainrule.models import Model
from chainrule.training import (
    History,
    Plan,
    Reporter,
    TrainingDivergedError,
    accuracy,
    r_squared,
    train,
)
from chainrule.training.steppers import Engine


@dataclass(frozen=True)
class TrainingOptions:
    """How to make a model of data.

    Parameters
    ----------
    network, plan : what to train, and how
    validation, test : shares of the data that are held out; a set with a test set of its own
        keeps that
    task : "regression", "binary" or "multiclass"; None finds it from the target
    dtype : "float32" or "float64"
    engine, threads : who computes, as :func:`chainrule.train` takes them
    notes : what there is to say of these choices
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    plan: Plan = field(default_factory=Plan)
    validation: float = 0.1
    test: float = 0.2
    task: Task | None = None
    dtype: str = "float32"
    engine: Engine = "auto"
    threads: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """Data split, encoded and ready: parts by name, and the model that is to be trained."""

    parts: dict[str, Source]
    model: Model
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """A trained model, what happened, and its scores by part and by name.

    ``diverged`` is the error that ended training early, if one did.
    """

    model: Model
    history: History
    scores: dict[str, dict[str, float]]
    diverged: TrainingDivergedError | None = None


def prepare(source: Source, options: TrainingOptions) -> Prepared:
    """Split the data, learn the encoding on the training part, and build the network."""
    target = check_target(source, options.task)
    parts = _split(source, target, options)
    training = parts["training"]
    assert training.cells is not None
    if target.task == "regression":
        fitted = Target.fit(target.name, training.cells, "regression", lines=training.lines)
        target = replace(fitted, reason=target.reason)
    if options.network.loss == "poisson" and target.task == "regression":
        target = _unshifted(target, source)
    data = training.data
    inputs: TableEncoder | ImageScaling
    if isinstance(data, Table):
        inputs = TableEncoder.fit(data)
        shape: tuple[int, ...] = (len(inputs.feature_names),)
        dropped = [*_left_out(inputs), *_taken_for_categories(inputs)]
    else:
        inputs, shape, dropped = ImageScaling.fit(data), data.shape[1:], []
    chain, loss = build_chain(
        options.network, task=target.task, classes=len(target.classes), input_shape=shape
    )
    chain.initialize(shape, seed=options.plan.seed, dtype=options.dtype)
    model = Model(chain, loss, inputs, target, facts={})
    notes = (*source.notes, target.describe(), *dropped, *options.notes)
    return Prepared(parts, model, notes)


def check_target(source: Source, task: Task | None) -> Target:
    """Return what the cells of the target mean.

    Raises
    ------
    DataError
        There is no target, or it cannot be learned.
    """
    if source.cells is None:
        if isinstance(source.data, Table):
            raise DataError(
                f"{source.name}: which column is to be predicted? Say --target NAME; there are "
                f"{shortened(source.data.names, most=50)}"
            )
        raise DataError(f"{source.name}: expected a folder of images for each class")
    return Target.fit(source.target_name, source.cells, task, lines=source.lines)


def train_model(
    prepared: Prepared, options: TrainingOptions, reporter: Reporter | None = None
) -> Outcome:
    """Train the prepared model and score it on every part.

    A diverged training still has an outcome if an epoch went well before.

    Raises
    ------
    TrainingDivergedError
        Not even the first epoch went well.
    KeyboardInterrupt
        Ctrl-C came before the first epoch was over, so that there is nothing to keep.
    """
    model, target = prepared.model, prepared.model.target
    X, t = _numbers(model, prepared.parts["training"])
    held_out = prepared.parts.get("validation")
    validation = None if held_out is None else _numbers(model, held_out)
    score = r_squared if target.task == "regression" else accuracy
    diverged = None
    try:
        history = train(
            model.chain,
            model.loss,
            X,
            t,
            options.plan,
            validation=validation,
            score=score,
            reporter=reporter,
            engine=options.engine,
            threads=options.threads,
        )
    except TrainingDivergedError as error:
        if not error.history.epochs:
            raise
        history, diverged = error.history, error
    if not history.epochs:
        raise KeyboardInterrupt
    scores = {
        name: model.evaluate(part.data, part.cells or [], part.lines)
        for name, part in prepared.parts.items()
    }
    model.facts.update(_facts(prepared, options, history, scores))
    return Outcome(model, history, scores, diverged)


def _left_out(encoder: TableEncoder) -> list[str]:
    """Return in a sentence a reason which columns are left out."""
    reasons: dict[str, list[str]] = {}
    for name, reason in encoder.dropped:
        reasons.setdefault(reason, []).append(name)
    return [f"left out, {reason}: {', '.join(names)}" for reason, names in reasons.items()]


def _taken_for_categories(encoder: TableEncoder) -> list[str]:
    """Return in a sentence a column which columns may be numbers, but for a few words."""
    notes = []
    for column in encoder.columns:
        if isinstance(column, NumericColumn):
            continue
        values = [value for value in column.values if value not in (MISSING_VALUE, OTHER_VALUE)]
        words = [value for value in values if number(value) is None]
        commas = [word for word in words if has_decimal_comma(word)]
        if commas:
            reason = f"a decimal comma, as in {commas[0]!r}, makes a word of a number"
        elif 0 < len(words) < 0.5 * len(values):
            reason = f"most are numbers, but not {shortened(words, most=3)}"
        else:
            continue
        notes.append(f"column {column.name!r} is taken for categories: {reason}")
    return notes


def _split(source: Source, target: Target, options: TrainingOptions) -> dict[str, Source]:
    """Return the parts of the data; classes are shared out evenly."""
    test = 0.0 if source.test is not None else options.test
    if not (0 <= options.validation < 1 and 0 <= test < 1 and options.validation + test < 1):
        raise DataError(
            f"the shares held out for validation ({options.validation:g}) and test ({test:g}) "
            "must leave something to train on"
        )
    shares = {"training": 1 - options.validation - test, "validation": options.validation}
    shares = {name: share for name, share in {**shares, "test": test}.items() if share > 0}
    labels = None if target.task == "regression" else source.cells
    if len(source) < len(shares):
        raise DataError(
            f"{source.name}: expected a row or more for each of {', '.join(shares)}, "
            f"got {len(source)} in all"
        )
    rows = split(len(source), tuple(shares.values()), options.plan.seed, labels)
    parts: dict[str, Source] = {
        name: source.select(part) for name, part in zip(shares, rows, strict=True)
    }
    if source.test is not None:
        parts["test"] = source.test
    return parts


def _unshifted(target: Target, source: Source) -> Target:
    """Return a target of counts: divided by their mean, and never shifted below zero."""
    if any(float(cell) < 0 for cell in source.cells or []):
        raise DataError(f"the Poisson loss needs counts, but {target.name!r} has negative values")
    return replace(target, mean=0.0, scale=target.mean if target.mean > 0 else 1.0)


def _numbers(model: Model, part: Source) -> tuple[Any, NDArray[Any]]:
    X, _ = model.encode(part.data)
    return X, model.target.encode(part.cells or [], lines=part.lines)


def _facts(
    prepared: Prepared, options: TrainingOptions, history: History, scores: dict[Any, Any]
) -> dict[str, Any]:
    """Return what a model file should remember of its training."""
    plan, target = options.plan, prepared.model.target
    return {
        "data": prepared.parts["training"].name,
        "network": options.network.model,
        "rows": {name: len(part) for name, part in prepared.parts.items()},
        "optimizer": {"name": type(plan.optimizer).__name__, **asdict(plan.optimizer)},
        "schedule": type(plan.schedule).__name__,
        "batch_size": plan.batch_size,
        "l2": plan.l2,
        "clip_norm": plan.clip_norm,
        "seed": plan.seed,
        "engine": history.engine,
        "epochs": len(history.epochs),
        "end": history.describe(),
        "history": curve_facts(history, "R²" if target.task == "regression" else "accuracy"),
        "scores": {
            name: {key: float(np.float64(value)) for key, value in values.items()}
            for name, values in scores.items()
        },
    }
