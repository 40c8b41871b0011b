"""Who takes the steps: the textbook, or the engine. The loop does not know which."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, Protocol

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.functions import Moment
from chainrule.losses import Loss, fused
from chainrule.training.crew import Crew
from chainrule.training.optimizers import Optimizer, State
from chainrule.training.samples import Samples
from chainrule.types import Array

Engine = Literal["auto", "machine", "reference"]

SLICE = 0.1
"""Seconds after which the engine comes back to Python, about."""


@dataclass(frozen=True)
class Terms:
    """What a step does beside the optimizer's rule, as the plan says it; and the seed of masks."""

    l2: float = 0.0
    l2_shared: bool = False
    clip_norm: float | None = None
    seed: int = 0


class Stepper(Protocol):
    """Takes training steps; a step is an update on the gradient of a batch's mean loss."""

    engine: str
    first_not_finite: int | None
    """Where a loss was not finite, the place of the first function whose output was neither."""

    def take(self, rows: Array, size: int, factors: Array) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows, the learning rate times each factor.

        Return the batches' losses before their steps, penalties included, and the penalties.
        Where a loss is not finite, it is the last one, and what the parameters are then does not
        matter.
        """

    def at_once(self, size: int) -> int:
        """Return how many steps on so many rows to take before looking at the clock again."""

    def store(self) -> None:
        """Put the parameters into the chain."""

    def resume(self, state: State) -> None:
        """Go on with an optimizer's state, which is copied."""

    def keep(self, state: State) -> None:
        """Put the optimizer's state there."""

    def outputs(self, X: Any) -> Array:
        """Return what the loss sees of samples X in prediction: of a pair, what goes into it."""


