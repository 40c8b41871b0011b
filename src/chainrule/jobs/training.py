"""From data to a trained model: split, encode, train, score."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.chain import Chain
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
from chainrule.layout import ChainLayout
from chainrule.models import Model
from chainrule.training import History, Optimizer, TrainingDivergedError


@dataclass(frozen=True)
class TrainingOptions:
    """How to make a model of data.

    Parameters
    ----------
    network : what to train
    training : how, as parameters of :class:`chainrule.Classifier` and Regressor
    batch_size : samples in a step; None takes the whole set
    l2 : the penalty λ: λ/2 times the sum of squared weights is added to the loss
    class_weight, label_smoothing : of classifiers; weights by labels, or "balanced"
    validation, test : shares of the data that are held out; a set with a test set of its own
        keeps that
    task : "regression", "binary" or "multiclass"; None finds it from the target
    notes : what there is to say of these choices
    """

    network: NetworkOptions = field(default_factory=NetworkOptions)
    training: dict[str, Any] = field(default_factory=dict)
    batch_size: int | None = 32
    l2: float = 0.0
    class_weight: dict[str, float] | str | None = None
    label_smoothing: float = 0.0
    validation: float = 0.1
    test: float = 0.2
    task: Task | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """Data split and ready: parts by name, and the model, whose parameters are 0 as yet."""

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
    if target.task == "regression" and (options.class_weight or options.label_smoothing):
        option = "--class-weight" if options.class_weight else "--label-smoothing"
        raise DataError(f"{option}: expected classes to predict; {target.describe()}")
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
    untrained = Chain.from_layout(ChainLayout.of(chain.functions, shape, np.float32))
    model = Model(untrained, loss, inputs, target)
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


def train_model(prepared: Prepared, options: TrainingOptions, *, bar: bool = False) -> Outcome:
    """Train the prepared network as an estimator, and score the model on every part.

    A diverged training still has an outcome if an epoch went well before.

    Raises
    ------
    TrainingDivergedError
        Not even the first epoch went well.
    KeyboardInterrupt
        Ctrl-C came before the first epoch was over, so that there is nothing to keep.
    """
    X, t = _numbers(prepared, prepared.parts["training"], options)
    held_out = prepared.parts.get("validation")
    validation: dict[str, Any] = {}
    if held_out is not None:
        validation["X_val"], validation["y_val"] = _numbers(prepared, held_out, options)
    estimator = _estimator(prepared, options, len(X))
    estimator.set_params(verbose="bar" if bar else False)
    if held_out is not None:  # a small part has many equal scores, but no equal losses
        estimator.set_params(early_stopping=True, scoring="loss", tol=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the outcome says how training ended
        try:
            estimator.fit(X, t, **validation)
        except ValueError as error:
            if not isinstance(error.__cause__, TrainingDivergedError):
                raise
    history: History = estimator.history_
    diverged = None
    if history.end == "diverged":
        diverged = TrainingDivergedError(history.trouble, history)
    if not history.epochs:
        raise diverged or KeyboardInterrupt
    model = replace(prepared.model, chain=estimator.chain_)
    scores = {
        name: model.evaluate(part.data, part.cells or [], part.lines)
        for name, part in prepared.parts.items()
    }
    model.facts.update(_facts(prepared, estimator, options, scores))
    return Outcome(model, history, scores, diverged)


def _estimator(prepared: Prepared, options: TrainingOptions, samples: int) -> Any:
    """Return the estimator that trains the prepared network on so many samples."""
    from chainrule.estimators import Classifier, Regressor

    model = prepared.model
    size = min(options.batch_size or samples, samples)
    if options.training["solver"] == "lbfgs":
        size = samples
    own: dict[str, Any] = {"loss": model.loss, "batch_size": size, "alpha": size * options.l2}
    if isinstance(model.inputs, ImageScaling):
        own["image_format"] = "nchw"
    if model.target.task == "regression":
        return Regressor(model.chain, **own, **options.training)
    if isinstance(options.class_weight, dict):
        own["class_weight"] = _by_number(options.class_weight, model.target)
    elif options.class_weight is not None:
        own["class_weight"] = options.class_weight
    own["label_smoothing"] = options.label_smoothing
    return Classifier(model.chain, **own, **options.training)


def _by_number(weights: dict[str, float], target: Target) -> dict[int, float]:
    """Return weights of classes by the classes' numbers."""
    unknown = sorted(set(weights) - set(target.classes))
    if unknown:
        raise DataError(
            f"--class-weight: expected labels of {shortened(target.classes, most=20)}, got "
            f"{shortened(unknown)}"
        )
    return {target.classes.index(label): weight for label, weight in weights.items()}


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
    rows = split(len(source), tuple(shares.values()), options.training["random_state"], labels)
    if labels is not None:
        rows = _all_learned(rows, target.encode(labels, lines=source.lines))
    parts: dict[str, Source] = {
        name: source.select(part) for name, part in zip(shares, rows, strict=True)
    }
    if source.test is not None:
        parts["test"] = source.test
    return parts


def _all_learned(parts: list[NDArray[np.intp]], codes: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Return the parts of the rows, the first with a row of each class: rare ones change places."""
    for code in np.setdiff1d(codes, codes[parts[0]]):
        learned = codes[parts[0]]
        rare = np.flatnonzero(codes == code)[0]
        common = parts[0][learned == np.bincount(learned).argmax()][0]
        other = {rare: common, common: rare}
        parts = [np.array([other.get(row, row) for row in part]) for part in parts]
    return parts


def _unshifted(target: Target, source: Source) -> Target:
    """Return a target of counts: divided by their mean, and never shifted below zero."""
    if any(float(cell) < 0 for cell in source.cells or []):
        raise DataError(f"the Poisson loss needs counts, but {target.name!r} has negative values")
    return replace(target, mean=0.0, scale=target.mean if target.mean > 0 else 1.0)


def _numbers(
    prepared: Prepared, part: Source, options: TrainingOptions
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return samples and targets of a part of the data, as an estimator takes them."""
    X, _ = prepared.model.encode(part.data)
    t = prepared.model.target.encode(part.cells or [], lines=part.lines)
    return X.astype(options.training.get("dtype") or np.float32, copy=False), t


def _facts(
    prepared: Prepared, estimator: Any, options: TrainingOptions, scores: dict[Any, Any]
) -> dict[str, Any]:
    """Return what a model file should remember of its training."""
    history, solver = estimator.history_, estimator.solver
    optimizer = {"name": "lbfgs"}
    if isinstance(solver, Optimizer):
        optimizer = {"name": type(solver).__name__, **asdict(solver)}
    regression = prepared.model.target.task == "regression"
    return {
        "data": prepared.parts["training"].name,
        "network": options.network.model,
        "rows": {name: len(part) for name, part in prepared.parts.items()},
        "optimizer": optimizer,
        "schedule": type(estimator.learning_rate).__name__,
        "batch_size": options.batch_size,
        "l2": options.l2,
        "clip_norm": estimator.clip_norm,
        "augmentation": [str(change) for change in estimator.augmentation or ()],
        "seed": estimator.random_state,
        "engine": history.engine,
        "epochs": len(history.epochs),
        "end": history.describe(),
        "history": curve_facts(history, "R²" if regression else "accuracy"),
        "scores": {
            name: {key: float(np.float64(value)) for key, value in values.items()}
            for name, values in scores.items()
        },
    }
