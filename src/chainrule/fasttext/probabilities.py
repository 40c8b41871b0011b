"""Probabilities of labels from vectors of lines: those that are trained, in float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.fasttext.model import FastTextModel

__all__ = ["probabilities"]


def probabilities(model: FastTextModel, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the probability (n, nlabels) of each label.

    Softmax and hierarchical softmax share 1 among the labels; one-vs-all and negative sampling have
    a probability for each by itself. What fastText prints is this in float32 plus 1e-5, for the two
    latter by a table.

    Parameters
    ----------
    model : FastTextModel
        A supervised model.
    vectors : NDArray[np.float32] of shape (n, dim)
        The means of lines' rows.
    """
    labels = model.dictionary.nlabels
    rows = model.output.take(np.arange(labels)).astype(np.float64)
    scores = np.einsum("nd,cd->nc", vectors.astype(np.float64), rows)  # the same on any processor
    if model.settings.loss == "softmax":
        powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares
    with np.errstate(over="ignore"):
        sigmoids: NDArray[np.float64] = 1 / (1 + np.exp(-scores))
    return _of_leaves(model, sigmoids) if model.settings.loss == "hs" else sigmoids


def _of_leaves(model: FastTextModel, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the product along the path of each label, of what goes right or left at a node."""
    product = np.ones((len(right), model.dictionary.nlabels))
    for label in range(model.dictionary.nlabels):
        for row, side in model.tree.path(label):
            product[:, label] *= right[:, row] if side else 1 - right[:, row]
    return product
