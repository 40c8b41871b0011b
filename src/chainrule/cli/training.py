"""From data to a trained estimator: split, prepare, train, score."""

from __future__ import annotations

import math
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule.cli.evaluation import Scores, evaluate, scores_json
from chainrule.cli.model_data import target_of
from chainrule.cli.networks import build_chain
from chainrule.cli.option_values import SCHEDULES, augmentations, class_weights, optimizer
from chainrule.cli.options import CommandLineOptions
from chainrule.data import DataError, Source, Table, split
from chainrule.data.cells import shortened
from chainrule.inputs import TableEncoder
from chainrule.targets import Classes, Numbers
from chainrule.targets.columns import (
    Purpose,
    TaskName,
    find_task,
    number_cells,
    typed_labels,
)
from chainrule.training import History, Optimizer, TrainingDivergedError, WarmUp
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.estimators.fitting import FitJob

Rows = np.ndarray[Any, np.dtype[np.intp]]

MOST_POINTS = 500
"""Of a longer training these are kept, evenly spread from the first epoch to the last."""

DIGITS = 6


@dataclass(frozen=True)
class Training:
    """An estimator whose fit is prepared: all that can be refused has been.

    Parameters
    ----------
    options : CommandLineOptions
        With all defaults.
    purpose : Purpose
        What the target is to be predicted for.
    parts : dict
        The data by "training", "validation" and "test"; of a set with a test set of its own, that.
    job : FitJob
        The fit, on the first part.
    notes : tuple of str
        What there is to say before.
    """

    options: CommandLineOptions
    purpose: Purpose
    parts: dict[str, Source]
    job: FitJob
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """A trained estimator, what happened, and its scores by part and by name.

    ``diverged`` is the error that ended training early, if one did.
    """

    estimator: Any
    history: History
    scores: Scores
    diverged: TrainingDivergedError | None = None


def purpose_of(source: Source, options: CommandLineOptions) -> Purpose:
    """Return what the target is to be predicted for; DataError if it cannot be."""
    task = "regression" if options.loss else options.task
    return find_task(target_of(source), cast("TaskName | None", task))


def class_numbers(purpose: Purpose, source: Source) -> Array:
    """Return the place of each answer among the classes; DataError names the line of others."""
    column = source.target
    classes = Classes(typed_labels(purpose.classes), pair=True, name=column.name)
    return classes.encode(classes.read(column))


def prepare_training(options: CommandLineOptions, source: Source, *, bar: bool) -> Training:
    """Split the data and prepare an estimator's fit; with a progress bar, if wanted."""
    from chainrule.estimators.preparation import prepare

    said, options = options, options.with_defaults(source)
    purpose = purpose_of(source, options)
    if purpose.task == "regression" and (options.class_weight or options.label_smoothing):
        option = "--class-weight" if options.class_weight else "--label-smoothing"
        raise DataError(f"{option}: expected classes to predict; {purpose.reason}")
    parts = _split(source, purpose, options)
    if options.loss == "poisson":  # the parts held out have counts, too
        Numbers.fit(
            number_cells(source.target), scaled=True, positive=True, name=source.target_name
        )
    training, held_out = parts["training"], parts.get("validation")
    estimator = _estimator(options, purpose, training)
    validation: tuple[Any, Any, Any] = (None, None, None)
    if held_out is not None:  # a small part has many equal scores, but no equal losses
        estimator.set_params(early_stopping=True, scoring="loss", tol=0.0)
        validation = held_out.data, held_out.target, None
    estimator.verbose = "bar" if bar else False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # notes tell of the training part
        job = prepare(estimator, training.data, training.target, None, validation)
    notes = [*source.notes, purpose.reason]
    if isinstance(job.inputs, TableEncoder):
        notes += job.inputs.notes()
    elif said.model is None:
        notes.append(
            "the data are images, so the network is convolutional (--model mlp: multilayer)"
        )
    return Training(options, purpose, parts, job, tuple(notes))


def train_network(training: Training) -> Outcome:
    """Train the estimator, and score it on every part of the data.

    A diverged training still has an outcome if an epoch went well before, and so has one at whose
    end Ctrl-C comes: then parts of the data have no scores.

    Raises
    ------
    TrainingDivergedError
        Not even the first epoch went well.
    KeyboardInterrupt
        Ctrl-C came before the first epoch was over, so that there is nothing to keep.
    """
    estimator = training.job.estimator
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the outcome says how training ended
        try:
            training.job.run()
        except ValueError as error:
            if not isinstance(error.__cause__, TrainingDivergedError):
                raise
    estimator.verbose = False
    history: History = estimator.history_
    diverged = None
    if history.end == "diverged":
        diverged = TrainingDivergedError(history.trouble, history)
    if not history.epochs:
        raise diverged or KeyboardInterrupt
    scores: Scores = {}
    with suppress(KeyboardInterrupt):
        for name, part in training.parts.items():
            scores[name] = evaluate(estimator, part.data, part.target)[0]
    estimator.metadata_ = _metadata(training, scores)
    return Outcome(estimator, history, scores, diverged)


