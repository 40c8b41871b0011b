"""Whether data fit the chain, the loss and the optimizer of a training, before any work is done."""

from __future__ import annotations

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.optimizers import Optimizer, State
from chainrule.training.samples import Samples
from chainrule.types import Array

__all__ = ["check_fit", "check_state", "check_targets"]

_FIRST = 8
"""Samples whose outputs are shown to a loss before training."""


def check_fit(chain: Chain, loss: Loss, samples: Samples) -> None:
    """Raise ValueError, before any work is done, unless data fit the chain and the loss."""
    X = samples.X
    if X.shape[1:] != chain.layers[0].input_shape or X.dtype.kind not in "fiub":
        chain.forward(X[:1])  # its error names what the first function expects
    last, _ = chain.fuse(loss)
    if not last.takes_any_outputs:
        with np.errstate(over="ignore", invalid="ignore"):
            last.targets(samples.t[:_FIRST], chain.forward(X[:_FIRST]))
    check_targets(chain, loss, samples)


def check_targets(chain: Chain, loss: Loss, samples: Samples) -> None:
    """Raise ValueError for targets that the loss does not take; the chain is not used for it."""
    Y = np.full((1, *chain.layers[-1].output_shape), 0.5, chain.dtype)
    for start in range(0, len(samples), 4096):  # few at a time: targets may grow to (n, k)
        t = samples.t[start : start + 4096]
        loss.targets(t, np.broadcast_to(Y, (len(t), *Y.shape[1:])))


def check_state(state: State, optimizer: Optimizer, flat: Array) -> None:
    """Raise ValueError for the state of another optimizer, or of other parameters."""
    expected = [(flat.shape, flat.dtype)] * len(optimizer.slots)
    received = [(slot.shape, slot.dtype) for slot in state.slots]
    if received != expected:
        raise ValueError(f"train: expected a state of arrays {expected}, got {received}")
