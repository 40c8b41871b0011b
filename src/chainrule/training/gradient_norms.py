"""The lengths of gradients, recorded on the same samples after each epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.history import Epoch, History, Reporter
from chainrule.training.samples import Samples


class GradientNorms:
    """A reporter that records how long the gradient by each parameter is after each epoch.

    It is the gradient of the mean loss on some samples, in prediction, without penalty. Each epoch
    takes one more forward and backward pass over these samples, in NumPy.

    >>> lengths = GradientNorms(chain, loss, X[:200], t[:200])
    >>> train(chain, loss, X, t, reporter=lengths)
    >>> lengths.norms["W0"]                     # one number for each epoch

    Parameters
    ----------
    reporter : who else wants to hear how training goes
    """

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        X: Any,
        t: Any,
        sample_weight: Any = None,
        *,
        reporter: Reporter | None = None,
    ) -> None:
        self.chain, self.loss, self.reporter = chain, loss, reporter
        self.data = Samples.of(X, t, sample_weight)
        self.norms: dict[str, list[float]] = {name: [] for name in chain.parameters}

    def started(self, epochs: int, samples: int) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.started(epochs, samples)

    def stepped(self, samples: int, loss: float) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.stepped(samples, loss)

    def finished(self, epoch: Epoch) -> None:
        """Record the lengths."""
        data = self.data
        with np.errstate(over="ignore", invalid="ignore"):
            _, gradients = self.chain.gradient(self.loss, data.X, data.t, data.weights)
            for name, gradient in gradients.items():
                self.norms[name].append(float(np.linalg.norm(gradient)))
        if self.reporter is not None:
            self.reporter.finished(epoch)

    def ended(self, history: History) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.ended(history)
