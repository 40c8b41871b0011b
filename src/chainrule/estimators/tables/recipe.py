"""The recipe: how a table's networks are made and trained, where its user has not said it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.estimators import resolve
from chainrule.functions import Elementwise

__all__ = ["Recipe", "recipe_for", "scoring_of"]

AUTO = "auto"

BATCHES = ((1_000, 32), (3_000, 64), (6_000, 128))
"""Samples in a step, by the rows that there are fewer of; above, :data:`LARGEST_BATCH`."""

LARGEST_BATCH = 256


@dataclass(frozen=True)
class Recipe:
    """What a fit is made of, all of it known.

    Parameters
    ----------
    members : int
        Networks.
    hidden : tuple of int
        Outputs of the hidden layers of each.
    activation : Elementwise
        What follows each of them.
    dropout : float
        The share of their outputs that a step leaves out.
    learning_rate, weight_decay : float
        Of AdamW.
    batch_size : int
        Samples in a step.
    epochs : int
        Passes at most.
    patience : int
        Passes without improvement that end a training.
    label_smoothing : float
        The share of certainty that all classes are given alike.
    scoring : str or callable
        What is watched on the rows held out.
    """

    members: int
    hidden: tuple[int, ...]
    activation: Elementwise
    dropout: float
    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    patience: int
    label_smoothing: float
    scoring: Any


def recipe_for(estimator: Any, rows: int, *, classes: bool, validated: bool) -> Recipe:
    """Return the recipe for so many rows to train on; what an estimator says counts first.

    Parameters
    ----------
    estimator : TableEstimator
        Whose parameters say it, or leave it to the recipe by "auto".
    rows : int
        To train on.
    classes : bool
        Whether classes are predicted, not numbers.
    validated : bool
        Whether rows are held out, on which training is watched.
    """

    def said(name: str, usual: Any) -> Any:
        return _said(estimator, name, usual)

    size = next((size for most, size in BATCHES if rows < most), LARGEST_BATCH)
    return Recipe(
        members=int(said("members", 8)),
        hidden=_sizes(said("hidden_layer_sizes", (128, 64))),
        activation=resolve.activation(estimator.activation),
        dropout=float(said("dropout", 0.1)),
        learning_rate=float(said("learning_rate_init", 0.003)),
        weight_decay=float(said("weight_decay", 0.01)),
        batch_size=min(int(said("batch_size", size)), rows),
        epochs=int(said("max_iter", 200 if validated else 60)),
        patience=int(said("n_iter_no_change", 20)),
        label_smoothing=float(said("label_smoothing", 0.0)),
        scoring=scoring_of(estimator, classes=classes),
    )


def scoring_of(estimator: Any, *, classes: bool) -> Any:
    """Return what is watched on the rows held out: what an estimator says, or what is usual."""
    return _said(estimator, "scoring", "accuracy" if classes else "r2")


def _said(estimator: Any, name: str, usual: Any) -> Any:
    """Return what an estimator says of a parameter, or what is usual where it says "auto"."""
    value = getattr(estimator, name, AUTO)
    return usual if isinstance(value, str) and value == AUTO else value


def _sizes(given: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in ([given] if isinstance(given, int) else given))
