"""What other columns leave open of answers: what a linear function of their features misses.

Of a price, say, most may follow from a size; which words tell more is seen in the rest.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule.inputs.tables.target_means import Answers

__all__ = ["remainder"]

LEARNING_RATE = 0.05
BATCH = 32
STEPS = 1500
"""About so many are enough, in passes of this number, or of as many as few rows have."""

PASSES = 5, 100


def remainder(
    X: NDArray[np.float32], answers: Answers, threads: int | None = None
) -> Answers:
    """Return answers as numbers, less what a linear function of X makes of them.

    Parameters
    ----------
    X : ndarray of shape (n, f)
        The features of other columns, perhaps none.
    answers : Answers
        Of the same rows.
    threads : int, optional
        To train with; as many as pay by default.
    """
    from chainrule.chain import Chain
    from chainrule.functions import Linear
    from chainrule.losses import MeanSquaredError
    from chainrule.training import Adam, LinearToZero, Plan, train

    t = standardised(answers)
    if not X.shape[1]:
        return replace(answers, numbers=t.astype(np.float64), classes=False)
    chain = Chain(Linear(t.shape[1])).initialize(X, seed=0, dtype=np.float32)
    passes = int(np.clip(STEPS * BATCH // len(X), *PASSES))
    rule = Adam(LEARNING_RATE)
    plan = Plan(rule, LinearToZero(), batch_size=BATCH, epochs=passes, patience=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        weights = near_1(answers.weights)
        loss = MeanSquaredError()
        history = train(chain, loss, X, t, plan, sample_weight=weights, threads=threads)
    if history.end == "interrupted":
        raise KeyboardInterrupt
    W, b = (chain.parameters[name].astype(np.float64) for name in chain.parameters)
    linear = sparse.csr_array(X.astype(np.float64)) @ W + b  # one sum after the other
    return replace(answers, numbers=t - linear, classes=False)


def standardised(answers: Answers) -> NDArray[np.float32]:
    """Return answers (n, a) of mean 0 and deviation 1."""
    numbers, weights = answers.numbers, answers.weights
    mean = np.average(numbers, axis=0, weights=weights)
    spread = np.sqrt(np.average((numbers - mean) ** 2, axis=0, weights=weights))
    return ((numbers - mean) / np.where(spread > 0, spread, 1.0)).astype(np.float32)


def near_1(weights: NDArray[np.float64] | None) -> NDArray[np.float32] | None:
    """Return weights of rows that float32 holds."""
    return None if weights is None else (weights / weights.max()).astype(np.float32)
