"""The lengths of gradients, recorded on the same samples after each epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.parameters import Parameters
from chainrule.tables import counted
from chainrule.training.gradients import loss_and_gradient
from chainrule.training.history import Epoch
from chainrule.training.reporter import Reporter, ReporterTee
from chainrule.training.samples import Samples
from chainrule.training.snapshot import Reader, Snapshot
from chainrule.training.steppers import Engine


class GradientNorms(ReporterTee):
    """A reporter that records how long the gradient by each parameter is after each epoch.

    It is the gradient of the mean loss on some samples, in prediction, without penalty. Each epoch
    takes one more forward and backward pass over these samples, by the engine where it can.

    >>> lengths = GradientNorms(chain, loss, X[:200], t[:200])
    >>> train(chain, loss, X, t, reporter=lengths)
    >>> lengths.norms["W0"]                     # one number for each epoch

    Parameters
    ----------
    chain : Chain
        The chain that is trained.
    loss : Loss
        The loss that is differentiated.
    X : array or sparse matrix of shape (n, …)
        The samples.
    t : array
        Their targets, as the loss takes them.
    sample_weight : array of shape (n,), optional
        Their weights, >= 0.
    reporter : Reporter, optional
        The reporter that everything is passed on to.
    engine : {"auto", "machine", "reference"}, default="auto"
        Whether the gradients come from machine code or from NumPy.
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
        engine: Engine = "auto",
    ) -> None:
        super().__init__(reporter)
        data = Samples.of("GradientNorms", X, t, sample_weight).drop_zero_weights()
        self.chain = chain
        self.evaluate, _ = loss_and_gradient(chain, loss, data, engine=engine, threads=1)
        self.norms: dict[str, list[float]] = {name: [] for name in chain.parameters}

    def __repr__(self) -> str:
        epochs = len(next(iter(self.norms.values()), []))
        return f"GradientNorms({', '.join(self.norms)}: {counted(epochs, 'epoch')})"

    def snapshot(self) -> Snapshot:
        """Return the lengths so far, and what changes in the next reporter."""
        return {**super().snapshot(), "norms": np.array([*self.norms.values()], np.float64)}

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("next", "norms")
        reader.restore("next", self.reporter)
        norms = reader.array("norms", np.float64, (len(self.norms), None))
        self.norms = dict(zip(self.norms, norms.tolist(), strict=True))

    def finished(self, epoch: Epoch) -> None:
        """Record the lengths."""
        parameters = self.chain.parameters
        with np.errstate(over="ignore", invalid="ignore"):
            _, flat = self.evaluate(parameters.flat)
            for name, gradient in Parameters(parameters.shapes, flat).items():
                self.norms[name].append(float(np.linalg.norm(gradient)))
        super().finished(epoch)
