"""Scores of texts: what they let expect of answers, by linear networks of their features.

As many networks B A x as there are folds are trained, each on the rows of all folds but one, and
watched on that one: the pass that does best there is kept. A row of training gets the score of the
network that has not seen it; others get the mean of all scores, which is one matrix, the mean of
the networks' A B. Only rows of A whose features occur in a step move (AdaGrad).

Sums of products of float32 are taken in float64, which has them exactly, one after the other: the
same bits on every processor, whether or not it rounds between product and sum.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.tables.remainder import near_1, standardised
from chainrule.inputs.tables.target_means import Answers

__all__ = ["TextScores", "cross_fitted", "scores_of"]

DIMENSIONS = 16
"""Of a feature's vector, and twice as many for more answers than this."""

LEARNING_RATE = 0.1
PASSES, PATIENCE = 10, 2

Numbers = NDArray[np.float64]
Weights = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TextScores:
    """Scores of the rows of training, and what gives those of others.

    Parameters
    ----------
    out_of_fold : ndarray of shape (n, a)
        A score for each answer, by a network that was trained on other rows.
    weights : ndarray of shape (p, a)
        What features add to scores, on average of the networks.
    bias : ndarray of shape (a,)
        The scores of a text without features.
    """

    out_of_fold: Numbers
    weights: Weights
    bias: Weights

    @classmethod
    def none(cls, X: Any) -> TextScores:
        """Return no scores of the rows of X (n, p)."""
        rows, features = X.shape
        nothing = np.zeros((features, 0), np.float32)
        return cls(np.zeros((rows, 0)), nothing, np.zeros(0, np.float32))

    def of(self, answers: list[int]) -> TextScores:
        """Return the scores of some answers."""
        own = self.out_of_fold[:, answers], self.weights[:, answers], self.bias[answers]
        return TextScores(*own)


def cross_fitted(X: Any, answers: Answers, threads: int | None = None) -> TextScores | None:
    """Return scores of texts, None unless there are two folds or where a training diverges.

    Parameters
    ----------
    X : sparse matrix of shape (n, p)
        Weights of features in texts, float32.
    answers : Answers
        Of the same rows.
    threads : int, optional
        To train with; as many as pay by default.
    """
    there = np.ones(len(answers.folds), bool) if answers.weights is None else answers.weights > 0
    folds = np.unique(answers.folds[there])
    if len(folds) < 2:
        return None
    t, shape = _targets(answers), (X.shape[1], answers.numbers.shape[1])
    out_of_fold = np.zeros((X.shape[0], shape[1]))
    weights, bias = np.zeros(shape), np.zeros(shape[1])
    for fold in folds:
        own = answers.folds == fold
        rows, watched = np.flatnonzero(~own), np.flatnonzero(own & there)
        trained = _trained(X, t, answers, rows, watched, threads)
        if trained is None:
            return None
        out_of_fold[own] = scores_of(X[np.flatnonzero(own)], *trained)
        weights += trained[0]
        bias += trained[1]
    count = len(folds)
    mean = (weights / count).astype(np.float32), (bias / count).astype(np.float32)
    return TextScores(out_of_fold, *mean)


def scores_of(X: Any, weights: Weights, bias: Weights) -> Numbers:
    """Return the scores (n, a) of texts by the weights of their features, X (n, p)."""
    return np.asarray(X.astype(np.float64) @ weights.astype(np.float64)) + bias


def _targets(answers: Answers) -> Any:
    """Return answers as the loss takes them: classes, truth values, or standardised numbers."""
    numbers = answers.numbers
    if answers.classes:
        return numbers.argmax(axis=1) if numbers.shape[1] > 1 else numbers.astype(np.float32)
    return standardised(answers)


def _trained(
    X: Any,
    t: Any,
    answers: Answers,
    rows: NDArray[np.intp],
    watched: NDArray[np.intp],
    threads: int | None,
) -> tuple[Weights, Weights] | None:
    """Return weights (p, a) and bias (a,) of a network for some rows; None if it diverges."""
    from chainrule.chain import Chain
    from chainrule.functions import EmbeddingBag, Linear, Sigmoid, Softmax
    from chainrule.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
    from chainrule.training import (
        AdaGrad,
        LinearToZero,
        Patience,
        Plan,
        TrainingDivergedError,
        train,
    )

    outputs = answers.numbers.shape[1]
    loss: Loss = MeanSquaredError()
    functions: list[Any] = [
        EmbeddingBag(DIMENSIONS * (1 + (outputs > DIMENSIONS)), "sum"),
        Linear(outputs),
    ]
    if answers.classes:
        loss = CrossEntropy() if outputs > 1 else BinaryCrossEntropy()
        functions.append(Softmax() if outputs > 1 else Sigmoid())
    chain = Chain(*functions).initialize((X.shape[1],), seed=0, dtype=np.float32)
    plan = Plan(
        AdaGrad(LEARNING_RATE, epsilon=0.01),
        LinearToZero(),
        epochs=PASSES,
        patience=Patience(PATIENCE, tolerance=0.0),
    )
    weights = near_1(answers.weights)
    parts = [
        (X[part], t[part], None if weights is None else weights[part]) for part in (rows, watched)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            history = train(
                chain,
                loss,
                *parts[0][:2],
                plan,
                sample_weight=parts[0][2],
                validation=parts[1],
                threads=threads,
            )
        except TrainingDivergedError:
            return None
    if history.end == "interrupted":
        raise KeyboardInterrupt
    A, B, b = (chain.parameters[name] for name in chain.parameters)
    return _product(A, B), b


def _product(A: Weights, B: Weights) -> Weights:
    """Return A (p, d) times B (d, a), in float64, rounded at the end."""
    product = np.zeros((A.shape[0], B.shape[1]))
    for column, row in zip(A.T.astype(np.float64), B.astype(np.float64), strict=True):
        product += column[:, None] * row
    return product.astype(np.float32)
