"""The recipe: how a table's networks are made and trained, where its user has not said it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.estimators import resolve
from chainrule.estimators.scoring import LOSS
from chainrule.functions import Elementwise

__all__ = ["Recipe", "bins_of", "learning_rate_of", "recipe_for", "scoring_of"]

AUTO = "auto"

STEPS_IN_EPOCH = 30
"""About so many steps an epoch has, as far as batches of a power of 2 in these bounds allow."""

LEAST_BATCH, LARGEST_BATCH = 16, 256

BIN_HEIGHTS = {True: 0.3, False: 0.5}
"""What features of bins reach, for classes and for numbers."""

MOST_BINS = 16
"""Bins of a column of numbers."""

ROWS_OF_A_BIN = 40
"""Rows to train on, for each bin of all columns, that a classifier should have."""

PATIENCE = 10
"""So many passes without a better score end a training: a later one is given up for the time."""

MANY_ROWS = 2000
"""From so many rows on there are 6 members, not 8: two less to train where passes take long."""


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
    first_weights : float
        By what the weights of the first layer are multiplied at the start.
    dropout : float
        The share of their outputs that a step leaves out.
    learning_rate, weight_decay, beta2 : float
        Of AdamW; the learning rate falls along half a cosine.
    averaging : float
        The share that averages of parameters keep of what they were an epoch before.
    batch_size : int
        Samples in a step.
    epochs : int
        Passes at most.
    patience : int
        Passes without improvement that end a training before its last.
    label_smoothing : float
        The share of certainty that all classes are given alike.
    scoring : str or callable
        What is watched on the rows held out.
    """

    members: int
    hidden: tuple[int, ...]
    activation: Elementwise
    first_weights: float
    dropout: float
    learning_rate: float
    weight_decay: float
    beta2: float
    averaging: float
    batch_size: int
    epochs: int
    patience: int
    label_smoothing: float
    scoring: Any


def recipe_for(estimator: Any, rows: int, *, classes: bool) -> Recipe:
    """Return the recipe for so many rows to train on; what an estimator says counts first.

    Parameters
    ----------
    estimator : TableEstimator
        Whose parameters say it, or leave it to the recipe by "auto".
    rows : int
        To train on.
    classes : bool
        Whether classes are predicted, not numbers.
    """

    def said(name: str, usual: Any) -> Any:
        return _said(estimator, name, usual)

    hidden = (128, 64) if classes else (128, 64, 64)
    return Recipe(
        members=int(said("members", 8 if rows < MANY_ROWS else 6)),
        hidden=_sizes(estimator, said("hidden_layer_sizes", hidden)),
        activation=resolve.activation(said("activation", "mish")),
        first_weights=0.3,
        dropout=float(said("dropout", 0.15 if classes else 0.0)),
        learning_rate=learning_rate_of(estimator, classes=classes),
        weight_decay=float(said("weight_decay", 0.1 if classes else 0.05)),
        beta2=0.95,
        averaging=0.6,
        batch_size=min(int(said("batch_size", _batch(rows))), rows),
        epochs=int(said("max_iter", 60 if classes else 50)),
        patience=int(said("n_iter_no_change", PATIENCE)),
        label_smoothing=float(said("label_smoothing", 0.0)),
        scoring=scoring_of(estimator, classes=classes),
    )


def learning_rate_of(estimator: Any, *, classes: bool) -> float:
    """Return the learning rate that an estimator says, or else that of the recipe."""
    return float(_said(estimator, "learning_rate_init", 0.012 if classes else 0.016))


def bins_of(estimator: Any, *, classes: bool) -> dict[str, int]:
    """Return how many bins a column of numbers has, as fields of :class:`Options`.

    Classes of few rows are learned by heart from the bins of many columns; numbers gain by them
    all the same.

    Parameters
    ----------
    estimator : TableEstimator
        Whose parameters say it, or leave it to the recipe by "auto".
    classes : bool
        Whether classes are predicted, not numbers.
    """
    by_rows = classes and estimator.bins == AUTO
    bins = int(_said(estimator, "bins", MOST_BINS))
    return {"bins": bins, "rows_of_a_bin": ROWS_OF_A_BIN if by_rows else 0}


def _batch(rows: int) -> int:
    """Return the power of 2 that divides rows into about :data:`STEPS_IN_EPOCH`, within bounds."""
    power = round(math.log2(max(rows, 1) / STEPS_IN_EPOCH))
    return min(LARGEST_BATCH, max(LEAST_BATCH, 1 << max(power, 0)))


def scoring_of(estimator: Any, *, classes: bool) -> Any:
    """Return what is watched on the rows held out: what an estimator says, or what is usual."""
    numbers = "r2" if getattr(estimator, "quantiles", None) is None else LOSS
    return _said(estimator, "scoring", "neg_log_loss" if classes else numbers)


def _said(estimator: Any, name: str, usual: Any) -> Any:
    """Return what an estimator says of a parameter, or what is usual where it says "auto"."""
    value = getattr(estimator, name, AUTO)
    return usual if isinstance(value, str) and value == AUTO else value


def _sizes(estimator: Any, given: Any) -> tuple[int, ...]:
    """Return the sizes of hidden layers, given as one number or several."""
    sizes = np.ravel(np.asarray(given)).tolist()
    if not all(isinstance(size, int) and size >= 1 for size in sizes):
        raise ValueError(
            f"{type(estimator).__name__}: expected hidden_layer_sizes of whole numbers >= 1, got "
            f"{given!r}"
        )
    return tuple(sizes)
