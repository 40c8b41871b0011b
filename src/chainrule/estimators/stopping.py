"""When a training stops, as scikit-learn's networks do, epoch by epoch and call by call.

When nothing improves any more, how the learning rate falls, in which order samples come: drawn and
counted as scikit-learn does, so that the same ``random_state`` gives the same network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np

from chainrule.training.history import Batches, Epoch
from chainrule.training.optimizers import Optimizer, State
from chainrule.training.random_states import random_state_snapshot, restore_random_state
from chainrule.training.schedules import Schedule, TrainingPosition
from chainrule.training.snapshot import Reader, Snapshot, numbers_of, snapshot_of
from chainrule.types import Array

Kind = Literal["constant", "invscaling", "adaptive"]
Watched = Literal["Training loss", "Validation score", "Validation loss"]

SMALLEST_RATE = 1e-6
"""Where an adaptive learning rate stops training instead of falling."""


@dataclass
class FitRecord:
    """What is known of all epochs so far, over every call that went on with the same network."""

    losses: list[float] = field(default_factory=list)
    best_loss: float | None = np.inf
    scores: list[float] | None = None
    best_score: float | None = None
    validation_losses: list[float] | None = None
    lowest: float = np.inf
    stale: int = 0
    seen: int = 0
    start: float | None = None

    @classmethod
    def begin(cls, *, early_stopping: bool) -> FitRecord:
        """Return the record before the first epoch; scores are watched with early stopping."""
        return cls(best_loss=None, best_score=-np.inf) if early_stopping else cls()

    @classmethod
    def of(cls, estimator: Any, *, early_stopping: bool) -> FitRecord:
        """Return the record of a fitted estimator; what is watched only now has no best yet.

        ``lowest`` is left open: it belongs to the validation set at hand.
        """
        begin = cls.begin(early_stopping=early_stopping)
        best_loss = getattr(estimator, "best_loss_", None)
        best_score = getattr(estimator, "best_validation_score_", None)
        return cls(
            losses=list(getattr(estimator, "loss_curve_", [])),
            best_loss=begin.best_loss if best_loss is None else best_loss,
            scores=getattr(estimator, "validation_scores_", None),
            best_score=begin.best_score if best_score is None else best_score,
            validation_losses=getattr(estimator, "validation_loss_curve_", None),
            stale=getattr(estimator, "_no_improvement_count", 0),
            seen=getattr(estimator, "t_", 0),
            start=getattr(estimator, "_start_loss", None),
        )

    def attributes(self, *, early_stopping: bool) -> dict[str, Any]:
        """Return the fitted attributes that describe the epochs."""
        none_yet = early_stopping and self.scores is None
        return {
            "loss_curve_": self.losses,
            **({"loss_": self.losses[-1]} if self.losses else {}),
            "best_loss_": self.best_loss,
            "validation_scores_": [] if none_yet else self.scores,
            "best_validation_score_": self.best_score,
            "validation_loss_curve_": self.validation_losses,
            "t_": self.seen,
            "_no_improvement_count": self.stale,
            "_start_loss": self.start,
        }

    def snapshot(self) -> Snapshot:
        """Return all of it; of lists as arrays."""
        return {
            each.name: numbers_of(value) if isinstance(value, list) else _number(value)
            for each in fields(self)
            for value in [getattr(self, each.name)]
        }

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect(*(each.name for each in fields(self)))
        self.losses = reader.numbers("losses")
        self.scores, self.validation_losses = (
            reader.numbers(name) if reader.has(name) else None
            for name in ("scores", "validation_losses")
        )
        self.best_loss, self.best_score, self.start = (
            reader.number(name) if reader.has(name) else None
            for name in ("best_loss", "best_score", "start")
        )
        self.lowest = reader.number("lowest")
        self.stale, self.seen = reader.whole("stale"), reader.whole("seen")
        for name in ("scores", "validation_losses"):
            if len(getattr(self, name) or ()) > len(self.losses):
                raise ValueError(f"{reader.where}.{name}: expected at most one for each of losses")

    def add(self, epoch: Epoch, samples: int) -> None:
        """Append the numbers of an epoch."""
        self.seen += samples
        self.losses.append(epoch.loss)
        if epoch.validation_score is not None:
            self.scores = [*(self.scores or []), epoch.validation_score]
        if epoch.validation_loss is not None:
            self.validation_losses = [*(self.validation_losses or []), epoch.validation_loss]


@dataclass
class OptimizerState:
    """An optimizer at work: its numbers, and the learning rate as it is now."""

    rule: Optimizer
    state: State
    learning_rate: float
    dtype: np.dtype[Any]

    @classmethod
    def begin(cls, rule: Optimizer, parameters: Array) -> OptimizerState:
        """Return an optimizer before its first step."""
        return cls(rule, rule.begin(parameters), rule.learning_rate, parameters.dtype)

    def snapshot(self) -> Snapshot:
        """Return the learning rate; the stepper has the other numbers."""
        return {"learning_rate": float(self.learning_rate)}

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("learning_rate")
        self.learning_rate = reader.number("learning_rate")

    def fits(self, rule: Optimizer, parameters: Array) -> bool:
        """Return whether the numbers are those of such an optimizer and of such parameters."""
        return self.rule.slots == rule.slots and all(
            slot.shape == parameters.shape for slot in self.state.slots
        )

    def going_on(self, rule: Optimizer, parameters: Array) -> OptimizerState:
        """Return it with the same numbers, in the type of the parameters.

        The learning rate goes on as it is, unless the rule has another one than before.
        """
        slots = tuple(slot.astype(parameters.dtype) for slot in self.state.slots)
        state = State(slots, self.state.steps)
        same = rule.learning_rate == self.rule.learning_rate
        rate = self.learning_rate if same else rule.learning_rate
        return OptimizerState(rule, state, rate, parameters.dtype)


@dataclass
class CurrentRate(Schedule):
    """The learning rate that an optimizer at work has now."""

    optimizer: OptimizerState

    def factor(self, at: TrainingPosition) -> float:
        """Return the present rate over the first one."""
        first = self.optimizer.rule.learning_rate
        return self.optimizer.learning_rate / first if first else 1.0

    def factors(self, first: TrainingPosition, count: int) -> Array:
        """Return the same factor for all steps: the rate changes between epochs."""
        return np.full(count, self.factor(first))


@dataclass
class StoppingMonitor:
    """Watches a training: counts epochs without improvement, lowers the rate, says when to stop.

    Parameters
    ----------
    record : FitRecord
        Of the epochs so far, to which the coming ones are added.
    optimizer : OptimizerState or None
        Whose learning rate may fall; None for L-BFGS, which has none.
    samples : int
        In an epoch.
    tol, patience : float
        More than ``patience`` epochs in a row that improve by less than ``tol`` are too many.
    watched : str
        The training loss, or a score or loss on a validation set.
    kind : str
        What becomes of the learning rate: "constant", "invscaling" or "adaptive".
    power : float
        The exponent of "invscaling".
    verbose : bool
        Whether to print what is decided.
    follow : bool
        Whether the last epoch is kept until one is better than all of the calls before, as
        scikit-learn's warm starts keep it; else the network of before is kept until then.
    """

    record: FitRecord
    optimizer: OptimizerState | None
    samples: int
    tol: float
    patience: float
    watched: Watched
    verbose: bool
    kind: Kind = "constant"
    power: float = 0.5
    follow: bool = False
    _asked_to_stop: bool = False

    def stop(self) -> None:
        """Let this epoch be the last one."""
        self._asked_to_stop = True

    def see(self, epoch: Epoch) -> bool:
        """Take note of an epoch; return whether its parameters are the ones to keep so far.

        Raises
        ------
        ValueError
            The watched score of the first epoch is NaN. Later such an epoch is no improvement.
        """
        record = self.record
        record.add(epoch, self.samples)
        if self.watched == "Training loss":
            lowest = np.inf if record.best_loss is None else record.best_loss
            stale, best = epoch.loss > lowest - self.tol, True
            record.best_loss = min(lowest, epoch.loss)
        elif self.watched == "Validation loss":
            assert epoch.validation_loss is not None
            stale = epoch.validation_loss >= record.lowest - self.tol
            best = epoch.validation_loss < record.lowest
        else:
            assert epoch.validation_score is not None
            assert record.best_score is not None
            if epoch.number == 1 and np.isnan(epoch.validation_score):
                raise ValueError(
                    "scoring: expected a number as score of epoch 1, got NaN; scoring='loss' "
                    "watches the validation loss"
                )
            stale = not epoch.validation_score >= record.best_score + self.tol
            best = epoch.validation_score > record.best_score
        if best and self.watched != "Training loss":
            self.keep(epoch.validation_loss, epoch.validation_score)
        record.stale = record.stale + 1 if stale else 0
        self.follow = self.follow and not best
        return best or self.follow

    def keep(self, loss: float | None, score: float | None) -> None:
        """Take these numbers of a network on the validation set for the best ones so far."""
        self.record.lowest = np.inf if loss is None else loss
        self.record.best_score = score

    def exhausted(self, epoch: Epoch) -> bool:
        """Return whether to stop; an adaptive rate falls instead, as long as it can."""
        optimizer = self.optimizer
        if optimizer is not None and self.kind == "invscaling":
            optimizer.learning_rate = optimizer.rule.learning_rate / (
                (self.record.seen + 1) ** self.power
            )
        if self._asked_to_stop:
            return True
        if self.record.stale <= self.patience:
            return False
        if optimizer is None or self.kind != "adaptive":
            self._say("Stopping.")
            return True
        if optimizer.learning_rate <= SMALLEST_RATE:
            self._say("Learning rate too small. Stopping.")
            return True
        optimizer.learning_rate /= 5
        self._say(f"Setting learning rate to {optimizer.learning_rate:f}")
        self.record.stale = 0
        return False

    def snapshot(self) -> Snapshot:
        """Return the record, the optimizer's learning rate, and which epochs are kept."""
        return {
            "record": self.record.snapshot(),
            "optimizer": snapshot_of(self.optimizer),
            "follow": self.follow,
        }

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("record", "optimizer", "follow")
        reader.restore("record", self.record)
        if self.watched == "Validation score" and self.record.best_score is None:
            raise ValueError(f"{reader.where}.record.best_score: expected a number, got None")
        reader.restore("optimizer", self.optimizer)
        self.follow = reader.flag("follow")

    def _say(self, decision: str) -> None:
        if self.verbose:
            print(
                f"{self.watched} did not improve more than tol={self.tol:f} for {self.patience:g} "
                f"consecutive epochs. {decision}"
            )


