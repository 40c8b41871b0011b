"""The learning curve of a training, as files keep it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import DataError
from chainrule.models import Model
from chainrule.pictures import LearningCurveDisplay
from chainrule.pictures.learning_curve import validation_curves
from chainrule.training import History

__all__ = ["curve_facts", "curve_of_estimator", "curve_of_model", "estimator_curves"]

MOST_POINTS = 500
"""Of a longer training a file keeps so many epochs, evenly spread from the first to the last."""

DIGITS = 6


def curve_facts(history: History, score: str) -> dict[str, Any]:
    """Return the curve of a history as facts of a model."""
    rows = history.epochs
    if len(rows) > MOST_POINTS:
        places = np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int))
        rows = [rows[place] for place in places]
    facts: dict[str, Any] = {
        "epoch": [epoch.number for epoch in rows],
        "loss": [_rounded(epoch.loss) for epoch in rows],
        "kept": history.kept,
    }
    if rows and rows[0].validation_loss is not None:
        facts["validation_loss"] = [_rounded(epoch.validation_loss) for epoch in rows]
    if rows and rows[0].validation_score is not None:
        facts["validation_score"] = [_rounded(epoch.validation_score) for epoch in rows]
        facts["score"] = score
    return facts


def curve_of_model(model: Model) -> LearningCurveDisplay:
    """Return the curve that a model's facts have.

    Raises
    ------
    DataError
        They have none, as those of models that were saved from Python.
    """
    facts: Any = model.facts.get("history")
    if not isinstance(facts, dict) or not _numbers(facts.get("epoch"), None):
        raise DataError("this model has no learning curve; chainrule train saves one")
    count = len(facts["epoch"])
    columns = {name: facts.get(name) for name in ("loss", "validation_loss", "validation_score")}
    for name, column in columns.items():
        if not (_numbers(column, count) or (column is None and name != "loss")):
            raise DataError(f"the learning curve of this model: expected {count} numbers of {name}")
    kept = facts.get("kept")
    return LearningCurveDisplay(
        facts["loss"],
        validation_losses=columns["validation_loss"],
        scores=columns["validation_score"],
        score_name=str(facts.get("score", "score")),
        kept=kept if type(kept) is int and kept else None,
        epochs=facts["epoch"],
    )


def curve_of_estimator(estimator: Any) -> LearningCurveDisplay:
    """Return the curve of an estimator; DataError if not one epoch of it was a whole one."""
    curve = estimator_curves(estimator)
    if not curve.losses:
        raise DataError("this model has no learning curve: it was not trained for a whole epoch")
    return curve


def estimator_curves(estimator: Any) -> LearningCurveDisplay:
    """Return the curves of a fitted estimator, which may be empty."""
    losses = getattr(estimator, "loss_curve_", None) or []
    return LearningCurveDisplay(losses, **validation_curves(estimator))


def _numbers(column: object, count: int | None) -> bool:
    """Say whether something is a list of so many numbers, one at least."""
    return (
        isinstance(column, list)
        and len(column) > 0
        and count in (None, len(column))
        and all(type(value) in (int, float) for value in column)
    )


def _rounded(value: float | None) -> float:
    assert value is not None
    return float(f"{value:.{DIGITS}g}")
