"""What a model file remembers of its training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.cli.evaluation import Scores, scores_json
from chainrule.cli.network_estimator import batch_size
from chainrule.cli.option_values import ENSEMBLE, TEXT
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.prepared import Training
from chainrule.cli.reading import layout_of, said_of
from chainrule.cli.text_sources import TextSource
from chainrule.training import History, Optimizer

MOST_POINTS = 500
"""Of a longer training these are kept, evenly spread from the first epoch to the last."""

DIGITS = 6

LOSS = "loss"
SCORES = {"r2": "R²"}
"""Scores that people call otherwise than scikit-learn does."""


def metadata(training: Training, scores: Scores) -> dict[str, Any]:
    """Return what a file should remember of a training."""
    options, estimator = training.options, training.job.estimator
    history = estimator.history_
    described = _described(training)
    return {
        "data": training.parts["training"].name,
        "network": TEXT if _learns_texts(training) else options.model,
        "rows": {name: len(part) for name, part in training.parts.items()},
        **described,
        "seed": estimator.random_state,
        **({"id": list(training.roles.ids)} if training.roles.ids else {}),
        **({"reading": said} if (said := _reading(training)) else {}),
        **({"split": cut} if (cut := training.roles.cut) else {}),
        **({"precision": options.precision} if options.precision != "float32" else {}),
        "engine": history.engine,
        "epochs": len(history.epochs),
        "end": history.describe(),
        **({"remarks": list(history.remarks)} if history.remarks else {}),
        "history": _curve(history, _score_name(training)),
        "scores": scores_json(scores),
    }


def _learns_texts(training: Training) -> bool:
    return isinstance(training.parts["training"], TextSource)


def _described(training: Training) -> dict[str, Any]:
    """Return how networks of a kind were trained."""
    if _learns_texts(training):
        return _of_texts(training.job.estimator, len(training.parts["training"]))
    if training.options.model == ENSEMBLE:
        return _ensemble(training.job)
    return _network(training.options, training.job.estimator)


def _reading(training: Training) -> dict[str, Any]:
    """Return how the data were written: what is not as usual."""
    source = training.parts["training"]
    lines = isinstance(source, TextSource) and bool(source.labels)
    return {**said_of(layout_of(training.options)), **({"lines": True} if lines else {})}


def _of_texts(estimator: Any, rows: int) -> dict[str, Any]:
    """Return how a network of texts was trained."""
    said = estimator.batch_size
    size = estimator._usual_batch_size if said == "auto" else said
    return {
        "optimizer": {"name": estimator.solver, "learning_rate": estimator.learning_rate_init},
        "schedule": estimator.learning_rate,
        "batch_size": min(size, rows),
        "scoring": str(estimator.scoring),
    }


def _network(options: CommandLineOptions, estimator: Any) -> dict[str, Any]:
    """Return how one network was trained."""
    solver = estimator.solver
    own = {"name": "lbfgs"}
    if isinstance(solver, Optimizer):
        own = {"name": type(solver).__name__, **solver.hyperparameters}
    return {
        "optimizer": own,
        "schedule": type(estimator.learning_rate).__name__,
        "batch_size": batch_size(options),
        "l2": options.l2,
        "clip_norm": estimator.clip_norm,
        "augmentation": [str(change) for change in estimator.augmentation or ()],
    }


def _ensemble(job: Any) -> dict[str, Any]:
    """Return how the networks of an ensemble were trained."""
    recipe = job.recipe
    return {
        "members": recipe.members,
        "layers": list(recipe.hidden),
        "activation": type(recipe.activation).__name__,
        "dropout": recipe.dropout,
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "batch_size": recipe.batch_size,
        "scoring": str(recipe.scoring),
    }


def _score_name(training: Training) -> str:
    """Return what the scores of a learning curve are."""
    usual = "R²" if training.purpose.task == "regression" else "accuracy"
    recipe = getattr(training.job, "recipe", None)
    said = training.options.scoring if recipe is None else recipe.scoring
    return usual if said in (None, LOSS) else SCORES.get(str(said), str(said))


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
