"""Quantiles that hold: moved by what they missed on rows held out.

A network that fits its training rows too well makes its intervals too narrow. On rows held out it
shows by how much: each outer quantile is moved to where the share of answers below it is the one
that it stands for (Romano, Patterson, Candès: "Conformalized quantile regression", 2019, with each
end by itself).
"""

from __future__ import annotations

import numpy as np

from chainrule.chain import Chain
from chainrule.estimators.tables.scores import mean_of_members
from chainrule.training.samples import Samples

__all__ = ["move_quantiles"]


def move_quantiles(chain: Chain, held_out: Samples, quantiles: tuple[float, ...]) -> None:
    """Add to the last biases of all members what makes their mean right on rows held out.

    The median stays. Of n rows, the quantile q of what is missing is at rank q·(n + 1), rounded
    away from the middle.

    Parameters
    ----------
    chain : Chain
        Trained, of all members; it ends in a layer with biases b (k, q).
    held_out : Samples
        Rows with their answers t (n, 1), as the loss takes them.
    quantiles : tuple of float
        What the outputs stand for.
    """
    predicted = np.sort(mean_of_members(chain.forward(held_out.X)), axis=1)
    missed = np.sort(held_out.t.astype(np.float64) - predicted, axis=0)
    rows, shifts = len(missed), np.zeros(len(quantiles))
    for place, quantile in enumerate(quantiles):
        rank = quantile * (rows + 1)
        if quantile != 0.5:
            rank = np.floor(rank) if quantile < 0.5 else np.ceil(rank)
            shifts[place] = missed[int(np.clip(rank, 1, rows)) - 1, place]
    chain.parameters[chain.layers[-1].names["b"]][...] += shifts.astype(chain.dtype)
