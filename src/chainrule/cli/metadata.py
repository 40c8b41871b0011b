"""What a model file remembers of its training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.cli.evaluation import Scores, scores_json
from chainrule.cli.network_estimator import batch_size
from chainrule.cli.option_values import ENSEMBLE
from chainrule.cli.options import CommandLineOptions
from chainrule.cli.prepared import Training
from chainrule.cli.reading import layout_of, said_of
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
    of_ensemble = options.model == ENSEMBLE
    return {
        "data": training.parts["training"].name,
        "network": options.model,
        "rows": {name: len(part) for name, part in training.parts.items()},
        **(_ensemble(training.job) if of_ensemble else _network(options, estimator)),
        "seed": estimator.random_state,
        **({"id": list(training.roles.ids)} if training.roles.ids else {}),
        **({"reading": said} if (said := said_of(layout_of(options))) else {}),
        **({"split": cut} if (cut := training.roles.cut) else {}),
        **({"precision": options.precision} if options.precision != "float32" else {}),
        "engine": history.engine,
        "epochs": len(history.epochs),
        "end": history.describe(),
        **({"remarks": list(history.remarks)} if history.remarks else {}),
        "history": _curve(history, _score_name(training)),
        "scores": scores_json(scores),
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
