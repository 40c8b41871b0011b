"""What a model file remembers of its training."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from chainrule.cli.evaluation import Scores, scores_json
from chainrule.cli.network_estimator import batch_size
from chainrule.cli.prepared import Training
from chainrule.training import History, Optimizer

MOST_POINTS = 500
"""Of a longer training these are kept, evenly spread from the first epoch to the last."""

DIGITS = 6


def metadata(training: Training, scores: Scores) -> dict[str, Any]:
    """Return what a file should remember of a training."""
    options, estimator = training.options, training.job.estimator
    history, solver = estimator.history_, estimator.solver
    own = {"name": "lbfgs"}
    if isinstance(solver, Optimizer):
        own = {"name": type(solver).__name__, **asdict(solver)}
    return {
        "data": training.parts["training"].name,
        "network": options.model,
        "rows": {name: len(part) for name, part in training.parts.items()},
        "optimizer": own,
        "schedule": type(estimator.learning_rate).__name__,
        "batch_size": batch_size(options),
        "l2": options.l2,
        "clip_norm": estimator.clip_norm,
        "augmentation": [str(change) for change in estimator.augmentation or ()],
        "seed": estimator.random_state,
        **({"id": list(training.roles.ids)} if training.roles.ids else {}),
        **({"split": cut} if (cut := training.roles.cut) else {}),
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
