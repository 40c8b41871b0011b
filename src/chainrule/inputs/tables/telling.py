"""Whether numbers of rows go along with their answers, beyond chance: F tests of correlations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from chainrule.inputs.tables.target_means import BEYOND_CHANCE, Answers

__all__ = ["telling", "tells"]

LEAST_ROWS = 5
"""A word in fewer has its correlation by chance, whatever the test says."""

Numbers = NDArray[np.float64]


def telling(X: Any, answers: Answers, most: int) -> NDArray[np.intp]:
    """Return the places of columns that tell something of an answer, rising; the best ones.

    Parameters
    ----------
    X : CSR matrix of shape (n, p)
        Columns, 0 for the most part.
    answers : Answers
        Of the same rows.
    most : int
        How many are returned, at most.
    """
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    weights, above = _parts(answers)

    def sums(values: Numbers) -> Numbers:
        return np.bincount(X.indices, values, minlength=X.shape[1]).astype(np.float64)

    x, shares = X.data.astype(np.float64), weights[rows]
    mean = sums(x * shares)
    variance = sums(x * x * shares) - mean * mean
    squares = np.zeros(X.shape[1])
    for column in above.T:
        spread = float((column * column * weights).sum())
        if spread > 0:
            together = sums(x * (column * weights)[rows]) ** 2
            with np.errstate(divide="ignore", invalid="ignore"):
                squares = np.fmax(squares, together / (variance * spread))
    counts = sums(shares > 0)
    squares[(counts < LEAST_ROWS) | ~(variance > 0)] = 0
    order = np.argsort(-squares, kind="stable")[:most]
    chance = _chance(squares[order], weights) * len(squares) * above.shape[1]
    return np.sort(order[chance < BEYOND_CHANCE])


def tells(S: Numbers, answers: Answers) -> bool:
    """Return whether a score (n, a) goes along with the answer that it is of, beyond chance."""
    weights, above = _parts(answers)
    S = S - (S * weights[:, None]).sum(axis=0)
    together = (S * above * weights[:, None]).sum(axis=0)
    spread = (S * S * weights[:, None]).sum(axis=0) * (above**2 * weights[:, None]).sum(axis=0)
    there = (spread > 0) & (together > 0)
    squares = together[there] ** 2 / spread[there]
    return bool((_chance(squares, weights) * S.shape[1] < BEYOND_CHANCE).any())


def _parts(answers: Answers) -> tuple[Numbers, Numbers]:
    """Return what share of all weight rows have (n,), and what answers are above the mean."""
    count = len(answers.numbers)
    weights = np.ones(count) if answers.weights is None else answers.weights / answers.weights.max()
    weights = weights / weights.sum()
    return weights, answers.numbers - (answers.numbers * weights[:, None]).sum(axis=0)


def _chance(squares: Numbers, weights: Numbers) -> Numbers:
    """Return how probable such squared correlations, or larger ones, are by chance."""
    rest = int((weights > 0).sum()) - 2
    if rest < 1:
        return np.ones(len(squares))
    squares = np.minimum(squares, 1 - 1e-12)
    return np.asarray(special.fdtrc(1, rest, rest * squares / (1 - squares)))