@dataclass
class Shuffles:
    """Orders of the samples, each a shuffle of the one before, drawn by NumPy's RandomState."""

    random_state: np.random.RandomState
    order: Array | None = None
    epoch: int = 0

    def __call__(self, count: int, epoch: int) -> Array:
        """Return the order of an epoch; it is drawn once."""
        if self.order is not None and len(self.order) != count:
            raise ValueError(
                f"checkpoint.shuffle.order: expected the order of {count} samples, got that of "
                f"{len(self.order)}"
            )
        if self.order is None or epoch != self.epoch:
            positions = np.arange(count)
            self.random_state.shuffle(positions)
            self.order = positions if self.order is None else self.order[positions]
            self.epoch = epoch
        return self.order

    def snapshot(self) -> Snapshot:
        """Return the order of the epoch at hand, and from what the next one is drawn."""
        order = None if self.order is None else self.order.astype(np.int64)
        drawn = random_state_snapshot(self.random_state)
        return {"order": order, "epoch": self.epoch, "random_state": drawn}

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("order", "epoch", "random_state")
        self.order, self.epoch = None, reader.whole("epoch")
        if reader.has("order"):
            self.order = reader.array("order", np.int64).astype(np.intp)
            if not np.array_equal(np.sort(self.order), np.arange(len(self.order))):
                raise ValueError(f"{reader.where}.order: expected an order of samples")
        restore_random_state(self.random_state, reader.part("random_state"))


@dataclass(frozen=True)
class EpochLoss:
    """The loss of an epoch: every batch counts by its size, and outputs, if so, by their mean.

    Parameters
    ----------
    outputs : by how many the losses, but not the penalties, are divided
    """

    outputs: int = 1

    def __call__(self, batches: Batches) -> float:
        """Return the loss."""
        losses = (batches.losses - batches.penalties) / self.outputs + batches.penalties
        return float(losses @ batches.sizes / batches.sizes.sum())

    def of(self, loss: float, penalty: float = 0.0) -> float:
        """Return the loss of one batch, of the whole set, or of a validation set."""
        return loss if self.outputs == 1 else (loss - penalty) / self.outputs + penalty


def _number(value: float | None) -> float | int | None:
    """Return a number as JSON has it."""
    return value if value is None or type(value) is int else float(value)
