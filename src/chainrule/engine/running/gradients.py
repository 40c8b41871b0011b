"""The loss on all samples and its gradient, by the engine, at any parameters.

The gradient is what an optimizer with the rule s ← s + rate·g finds in its state, where a batch's
rate is its share of the samples; no parameter moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from chainrule.chain import Chain
from chainrule.engine.running.steps import Steps, threads_for
from chainrule.losses import Loss
from chainrule.types import Array


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
    bounds : sequence of int, optional
        Where parts of the samples begin, and where the last one ends; one part by default.
    whole : float, optional
        What more samples weigh together, of which these are some; by default these alone.
    first_batch : int
        Batches of those samples that come before, which have masks of their own.

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
        bounds: Sequence[int] | None = None,
        whole: float | None = None,
        first_batch: int = 0,
    ) -> None:
        n = int(X.shape[0])
        self.rows = min(rows, n)
        weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.parts: list[_Part] = []
        for start, stop in pairwise((0, n) if bounds is None else bounds):
            batches = _sums(weights[start:stop], self.rows)
            self.parts.append(_Part(np.arange(start, stop), batches, first_batch))
            first_batch += len(batches)
        total = np.concatenate([part.fractions for part in self.parts]).sum()
        for part in self.parts:
            part.fractions /= total if whole is None else whole
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
        return self.of_part(flat, 0)

    def of_part(self, flat: Array, number: int) -> tuple[float, Array]:
        """Return what a part of the samples adds to the loss, and to its gradient."""
        steps, result, part = self.steps, self.parameters, self.parts[number]
        result.flat[...] = flat
        steps.weights.load(result)
        result.flat[...] = 0
        steps.weights.load(result, slot=0)
        steps.done = part.first_batch
        full = len(part.order) // self.rows
        values = np.zeros(0)
        if full:
            values = steps.run(part.order[: full * self.rows], self.rows, part.fractions[:full])
        if len(values) == full < len(part.fractions):
            rest = part.order[full * self.rows :]
            values = np.append(values, steps.run(rest, len(rest), part.fractions[full:]))
        steps.weights.store(result, slot=0)
        return float(values @ part.fractions[: len(values)]), result.flat.copy()


@dataclass
class _Part:
    """Some samples, in batches: their numbers, what each batch counts, and how many come before."""

    order: Array
    fractions: Array
    first_batch: int


def _sums(weights: Array, rows: int) -> Array:
    """Return the sums of batches of so many weights; the last one may have fewer."""
    return np.add.reduceat(weights, np.arange(0, len(weights), rows)) if len(weights) else weights
