"""Scores of the mean of the members on rows held out, after each pass: in little time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from chainrule.estimators.tables.networks import quantiles_of
from chainrule.targets import Classes, Targets
from chainrule.types import Array

__all__ = ["QUICK_SCORES", "MeanScore", "mean_of_members"]

Weights = Array | None


def mean_of_members(Y: Array) -> Array:
    """Return the mean (n, c) of what the members say, Y (n, k, c), in float64."""
    return np.asarray(Y.mean(axis=1, dtype=np.float64))


def neg_log_loss(P: Array, t: Array, weights: Weights) -> float:
    """Return the mean logarithm of the true classes' probabilities."""
    own = P[np.arange(len(t)), t] if P.shape[1] > 1 else np.where(t[:, 0] > 0, P[:, 0], 1 - P[:, 0])
    tiny = np.finfo(P.dtype).tiny
    return float(np.average(np.log(np.maximum(own, tiny)), weights=weights))


def roc_auc(P: Array, t: Array, weights: Weights) -> float:
    """Return the area under the curve of two classes; NaN where the rows have one only."""
    if P.shape[1] > 1 or weights is not None:
        from sklearn.metrics import roc_auc_score

        given = P if P.shape[1] > 1 else P[:, 0]
        return float(roc_auc_score(t, given, sample_weight=weights, multi_class="ovr"))
    held = t[:, 0] > 0
    count = int(held.sum())
    if not 0 < count < len(t):
        return float("nan")
    ranks = rankdata(P[:, 0])
    return float((ranks[held].sum() - count * (count + 1) / 2) / (count * (len(t) - count)))


def neg_mean_squared_error(Y: Array, t: Array, weights: Weights) -> float:
    """Return the mean squared error with a minus."""
    return -float(np.average(((Y - t) ** 2).mean(axis=1), weights=weights))


def neg_mean_absolute_error(Y: Array, t: Array, weights: Weights) -> float:
    """Return the mean absolute error with a minus."""
    return -float(np.average(np.abs(Y - t).mean(axis=1), weights=weights))


def r2(Y: Array, t: Array, weights: Weights) -> float:
    """Return R²; NaN where the rows have one number only."""
    T = t.astype(np.float64)
    spread = np.average((T - np.average(T, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    if not (spread > 0).all():
        return float("nan")
    rest = np.average((T - Y) ** 2, axis=0, weights=weights)
    return float(np.mean(1 - rest / spread))


QUICK_SCORES: dict[str, Callable[[Array, Array, Weights], float]] = {
    "neg_log_loss": neg_log_loss,
    "roc_auc": roc_auc,
    "r2": r2,
    "neg_mean_squared_error": neg_mean_squared_error,
    "neg_mean_absolute_error": neg_mean_absolute_error,
}
"""Scores by scikit-learn's names that are taken of the outputs at hand."""

QUICK_OF_CLASSES = "accuracy", "neg_log_loss", "roc_auc"
IN_UNITS = "neg_mean_squared_error", "neg_mean_absolute_error"
QUICK_OF_NUMBERS = "r2", *IN_UNITS


class MeanScore:
    """A score of the mean of the members, given the outputs of all.

    Parameters
    ----------
    scoring : str
        The name of a quick score, or "accuracy".
    targets : Targets
        Those of the network.
    weights : ndarray of shape (n,) or None
        Of the rows held out.
    """

    def __init__(self, scoring: str, targets: Targets, weights: Weights) -> None:
        self.scoring, self.targets, self.weights = scoring, targets, weights

    @classmethod
    def knows(cls, scoring: Any, targets: Targets) -> bool:
        """Return whether it takes a score of such targets; others are scikit-learn's to take."""
        known = QUICK_OF_CLASSES if isinstance(targets, Classes) else QUICK_OF_NUMBERS
        return isinstance(scoring, str) and scoring in known

    def __call__(self, Y: Array, t: Array) -> float:
        """Return the score of outputs Y (n, k, c); NaN if one of them is not finite."""
        if not np.isfinite(Y).all():
            return float("nan")
        mean = mean_of_members(Y)
        if quantiles := quantiles_of(self.targets):
            mean = mean[:, [quantiles.index(0.5)]]
        if self.scoring == "accuracy":
            return self.targets.score(mean, t, self.weights)
        if self.scoring in IN_UNITS:
            mean = self.targets.decode(mean).reshape(len(t), -1)
            t = self.targets.answers(t).reshape(len(t), -1)
        return QUICK_SCORES[self.scoring](mean, t, self.weights)