def _estimator(options: CommandLineOptions, purpose: Purpose, training: Source) -> Any:
    """Return the estimator that the options describe, for these data."""
    from chainrule.estimators import Classifier, Regressor

    table = isinstance(training.data, Table)
    shape: Any = () if isinstance(training.data, Table) else training.data.shape[1:]
    chain, loss = build_chain(
        options, task=purpose.task, classes=len(purpose.classes), input_shape=shape
    )
    schedule = SCHEDULES[options.schedule or "constant"]
    size = min(_batch_size(options) or len(training), len(training))
    parameters = {
        "inputs": "table" if table else "images",
        "image_format": None if table else "nchw",
        "loss": loss,
        "solver": optimizer(options.optimizer, options.learning_rate),
        "learning_rate": WarmUp(options.warm_up, schedule) if options.warm_up else schedule,
        "batch_size": size,
        "alpha": size * (options.l2 or 0.0),
        "max_iter": options.epochs,
        "n_iter_no_change": options.patience or math.inf,
        "clip_norm": options.clip_norm,
        "augmentation": augmentations(options.augment) or None,
        "random_state": options.seed,
        "dtype": "float64" if options.double else _usual_dtype(options),
        "precision": options.precision,
        "engine": options.engine,
        "n_jobs": options.threads or None,
    }
    if purpose.task == "regression":
        return Regressor(chain, scale_target=True, **parameters)
    weights = class_weights(options.class_weight)
    if isinstance(weights, dict):
        weights = _by_label(weights, purpose)
    return Classifier(
        chain, class_weight=weights, label_smoothing=options.label_smoothing, **parameters
    )


def _usual_dtype(options: CommandLineOptions) -> str | None:
    return None if options.optimizer == "lbfgs" else "float32"


def _batch_size(options: CommandLineOptions) -> int | None:
    """Return how many samples a step takes, None where it takes them all."""
    return None if options.optimizer in ("gd", "lbfgs") else options.batch or None


def _by_label(weights: dict[str, float], purpose: Purpose) -> dict[Any, float]:
    """Return weights of classes by the classes as estimators have them."""
    unknown = sorted(set(weights) - set(purpose.classes))
    if unknown:
        raise DataError(
            f"--class-weight: expected labels of {shortened(purpose.classes, most=20)}, got "
            f"{shortened(unknown)}"
        )
    labels = dict(zip(purpose.classes, typed_labels(purpose.classes).tolist(), strict=True))
    return {labels[text]: weight for text, weight in weights.items()}


def _split(source: Source, purpose: Purpose, options: CommandLineOptions) -> dict[str, Source]:
    """Return the parts of the data; classes are shared out evenly."""
    test = 0.0 if source.test is not None else options.test
    validation = 0.0 if source.validation is not None else options.validation
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise DataError(
            f"the shares held out for validation ({validation:g}) and test ({test:g}) "
            "must leave something to train on"
        )
    shares = {"training": 1 - validation - test, "validation": validation}
    shares = {name: share for name, share in {**shares, "test": test}.items() if share > 0}
    labels = None if purpose.task == "regression" else source.cells
    if len(source) < len(shares):
        raise DataError(
            f"{source.name}: expected a row or more for each of {', '.join(shares)}, "
            f"got {len(source)} in all"
        )
    rows = split(len(source), tuple(shares.values()), options.seed, labels)
    if labels is not None:
        rows = _all_learned(rows, class_numbers(purpose, source))
    parts = {name: source.select(part) for name, part in zip(shares, rows, strict=True)}
    own = {"validation": source.validation, "test": source.test}
    for name, part in own.items():
        if part is not None:
            class_numbers(purpose, part)  # before any work is done
            parts[name] = part
    return {name: parts[name] for name in ("training", "validation", "test") if name in parts}


def _all_learned(parts: list[Rows], codes: Array) -> list[Rows]:
    """Return the parts of the rows, the first with a row of each class: rare ones change places."""
    for code in np.setdiff1d(codes, codes[parts[0]]):
        learned = codes[parts[0]]
        rare = np.flatnonzero(codes == code)[0]
        common = parts[0][learned == np.bincount(learned).argmax()][0]
        other = {rare: common, common: rare}
        parts = [np.array([other.get(row, row) for row in part]) for part in parts]
    return parts


def _metadata(training: Training, scores: Scores) -> dict[str, Any]:
    """Return what a file should remember of a training."""
    options, estimator = training.options, training.job.estimator
    history, solver = estimator.history_, estimator.solver
    own = {"name": "lbfgs"}
    if isinstance(solver, Optimizer):
        own = {"name": type(solver).__name__, **solver.hyperparameters}
    return {
        "data": training.parts["training"].name,
        "network": options.model,
        "rows": {name: len(part) for name, part in training.parts.items()},
        "optimizer": own,
        "schedule": type(estimator.learning_rate).__name__,
        "batch_size": _batch_size(options),
        "l2": options.l2,
        "clip_norm": estimator.clip_norm,
        "augmentation": [str(change) for change in estimator.augmentation or ()],
        "seed": estimator.random_state,
        **({"precision": options.precision} if options.precision != "float32" else {}),
        "engine": history.engine,
        "epochs": len(history.epochs),
        "end": history.describe(),
        **({"remarks": list(history.remarks)} if history.remarks else {}),
        "history": _curve(history, "R²" if training.purpose.task == "regression" else "accuracy"),
        "scores": scores_json(scores),
    }


def _curve(history: History, score: str) -> dict[str, Any]:
    """Return the learning curve of a history."""
    rows = history.epochs
    if len(rows) > MOST_POINTS:
        places = np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int))
        rows = [rows[place] for place in places]
    curve: dict[str, Any] = {"epoch": [epoch.number for epoch in rows]}
    for name in ("loss", "validation_loss", "validation_score"):
        values = [getattr(epoch, name) for epoch in rows]
        if values[0] is not None:
            curve[name] = [_rounded(value) for value in values]
    score_name = {"score": score} if "validation_score" in curve else {}
    return {**curve, "kept": history.kept, **score_name}


def _rounded(value: float) -> float | None:
    """Return a number of a curve with its first digits; None for a score that is NaN."""
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
