"""Training steps in NumPy, by chain.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.chain import Chain
from chainrule.functions import RandomKey
from chainrule.losses import Loss
from chainrule.training.factors import factors_of
from chainrule.training.optimizers import Optimizer, State
from chainrule.training.samples import Samples
from chainrule.training.stepper import StepOptions
from chainrule.types import Array


class ReferenceStepper:
    """Steps by chain.py: forward, backprop, update, in NumPy."""

    engine = "reference"
    first_not_finite: int | None = None

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        optimizer: Optimizer,
        options: StepOptions,
        reason: str = "",
    ) -> None:
        self.reason = reason
        self.chain, self.loss, self.data, self.optimizer = chain, loss, data, optimizer
        self.options = options
        self.parameters = chain.parameters
        self.gradients = chain.parameters.empty_like()
        self.penalized = chain.weight_mask() if options.l2 else None
        self.state = optimizer.start(self.parameters.flat)
        self.factors = _factors(chain, optimizer)
        self.done = 0
        self.sparse: Any = None
        self.first = 0

    def at_once(self, size: int) -> int:
        """Return 1: a step is long enough."""
        return 1

    def renew(self, rows: slice, X: Any = None) -> None:
        """Take note of sparse samples; of others batches are taken from the data as they are."""
        if X is not None:
            self.sparse, self.first = X, rows.start

    def leave_room(self, busy: bool) -> None:
        """Do nothing: NumPy decides on threads."""

    def store(self) -> None:
        """Do nothing: the parameters are the chain's own."""

    def load(self) -> None:
        """Do nothing: the parameters are the chain's own."""

    def resume(self, state: State) -> None:
        """Continue with an optimizer's state."""
        self.done = state.steps
        for own, slot in zip(self.state, state.slots, strict=True):
            own[...] = slot

    def keep(self, state: State) -> None:
        """Put the optimizer's state there."""
        state.steps = self.done
        for own, slot in zip(self.state, state.slots, strict=True):
            slot[...] = own

    def outputs(self, X: Any) -> Array:
        """Return what the loss takes of samples X."""
        _, count = self.chain.fuse(self.loss)
        with np.errstate(over="ignore", invalid="ignore"):  # checked by the caller
            return np.asarray(self.chain.trace(X, until=count)[-1])

    def take(
        self, rows: Array, size: int, factors: Array, changes: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows."""
        taken: list[tuple[float, float]] = []
        for step, factor in enumerate(factors):
            batch = self._batch(rows[step * size : (step + 1) * size])
            now = {name: float(values[step]) for name, values in changes.items()}
            taken.append(self._step(batch, float(factor), now))
            if not np.isfinite(taken[-1][0]):
                break
        values, penalties = np.array(taken).T
        return values, penalties

    def _batch(self, rows: Array) -> Samples:
        """Return the samples of some rows."""
        if self.sparse is None:
            return self.data.at(rows)
        weights = None if self.data.weights is None else self.data.weights[rows]
        return Samples(self.sparse[rows - self.first], self.data.t[rows], weights)

    def _step(
        self, batch: Samples, factor: float, now: dict[str, float]
    ) -> tuple[float, float]:
        """Take one step with hyperparameters as they are now.

        Return the loss before it, and the penalty in it.
        """
        penalty = 0.0
        key = RandomKey(self.options.seed, self.done)
        flat = self.parameters.flat
        with np.errstate(over="ignore", invalid="ignore"):  # checked by the caller
            last, count = self.chain.fuse(self.loss)
            trace = self.chain.trace(batch.X, key, until=count)
            try:
                value, dY = last.value_and_gradient(trace[-1], batch.t, batch.weights)
            except ValueError:  # outputs that the loss refuses, such as 0 of Poisson's
                if not self.done:
                    raise
                value, dY = np.nan, np.full_like(trace[-1], np.nan)
            gradients, _ = self.chain.backprop(trace, dY, key, out=self.gradients)
            observed = self.chain.observe(trace, key)
            if self.penalized is not None:
                weights = np.where(self.penalized, flat, 0)
                l2 = self.options.l2 / batch.weight if self.options.l2_shared else self.options.l2
                gradients.flat[...] += l2 * weights
                penalty = l2 / 2 * float(np.dot(weights, weights))
                value += penalty
            if self.options.clip_norm is not None:
                length = np.linalg.norm(gradients.flat)
                if not length <= self.options.clip_norm:
                    # Of an infinite length no direction is left: NaN stops the training.
                    gradients.flat[...] *= self.options.clip_norm / length + (length - length)
            self.done += 1
            if np.isfinite(value):
                self._update(gradients.flat, factor, now)
                for name, array in observed.items():
                    self.parameters[name][...] = array
            else:
                made = self.chain.trace(batch.X, key)[1:]
                wrong = (place for place, Y in enumerate(made) if not np.isfinite(Y).all())
                self.first_not_finite = next(wrong, None)
        return value, penalty

    def _update(self, gradient: Array, factor: float, now: dict[str, float]) -> None:
        """Move the parameters."""
        rates: Any = factor * self.factors.get("learning_rate", 1.0)
        own = {name for name in self.factors if name != "learning_rate"} | set(now)
        values = {
            name: now.get(name, getattr(self.optimizer, name)) * self.factors.get(name, 1.0)
            for name in own
        }
        optimizer = self.optimizer.with_values(**values) if values else self.optimizer
        optimizer.update(self.parameters.flat, gradient, self.state, factor=rates, step=self.done)


def _factors(chain: Chain, optimizer: Optimizer) -> dict[str, Any]:
    """Return a factor for each parameter, for each hyperparameter that has factors."""
    flat = {}
    for hyperparameter, factors in factors_of(chain, optimizer).items():
        each = chain.parameters.empty_like()
        for name, view in each.items():
            view[...] = factors.get(name, 1.0)
        flat[hyperparameter] = each.flat
    return flat
