"""The training loop: batches, gradients, updates, until it is time to stop.

Nothing here knows any particular function, loss or optimizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from chainrule import random
from chainrule.chain import Chain
from chainrule.functions import Moment
from chainrule.losses import Loss
from chainrule.training.history import (
    Epoch,
    History,
    Reporter,
    Score,
    TrainingDivergedError,
)
from chainrule.training.optimizers import Adam, Optimizer
from chainrule.training.schedules import Constant, Place, Schedule
from chainrule.training.stopping import Patience, Watcher

Array = NDArray[Any]


@dataclass(frozen=True)
class Plan:
    """How to train.

    Parameters
    ----------
    optimizer, schedule : how parameters move, and how the learning rate changes
    batch_size : samples in a step; None takes the whole set, which is gradient descent
    epochs : passes over the data, at most
    l2 : the penalty λ: λ/2 times the sum of squared weights, biases left out, is added to the loss
    patience : when to stop early; None never does
    shuffle : whether each epoch has an order of its own
    seed : of shuffling and dropout; the same seed gives the same bits
    """

    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    batch_size: int | None = 32
    epochs: int = 100
    l2: float = 0.0
    patience: Patience | None = Patience()
    shuffle: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what no other class checks."""
        for name, value in (("batch_size", self.batch_size or 1), ("epochs", self.epochs)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"Plan: expected {name} to be a whole number >= 1, got {value!r}")
        if not (np.isfinite(self.l2) and self.l2 >= 0):
            raise ValueError(f"Plan: expected l2 to be a number >= 0, got {self.l2!r}")


