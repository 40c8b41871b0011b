"""The training loop: batches, gradients, updates, until it is time to stop.

Nothing here knows any particular function, loss or optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from chainrule import random
from chainrule.chain import Chain
from chainrule.losses import Loss, fused
from chainrule.training import augmentation
from chainrule.training.augmentation import Augmentation
from chainrule.training.history import (
    Batches,
    Epoch,
    History,
    Reporter,
    Score,
    TrainingDivergedError,
    weighted_mean,
)
from chainrule.training.optimizers import Adam, Optimizer, State
from chainrule.training.samples import Samples
from chainrule.training.schedules import Constant, Place, Schedule
from chainrule.training.steppers import Engine, Stepper, Terms, choose
from chainrule.training.stopping import Patience, PatientWatcher, Watcher
from chainrule.types import Array

Orders = Callable[[int, int], Array]
"""From the number of samples and that of the epoch, 1, 2, …, to the order of the samples."""

_EXAMPLES = {"optimizer": "Adam()", "schedule": "Cosine()", "patience": "Patience() or None"}


@dataclass(frozen=True)
class Plan:
    """How to train.

    Parameters
    ----------
    optimizer, schedule : how parameters move, and how the learning rate changes
    batch_size : samples in a step; None takes the whole set, which is gradient descent
    epochs : passes over the data, at most
    l2 : the penalty λ: λ/2 times the sum of squared weights, biases left out, is added to the loss
    l2_shared : whether the samples of a batch share the penalty, as scikit-learn's do: λ is then
        divided by their number, or by the sum of their weights
    clip_norm : the largest length of a step's gradient, penalty included: a longer one is scaled
        down to it; None leaves gradients as they are
    patience : when to stop early; None never does
    shuffle : whether each epoch has an order of its own; or who makes the orders
    augmentation : random changes that samples go through, others in each epoch, in this order
    seed : of shuffling, dropout and augmentation; the same seed gives the same bits
    epoch_loss : how the losses of an epoch's batches make the epoch's
    """

    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    batch_size: int | None = 32
    epochs: int = 100
    l2: float = 0.0
    l2_shared: bool = False
    clip_norm: float | None = None
    patience: Patience | None = Patience()
    shuffle: bool | Orders = True
    augmentation: tuple[Augmentation, ...] = ()
    seed: int = 0
    epoch_loss: Callable[[Batches], float] = weighted_mean

    def __post_init__(self) -> None:
        """Check what no other class checks."""
        parts = (("optimizer", Optimizer), ("schedule", Schedule), ("patience", Patience | None))
        for name, kind in parts:
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"Plan: expected {name} such as {_EXAMPLES[name]}, got {value!r}")
        size = 1 if self.batch_size is None else self.batch_size
        for name, value in (("batch_size", size), ("epochs", self.epochs)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"Plan: expected {name} to be a whole number >= 1, got {value!r}")
        if not (isinstance(self.l2, int | float | np.number) and 0 <= self.l2 < np.inf):
            raise ValueError(f"Plan: expected l2 to be a number >= 0, got {self.l2!r}")
        clip = 1.0 if self.clip_norm is None else self.clip_norm
        if not (isinstance(clip, int | float | np.number) and 0 < clip < np.inf):
            raise ValueError(
                f"Plan: expected clip_norm to be a number > 0 or None, got {self.clip_norm!r}"
            )


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
    watcher: Watcher | None = None,
    state: State | None = None,
    engine: Engine = "auto",
    threads: int | None = None,
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
    watcher
        Who decides which epoch is the best and when to stop, in place of the plan's patience.
    state
        The optimizer's numbers to go on with, from ``optimizer.begin(…)`` or from a training
        before; they are changed in place.
    engine
        "reference" takes the steps as chain.py does, in NumPy; "machine" by machine code, many
        times faster, equal up to rounding; "auto" by machine code where the engine has kernels for
        the whole network.
    threads
        Of the machine code; by default as many as pay, which may change on the way. Their number
        does not change a bit.

    Raises
    ------
    ValueError
        Data that do not fit the chain, the loss or each other, or are not finite.
    TrainingDivergedError
        The loss is no longer finite. The chain then has the parameters of the last good epoch.
    """
    plan = plan or Plan()
    data = Samples.of(X, t, sample_weight)
    data.check("train")
    held_out = None if validation is None else Samples.of(*validation)
    if held_out is not None:
        held_out.check("validation")
    if not chain.initialized:
        chain.initialize(data.X, seed=plan.seed)
    data = data.that_count()
    for samples in (data, held_out):
        if samples is not None:
            _check_fit(chain, loss, samples)
    originals = data.X
    if plan.augmentation:
        data = replace(data, X=augmentation.room(data.X, plan.augmentation, chain.dtype))
    stepper = choose(
        *(engine, threads, chain, loss, data, plan.optimizer),
        Terms(plan.l2, plan.l2_shared, plan.clip_norm, plan.seed),
        rows=min(plan.batch_size or len(data), len(data)),
    )
    if state is not None:
        _check_state(state, plan.optimizer, chain.parameters.flat)
        stepper.resume(state)
    watcher = PatientWatcher(plan.patience) if watcher is None else watcher
    run = _Run(chain, loss, data, originals, plan, stepper, held_out, score, reporter, watcher)
    if reporter is not None:
        reporter.started(plan.epochs, len(data))
    try:
        return run.all_epochs()
    finally:
        if state is not None:
            stepper.keep(state)
        if reporter is not None:
            reporter.ended(run.history)


