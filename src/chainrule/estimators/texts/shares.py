"""What is known of labels before a text is read: the share of texts that each has."""

from __future__ import annotations

import numpy as np

from chainrule.chain import Chain
from chainrule.targets import Classes
from chainrule.training.samples import Samples
from chainrule.types import Array

__all__ = ["begin_at", "begun_with_shares", "usual_smoothing"]

MOST_CLASSES = 100
"""So many classes are smoothed, at most: of more, each would have next to nothing of it."""


def begun_with_shares(chain: Chain, data: Samples, targets: Classes) -> Chain:
    """Let the sigmoids of a new network begin near the share of texts that each label has.

    With biases of 0 every label would begin at ½, and steps would first be spent on how rare most
    labels are. Softmax gains nothing by it and is left as it is.

    Parameters
    ----------
    chain : Chain
        Whose last biases are set to ln(p/(1 − p)) of the shares p. To keep off 0 and 1, half a text
        with each label is added, and half a text without.
    data : Samples
        Encoded texts, targets and weights.
    targets : Classes
        What the targets are of.
    """
    weights = np.ones(len(data)) if data.weights is None else data.weights
    total = weights.sum()
    if targets.exclusive or not 0 < total < np.inf or (weights < 0).any():
        return chain
    held = data.t.reshape(len(data), -1).astype(np.float64)
    begin_at(chain, (weights * (len(data) / total)) @ held, len(data))
    return chain


def begin_at(chain: Chain, counts: Array, texts: int) -> None:
    """Let the sigmoids of a chain begin at the share of texts that each label has.

    Parameters
    ----------
    chain : Chain
        Whose last biases are set.
    counts : array of shape (k,)
        How many texts have each label.
    texts : int
        How many there are.
    """
    biases = chain.parameters[chain.layers[1].names["b"]]
    biases[...] = np.log((counts + 0.5) / (texts - counts + 0.5))


def usual_smoothing(targets: Classes) -> float:
    """Return the share of certainty that is taken from labels by default.

    Parameters
    ----------
    targets : Classes
        Exclusive classes with softmax are smoothed, others are not.
    """
    count = len(targets.labels)
    return 0.2 / count if targets.exclusive and count <= MOST_CLASSES else 0.0
