"""A validation set: samples that training does not see, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.samples import Samples
from chainrule.training.scores import Score
from chainrule.types import Array


@dataclass(frozen=True)
class Validation:
    """Samples that training does not see, and the score of outputs for them, if there is one."""

    samples: Samples
    score: Score | None

    def measure(self, chain: Chain, loss: Loss, Y: Array) -> tuple[float, float | None]:
        """Return loss and score of predictions; no score is taken where the loss is not finite.

        A loss that refuses the outputs, as Poisson's does 0, is NaN.

        Parameters
        ----------
        chain : Chain
            The network in training.
        loss : Loss
            Its loss, of the chain's outputs.
        Y : ndarray
            What the loss takes of the samples: of a pair that fuses, what goes into it.
        """
        last, count = chain.fuse(loss)
        t = self.samples.t
        with np.errstate(over="ignore", invalid="ignore"):
            try:
                value = last.value(Y, t, self.samples.weights)
            except ValueError:  # of outputs that the loss refuses: the targets were checked before
                value = np.nan
            if self.score is None or not np.isfinite(value):
                return value, None
            for function in chain.functions[count:]:  # the one that is fused with the loss
                Y = function.forward(Y, {})
            return value, float(self.score(Y, t))
