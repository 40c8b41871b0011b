"""The lengths of gradients, recorded on the same samples after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.functions import Dropout
from chainrule.losses import Loss
from chainrule.parameters import Parameters
from chainrule.training.history import Epoch, Relay, Reporter
from chainrule.training.samples import Samples
from chainrule.training.steppers import Engine


class GradientNorms(Relay):
    """A reporter that records how long the gradient by each parameter is after each epoch.

    It is the gradient of the mean loss on some samples, in prediction, without penalty. Each epoch
    takes one more forward and backward pass over these samples, by the engine where it can.

    >>> lengths = GradientNorms(chain, loss, X[:200], t[:200])
    >>> train(chain, loss, X, t, reporter=lengths)
    >>> lengths.norms["W0"]                     # one number for each epoch

    Parameters
    ----------
    reporter : who else wants to hear how training goes
    engine : "reference" takes the gradients in NumPy always
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
        self.gradients = _gradients(chain, loss, Samples.of(X, t, sample_weight), engine)
        self.norms: dict[str, list[float]] = {name: [] for name in chain.parameters}

    def finished(self, epoch: Epoch) -> None:
        """Record the lengths."""
        with np.errstate(over="ignore", invalid="ignore"):
            for name, gradient in self.gradients().items():
                self.norms[name].append(float(np.linalg.norm(gradient)))
        super().finished(epoch)


def _gradients(chain: Chain, loss: Loss, data: Samples, engine: Engine) -> Callable[[], Parameters]:
    """Return who takes the gradient at the chain's parameters as they are then."""
    random = any(isinstance(function, Dropout) for function in chain.functions)
    if engine != "reference" and not random:
        from chainrule.engine.availability import UnsupportedError, check_runs_here
        from chainrule.engine.gradients import Gradients

        try:
            check_runs_here()
            by_engine = Gradients(chain, loss, data.X, data.t, data.weights)
            own = chain.parameters
            return lambda: Parameters(own.shapes, by_engine(own.flat)[1])
        except UnsupportedError:
            pass
    return lambda: chain.gradient(loss, data.X, data.t, data.weights)[1]