@dataclass(frozen=True)
class Samples:
    """Inputs X (n, …), targets t and, perhaps, weights (n,)."""

    X: Any
    t: Array
    weights: Array | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def at(self, rows: Array) -> Samples:
        """Return some of the samples."""
        weights = None if self.weights is None else self.weights[rows]
        return Samples(self.X[rows], self.t[rows], weights)

    def check(self, name: str) -> None:
        """Complain about lengths that differ, no samples, and numbers that are none."""
        if len(self) == 0:
            raise ValueError(f"{name}: expected at least one sample, got none")
        for what, array in (("targets", self.t), ("sample weights", self.weights)):
            if array is not None and len(array) != len(self):
                raise ValueError(f"{name}: expected {len(self)} {what}, got {len(array)}")
        numbers = self.X.data if sparse.issparse(self.X) else self.X
        if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            if sparse.issparse(self.X):
                raise ValueError(f"{name}: expected finite X, got NaN or infinity in it")
            row, *place = (int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
            value = numbers[(row, *place)]
            at = ", ".join(map(str, place))
            raise ValueError(f"{name}: expected finite X, got {value} in sample {row} at ({at})")


def train(
    chain: Chain,
    loss: Loss,
    X: Any,
    t: Any,
    plan: Plan | None = None,
    *,
    sample_weight: Any = None,
    validation: tuple[Any, ...] | None = None,
    score: Score | None = None,
    reporter: Reporter | None = None,
) -> History:
    """Fit the parameters of a chain to X (n, …) and targets t; return what happened.

    A chain that has no parameters yet is initialized with the plan's seed. With a validation set
    the parameters of its best epoch are kept. Ctrl-C ends training as if it had been the last
    epoch.

    Parameters
    ----------
    validation
        (X, t) or (X, t, weights) that training does not see.
    score
        A function of outputs and targets, higher being better, for the validation set; without
        it the validation loss is watched.

    Raises
    ------
    ValueError
        Data that do not fit the chain, the loss or each other, or are not finite.
    TrainingDivergedError
        The loss is no longer finite. The chain then has the parameters of the last good epoch.
    """
    plan = plan or Plan()
    data = _samples(X, t, sample_weight)
    data.check("train")
    held_out = None if validation is None else _samples(*validation)
    if held_out is not None:
        held_out.check("validation")
    if not chain.initialized:
        chain.initialize(data.X, seed=plan.seed)
    run = _Run(chain, loss, data, plan, held_out, score, reporter)
    if reporter is not None:
        reporter.started(plan.epochs, len(data))
    try:
        return run.all_epochs()
    finally:
        if reporter is not None:
            reporter.ended(run.history)


def _samples(X: Any, t: Any, weights: Any = None) -> Samples:
    rows = X.tocsr() if sparse.issparse(X) else np.asarray(X)
    return Samples(rows, np.asarray(t), None if weights is None else np.asarray(weights, float))


class _Run:
    """One call of train: everything that changes while it runs."""

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        plan: Plan,
        validation: Samples | None,
        score: Score | None,
        reporter: Reporter | None,
    ) -> None:
        self.chain, self.loss, self.data, self.plan = chain, loss, data, plan
        self.validation, self.score, self.reporter = validation, score, reporter
        self.batch_size = min(plan.batch_size or len(data), len(data))
        self.steps_per_epoch = -(-len(data) // self.batch_size)
        self.parameters = chain.parameters
        self.gradients = chain.parameters.empty_like()
        self.penalized = chain.parameters.weight_mask() if plan.l2 else None
        self.state = plan.optimizer.start(self.parameters.flat)
        self.step = 0
        self.history = History()
        self.watcher = Watcher(plan.patience)
        self.good = self.parameters.flat.copy()

    def all_epochs(self) -> History:
        """Train until it is time to stop."""
        history = self.history
        try:
            for number in range(1, self.plan.epochs + 1):
                epoch = self.one_epoch(number)
                history.epochs.append(epoch)
                best = self.watcher.see(epoch)
                if best or self.validation is None:
                    self.good[...] = self.parameters.flat
                    history.kept = number
                if self.reporter is not None:
                    self.reporter.finished(epoch)
                if self.watcher.exhausted(epoch):
                    history.end = "converged" if self.validation is None else "validation"
                    break
        except KeyboardInterrupt:
            history.end = "interrupted"
        if self.validation is not None and history.kept:
            self.parameters.flat[...] = self.good
        return history

    def one_epoch(self, number: int) -> Epoch:
        """Pass over the data once."""
        begin, total = perf_counter(), 0.0
        rate = self.plan.optimizer.learning_rate
        for rows in self.batches(number):
            factor = self.plan.schedule.factor(self.place())
            rate = self.plan.optimizer.learning_rate * factor
            value = self.one_step(self.data.at(rows), factor)
            if not np.isfinite(value):
                raise self.diverged(f"the loss became {value}", number, rate)
            total += value * len(rows)
            if self.reporter is not None:
                self.reporter.stepped(len(rows), value)
        if not np.isfinite(self.parameters.flat).all():
            raise self.diverged("a parameter became infinite or NaN", number, rate)
        seconds = perf_counter() - begin
        loss, score = self.validate(number, rate)
        return Epoch(number, total / len(self.data), rate, seconds, loss, score)

    def one_step(self, batch: Samples, factor: float) -> float:
        """Take one step; return the loss before it."""
        moment = Moment(self.plan.seed, self.step)
        with np.errstate(over="ignore", invalid="ignore"):  # checked by the caller
            value, gradients = self.chain.gradient(
                self.loss, batch.X, batch.t, batch.weights, moment, out=self.gradients
            )
            if self.penalized is not None:
                weights = np.where(self.penalized, self.parameters.flat, 0)
                gradients.flat[...] += self.plan.l2 * weights
                value += self.plan.l2 / 2 * float(np.dot(weights, weights))
            self.step += 1
            if np.isfinite(value):
                self.plan.optimizer.update(
                    self.parameters.flat, gradients.flat, self.state, factor=factor, step=self.step
                )
        return value

    def batches(self, epoch: int) -> Iterator[Array]:
        """Yield the rows of each batch; the last may be short."""
        n = len(self.data)
        if self.plan.shuffle and self.batch_size < n:
            order = random.permutation(n, self.plan.seed, random.Stream.SHUFFLING, epoch)
        else:
            order = np.arange(n)
        for start in range(0, n, self.batch_size):
            yield order[start : start + self.batch_size]

    def validate(self, number: int, rate: float) -> tuple[float | None, float | None]:
        """Return loss and score on the validation set, of predictions."""
        held_out = self.validation
        if held_out is None:
            return None, None
        with np.errstate(over="ignore", invalid="ignore"):
            loss = self.chain.loss(self.loss, held_out.X, held_out.t, held_out.weights)
            if not np.isfinite(loss):
                raise self.diverged(f"the validation loss became {loss}", number, rate)
            if self.score is None:
                return loss, None
            return loss, float(self.score(self.chain.forward(held_out.X), held_out.t))

    def place(self) -> Place:
        """Return where training is."""
        return Place(self.step, self.plan.epochs * self.steps_per_epoch, self.steps_per_epoch)

    def diverged(self, what: str, epoch: int, rate: float) -> TrainingDivergedError:
        """Put the last good parameters back and return the error to raise."""
        self.parameters.flat[...] = self.good
        kept = f"epoch {self.history.kept}" if self.history.kept else "the start"
        message = (
            f"{what} in epoch {epoch}, step {self.step}, at a learning rate of {rate:g}: lower "
            f"the learning rate, to {rate / 10:g} for a start. The parameters are those of {kept}."
        )
        return TrainingDivergedError(message, self.history)