def _check_fit(chain: Chain, loss: Loss, samples: Samples) -> None:
    """Complain, before any work is done, about data that do not fit the chain or the loss."""
    X = samples.X
    if X.shape[1:] != chain.layers[0].input_shape or X.dtype.kind not in "fiub":
        chain.forward(X[:1])  # says what the first function expected, or takes it
    Y = np.full((1, *chain.layers[-1].output_shape), 0.5, chain.dtype)
    for start in range(0, len(samples), 4096):  # few at a time: targets may grow to (n, k)
        t = samples.t[start : start + 4096]
        loss.targets(t, np.broadcast_to(Y, (len(t), *Y.shape[1:])))


def _check_state(state: State, optimizer: Optimizer, flat: Array) -> None:
    """Complain about the state of another optimizer, or of other parameters."""
    expected = [(flat.shape, flat.dtype)] * len(optimizer.slots)
    received = [(slot.shape, slot.dtype) for slot in state.slots]
    if received != expected:
        raise ValueError(f"train: expected a state of arrays {expected}, got {received}")


class _Run:
    """One call of train: everything that changes while it runs."""

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        originals: Any,
        plan: Plan,
        stepper: Stepper,
        validation: Samples | None,
        score: Score | None,
        reporter: Reporter | None,
        watcher: Watcher,
    ) -> None:
        self.chain, self.loss, self.data, self.plan = chain, loss, data, plan
        self.originals = originals
        self.validation, self.score, self.reporter = validation, score, reporter
        self.batch_size = min(plan.batch_size or len(data), len(data))
        self.steps_per_epoch = -(-len(data) // self.batch_size)
        self.parameters = chain.parameters
        self.stepper = stepper
        self.step = 0
        self.history = History(engine=stepper.engine)
        self.watcher = watcher
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
            self.stepper.store()
            self.settle()
        if self.validation is not None and history.kept:
            self.parameters.flat[...] = self.good
        return history

    def settle(self) -> None:
        """Keep, without a validation set, what the steps of an unfinished epoch have learned."""
        if not self.parameters.finite:
            self.parameters.flat[...] = self.good
        elif self.validation is None and not np.array_equal(self.parameters.flat, self.good):
            self.history.kept = 0

    def one_epoch(self, number: int) -> Epoch:
        """Pass over the data once."""
        begin, taken = perf_counter(), []
        rate, changes = self.plan.optimizer.learning_rate, self.plan.augmentation
        if changes:  # in place: the engine knows the samples by their addresses
            seed = self.plan.seed
            augmentation.augment(changes, self.originals, self.data.X, seed=seed, epoch=number)
        for rows, size in self.slices(number):
            factors = self.factors(len(rows) // size)
            values, penalties = self.stepper.take(rows, size, factors)
            self.step += len(values)
            rate = self.plan.optimizer.learning_rate * float(factors[len(values) - 1])
            if not np.isfinite(values[-1]):
                raise self.diverged(f"the loss became {values[-1]}", number, rate, self.origin())
            sizes = np.full(len(values), float(size))
            taken.append((values, penalties, sizes, self.data.shares(rows, size)))
            if self.reporter is not None:
                self.reporter.stepped(len(rows), float(values[-1]))
        self.stepper.store()
        if not self.parameters.finite:
            names = [name for name, w in self.parameters.items() if not np.isfinite(w).all()]
            raise self.diverged(f"the parameter {names[0]} became infinite or NaN", number, rate)
        seconds = perf_counter() - begin
        batches = Batches(*(np.concatenate(column) for column in zip(*taken, strict=True)))
        loss, score = self.validate(number, rate)
        return Epoch(number, self.plan.epoch_loss(batches), rate, seconds, loss, score)

    def slices(self, epoch: int) -> Iterator[tuple[Array, int]]:
        """Yield the rows of some batches, and the batches' size; the last batch may be short."""
        n, size = len(self.data), self.batch_size
        shuffle = self.plan.shuffle
        drawn = shuffle(n, epoch) if callable(shuffle) else None
        if drawn is not None and size < n:  # of one batch the order does not matter
            order = drawn
        elif shuffle and size < n:
            order = random.permutation(n, self.plan.seed, random.Stream.SHUFFLING, epoch)
        else:
            order = np.arange(n)
        full, start = n // size * size, 0
        while start < full:
            stop = min(full, start + self.stepper.at_once(size) * size)
            yield order[start:stop], size
            start = stop
        if full < n:
            yield order[full:], n - full

    def factors(self, steps: int) -> Array:
        """Return the schedule's factors for the next steps."""
        whole = self.plan.epochs * self.steps_per_epoch
        return self.plan.schedule.factors(Place(self.step, whole, self.steps_per_epoch), steps)

    def validate(self, number: int, rate: float) -> tuple[float | None, float | None]:
        """Return loss and score on the validation set, of predictions."""
        held_out = self.validation
        if held_out is None:
            return None, None
        last, pair = self.chain.functions[-1], fused(self.chain.functions[-1], self.loss)
        with np.errstate(over="ignore", invalid="ignore"):
            Y = self.stepper.outputs(held_out.X)
            loss = (pair or self.loss).value(Y, held_out.t, held_out.weights)
            if not np.isfinite(loss):
                raise self.diverged(f"the validation loss became {loss}", number, rate)
            if self.score is None:
                return loss, None
            score = float(self.score(last.forward(Y, {}) if pair else Y, held_out.t))
        if np.isnan(score):
            raise ValueError(f"train: expected a number as score of epoch {number}, got NaN")
        return loss, score

    def origin(self) -> str:
        """Return where what is not finite came up first."""
        place = self.stepper.first_not_finite
        if place is None:
            return " (all outputs were finite)"
        return f" (first seen in the output of function {place}, {self.chain.functions[place]})"

    def diverged(
        self, what: str, epoch: int, rate: float, origin: str = ""
    ) -> TrainingDivergedError:
        """Put the last good parameters back and return the error to raise."""
        self.parameters.flat[...] = self.good
        self.history.end = "diverged"
        kept = f"epoch {self.history.kept}" if self.history.kept else "the start"
        where = f"{what} in epoch {epoch}, step {self.step}{origin}"
        advice = (
            f", at a learning rate of {rate:g}: lower the learning rate, to {rate / 10:g} for a "
            f"start. The parameters are those of {kept}."
        )
        if self.step == 1 and what.startswith("the loss"):  # no update has been made yet
            advice = ", before any update: bring the numbers in X and t near 1, such as by scaling."
        self.history.trouble = where + advice
        return TrainingDivergedError(self.history.trouble, self.history)
