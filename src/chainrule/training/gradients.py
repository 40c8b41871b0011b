"""The loss on all samples and its gradient: by the engine where it can, else in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.chain import Chain
from chainrule.functions import RandomKey
from chainrule.losses import Loss
from chainrule.training.probe import probe
from chainrule.training.samples import Samples
from chainrule.training.steppers import Engine
from chainrule.types import Array

LossAndGradient = Callable[[Array], tuple[float, Array]]
"""From flat parameters to the loss, penalty included, and its gradient."""

ROWS = 256
"""Samples in a batch, so that its activations stay in the caches; masks are drawn for each."""


def loss_and_gradient(
    chain: Chain,
    loss: Loss,
    data: Samples,
    *,
    l2: float = 0.0,
    seed: int | None = None,
    engine: Engine = "auto",
    threads: int | None = None,
) -> tuple[LossAndGradient, str]:
    """Return loss and gradient as a function of the parameters, and what computes them.

    Parameters
    ----------
    chain : Chain
        The chain, with its parameters.
    loss : Loss
        The loss that is differentiated.
    data : Samples
        The samples, the weights of all of them > 0.
    l2 : float, default=0.0
        The penalty λ: λ/2 times the sum of squared weights, biases left out, is added.
    seed : int, optional
        Of dropout's masks, the same at each call; None is for prediction, without masks.
    engine : {"auto", "machine", "reference"}, default="auto"
        "machine" or "reference" asks for one of the two.
    threads : int, optional
        That the engine may use; by default as many as there are processors.

    Returns
    -------
    evaluate : callable
        From flat parameters to the loss, penalty included, and its gradient.
    engine : str
        "machine" or "reference", what computes them.

    Raises
    ------
    ValueError
        The engine is asked for and has no kernel for a part of the network.
    """
    probe(chain, loss, data)
    reason = ""
    if engine != "reference":
        from chainrule.engine.machine.availability import (
            UnsupportedError,
            check_runs_here,
            processors,
        )
        from chainrule.engine.running.gradients import Gradients

        try:
            check_runs_here()
            gradients = Gradients(
                chain,
                loss,
                data.X,
                data.t,
                data.weights,
                l2=l2,
                seed=seed,
                rows=ROWS,
                threads=threads or processors(),
            )
            return gradients, "machine"
        except UnsupportedError as error:
            if engine == "machine":
                raise ValueError(f"engine='machine': {error}") from None
            reason = str(error)
    return InNumPy(chain, loss, data, l2, seed, reason), "reference"


class InNumPy:
    """Loss and gradient by chain.py; the chain's parameters move with the calls.

    ``reason`` is why it is not machine code, where it might have been.
    """

    def __init__(
        self, chain: Chain, loss: Loss, data: Samples, l2: float, seed: int | None, reason: str
    ) -> None:
        self.chain, self.loss, self.data, self.l2, self.seed = chain, loss, data, l2, seed
        self.reason, self.of_batch = reason, chain.parameters.empty_like()
        self.penalized = chain.weight_mask()
        # Where samples of a batch depend on each other, the whole set is the batch.
        self.size = len(data) if chain.observes else ROWS

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Return loss and gradient at flat parameters x."""
        data, flat = self.data, self.chain.parameters.flat
        flat[...] = x
        with np.errstate(over="ignore", invalid="ignore"):
            weights = np.where(self.penalized, flat, 0)
            value, gradient = self.l2 / 2 * float(weights @ weights), self.l2 * weights
            rows = np.arange(len(data))
            for step, first in enumerate(rows[:: self.size]):
                batch = data.at(rows[first : first + self.size])
                key = None if self.seed is None else RandomKey(self.seed, step)
                given = (self.loss, batch.X, batch.t, batch.weights, key)
                own, _ = self.chain.gradient(*given, out=self.of_batch)
                fraction = batch.weight / data.weight
                value += fraction * own
                gradient += fraction * self.of_batch.flat
        return value, gradient
