"""The loss on all samples and its gradient, by the engine, at any parameters.

The gradient is what an optimizer with the rule s ← s + rate·g finds in its state, where a batch's
rate is its share of the samples; no parameter moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.chain import Chain
from chainrule.engine.running.steps import Steps, threads_for
from chainrule.losses import Loss

Array = NDArray[Any]


@dataclass(frozen=True)
class Sum:
    """Adds up the gradients of batches."""

    slots: ClassVar[tuple[str, ...]] = ("gradient",)

    learning_rate: float = 1.0

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: Any, step: Any) -> Any:
        """Return w and (s + rate·g,)."""
        return w, (state[0] + rate * g,)


class Gradients:
    """The mean loss on samples X (n, …) with targets t, penalty included, and its gradient.

    >>> gradients = Gradients(chain, loss, X, t, rows=256)
    >>> value, gradient = gradients(flat)  # flat as chain.parameters.flat, gradient likewise

    The same bits on any number of threads.

    Parameters
    ----------
    chain, loss, X, t
        As a training has them.
    sample_weight : array (n,), optional
        All of them > 0.
    rows : int
        Samples in a batch, which have masks of their own.
    l2 : float
        The penalty λ: λ/2 times the sum of squared weights, biases left out, is added.
    seed : int or None
        Of dropout's masks, the same at each call; None is for prediction, without masks.
    threads : int
        That may be used; as many as pay are.

    Raises
    ------
    CannotLowerError
        The engine has no kernel for a part of the network.
    """

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        X: Any,
        t: Any,
        sample_weight: Array | None = None,
        *,
        rows: int,
        l2: float = 0.0,
        seed: int | None = None,
        threads: int = 1,
    ) -> None:
        n = int(X.shape[0])
        self.rows, self.order = min(rows, n), np.arange(n)
        weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.whole = n // self.rows * self.rows
        batches = np.add.reduceat(weights, np.arange(0, n, self.rows))
        self.shares = batches / batches.sum()
        self.steps = Steps(
            chain,
            loss,
            Sum(),
            X,
            t,
            sample_weight,
            l2=l2,
            seed=seed,
            threads=threads_for(chain, loss, self.rows, threads),
        )
        self.steps.prepare(self.rows)
        self.parameters = chain.parameters.empty_like()

    def __call__(self, flat: Array) -> tuple[float, Array]:
        """Return the loss and its gradient, in the chain's float type, at flat parameters."""
        steps, result = self.steps, self.parameters
        result.flat[...] = flat
        steps.weights.load(result)
        result.flat[...] = 0
        steps.weights.load(result, slot=0)
        steps.done = 0
        values = steps.run(self.order[: self.whole], self.rows, self.shares[: self._full])
        if len(values) == self._full and self.whole < len(self.order):
            rest = self.order[self.whole :]
            values = np.append(values, steps.run(rest, len(rest), self.shares[self._full :]))
        steps.weights.store(result, slot=0)
        return float(values @ self.shares[: len(values)]), result.flat.copy()

    @property
    def _full(self) -> int:
        """Batches of the full size."""
        return self.whole // self.rows