class Textbook:
    """Steps by chain.py: forward, backprop, update, in NumPy."""

    engine = "reference"
    first_not_finite: int | None = None

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        optimizer: Optimizer,
        terms: Terms,
    ) -> None:
        self.chain, self.loss, self.data, self.optimizer = chain, loss, data, optimizer
        self.terms = terms
        self.parameters = chain.parameters
        self.gradients = chain.parameters.empty_like()
        self.penalized = chain.parameters.weight_mask() if terms.l2 else None
        self.state = optimizer.start(self.parameters.flat)
        self.done = 0

    def at_once(self, size: int) -> int:
        """Return 1: a step is long enough."""
        return 1

    def store(self) -> None:
        """Do nothing: the parameters are the chain's own."""

    def resume(self, state: State) -> None:
        """Go on with an optimizer's state."""
        self.done = state.steps
        for own, slot in zip(self.state, state.slots, strict=True):
            own[...] = slot

    def keep(self, state: State) -> None:
        """Put the optimizer's state there."""
        state.steps = self.done
        for own, slot in zip(self.state, state.slots, strict=True):
            slot[...] = own

    def outputs(self, X: Any) -> Array:
        """Return what the loss sees of samples X."""
        pair = fused(self.chain.functions[-1], self.loss)
        until = len(self.chain.functions) - 1 if pair else None
        return np.asarray(self.chain.trace(X, until=until)[-1])

    def take(self, rows: Array, size: int, factors: Array) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows."""
        taken: list[tuple[float, float]] = []
        for step, factor in enumerate(factors):
            batch = self.data.at(rows[step * size : (step + 1) * size])
            taken.append(self._step(batch, float(factor)))
            if not np.isfinite(taken[-1][0]):
                break
        values, penalties = np.array(taken).T
        return values, penalties

    def _step(self, batch: Samples, factor: float) -> tuple[float, float]:
        """Take one step; return the loss before it, and the penalty in it."""
        penalty = 0.0
        moment = Moment(self.terms.seed, self.done)
        flat = self.parameters.flat
        with np.errstate(over="ignore", invalid="ignore"):  # checked by the caller
            value, gradients = self.chain.gradient(
                self.loss, batch.X, batch.t, batch.weights, moment, out=self.gradients
            )
            if self.penalized is not None:
                weights = np.where(self.penalized, flat, 0)
                l2 = self.terms.l2 / batch.weight if self.terms.l2_shared else self.terms.l2
                gradients.flat[...] += l2 * weights
                penalty = l2 / 2 * float(np.dot(weights, weights))
                value += penalty
            if self.terms.clip_norm is not None:
                length = np.linalg.norm(gradients.flat)
                if not length <= self.terms.clip_norm:
                    # Of an infinite length no direction is left: NaN stops the training.
                    gradients.flat[...] *= self.terms.clip_norm / length + (length - length)
            self.done += 1
            if np.isfinite(value):
                self.optimizer.update(
                    flat, gradients.flat, self.state, factor=factor, step=self.done
                )
            else:
                made = self.chain.trace(batch.X, moment)[1:]
                wrong = (place for place, Y in enumerate(made) if not np.isfinite(Y).all())
                self.first_not_finite = next(wrong, None)
        return value, penalty


class Machine:
    """Steps by the engine, many at a time."""

    engine = "machine"
    first_not_finite: int | None = None

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        optimizer: Optimizer,
        terms: Terms,
        *,
        rows: int,
        threads: int | None,
    ) -> None:
        from chainrule.engine.machine.availability import processors
        from chainrule.engine.planning.bags import moves_all_rows
        from chainrule.engine.running.steps import Steps, threads_for

        self.rate, self.rows = optimizer.learning_rate, rows
        if threads is None:
            worth = threads_for(
                *(chain, loss, rows, processors()),
                entries=data.X.nnz / len(data) if sparse.issparse(data.X) else None,
                all_rows=moves_all_rows(optimizer, terms.l2),
            )
            self.crew = Crew.of_at_most(worth)
        else:
            self.crew = Crew([threads])
        self.steps = Steps(
            *(chain, loss, optimizer, data.X, data.t, data.weights),
            l2=terms.l2,
            l2_shared=terms.l2_shared,
            clip=terms.clip_norm,
            seed=terms.seed,
            threads=self.crew.threads,
        )
        self.steps.prepare(rows)

    def at_once(self, size: int) -> int:
        """Return how many steps take about as long as a slice should."""
        return self.crew.steps(SLICE)

    def store(self) -> None:
        """Put the parameters into the chain."""
        self.steps.store()

    def resume(self, state: State) -> None:
        """Go on with an optimizer's state."""
        self.steps.resume(state.slots, state.steps)

    def keep(self, state: State) -> None:
        """Put the optimizer's state there."""
        state.steps = self.steps.done
        self.steps.keep(state.slots)

    def outputs(self, X: Any) -> Array:
        """Return what the loss sees of samples X."""
        return self.steps.outputs(X)

    def take(self, rows: Array, size: int, factors: Array) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows."""
        measured, begin = size == self.rows, perf_counter()  # the rest of an epoch is not
        if measured:
            self.steps.use(self.crew.threads)
            self.steps.prepare(size)
        planned = perf_counter()
        values = self.steps.run(rows, size, self.rate * factors)
        if measured:
            self.crew.took(len(factors), perf_counter() - planned, planned - begin)
        if not np.isfinite(values[-1]):
            self.first_not_finite = self.steps.first_not_finite(size)
        return values, self.steps.penalties[: len(values)]


def choose(
    engine: Engine,
    threads: int | None,
    chain: Chain,
    loss: Loss,
    data: Samples,
    optimizer: Optimizer,
    terms: Terms,
    *,
    rows: int,
) -> Stepper:
    """Return who takes the steps: the engine where it can, unless the textbook is asked for."""
    if engine not in ("auto", "machine", "reference"):
        raise ValueError(f"train: expected engine auto, machine or reference, got {engine!r}")
    if threads is not None and (isinstance(threads, bool) or threads < 1):
        raise ValueError(f"train: expected threads to be a whole number >= 1, got {threads!r}")
    given = chain, loss, data, optimizer, terms
    if engine != "reference":
        from chainrule.engine.machine.availability import UnsupportedError

        try:
            _check_runs(data, optimizer)
            return Machine(*given, rows=rows, threads=threads)
        except UnsupportedError as reason:
            if engine == "machine":
                raise ValueError(f"train: {reason}") from None
    return Textbook(*given)


def _check_runs(data: Samples, optimizer: Optimizer) -> None:
    from chainrule.engine.machine.availability import UnsupportedError, check_runs_here

    if type(optimizer).update is not Optimizer.update:
        raise UnsupportedError(f"{optimizer}: the engine does not know its own update")
    check_runs_here()
