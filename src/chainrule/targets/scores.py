"""How good predictions are, in the words and by the code of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.losses import SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy

__all__ = ["class_scores", "label_scores", "log_loss", "regression_scores"]


def regression_scores(
    t: NDArray[Any], y: NDArray[Any], scale: float = 1.0
) -> dict[str, float]:
    """Return the scores of outputs y (n,) for targets t (n,), both in units of the scale.

    The errors are in the target's own units; R² needs two rows. Of several targets (n, k) they are
    means over the targets.
    """
    from sklearn import metrics

    power = int(np.frexp(np.abs(t).max())[1]) - 1  # so that no square overflows; it rounds nothing
    t, y, scale = np.ldexp(t, -power), np.ldexp(y, -power), float(np.ldexp(scale, power))
    with np.errstate(over="ignore"):
        scores = {"R²": float(metrics.r2_score(t, y))} if len(t) > 1 else {}
        return scores | {
            "mean absolute error": scale * float(metrics.mean_absolute_error(t, y)),
            "root mean squared error": scale * float(metrics.root_mean_squared_error(t, y)),
        }


def label_scores(t: NDArray[Any], chosen: NDArray[Any]) -> dict[str, float]:
    """Return the scores of labels (n, k) of which any may hold; F1 is the mean over the labels."""
    from sklearn import metrics

    return {
        "subset accuracy": float(metrics.accuracy_score(t, chosen)),
        "label accuracy": float(np.mean(t == chosen)),
        "F1 of labels": float(metrics.f1_score(t, chosen, average="macro", zero_division=0.0)),
    }


def class_scores(
    t: NDArray[Any],
    chosen: NDArray[Any],
    probabilities: NDArray[np.float64],
    logits: NDArray[Any],
) -> dict[str, float]:
    """Return the scores of chosen classes (n,) and probabilities (n, K) for classes t (n,).

    The log loss is the cross-entropy, as in training: of the logits, what goes into softmax (n, K)
    or a sigmoid (n, 1), since probabilities that have become 0 or 1 say too little.
    (scikit-learn's has these, and clips them: at 36 a sample at most.) With two classes, F1 is that
    of the second; F1 and the area under ROC need both in t. A single class has no log loss.
    """
    from sklearn import metrics

    classes = probabilities.shape[1]
    scores = {"accuracy": float(metrics.accuracy_score(t, chosen))}
    if classes > 1:
        scores["log loss"] = log_loss(t, logits.astype(np.float64))
    if classes == 2 and len(np.unique(t)) == 2:
        scores["F1"] = float(metrics.f1_score(t, chosen, zero_division=0.0))
        scores["area under ROC"] = float(metrics.roc_auc_score(t, probabilities[:, 1]))
    return scores


def log_loss(t: NDArray[Any], logits: NDArray[np.float64]) -> float:
    """Return the mean cross-entropy of logits (n, K), or (n, 1) of two classes."""
    if logits.shape[1] == 1:
        return float(SigmoidBinaryCrossEntropy().value(logits, t[:, None]))
    return float(SoftmaxCrossEntropy().value(logits, t))
