"""What happened in training: epoch by epoch, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from chainrule.types import Array

Score = Callable[[Array, Array], float]
"""A function of outputs Y and targets t; higher is better."""

End = Literal["epochs", "converged", "validation", "interrupted", "diverged"]


@dataclass(frozen=True)
class Batches:
    """The batches of an epoch in their order, (batches,) each.

    ``losses`` before their steps, penalties included; the ``penalties`` alone; ``sizes`` in
    samples; and ``weights``, the sums of the samples' weights.
    """

    losses: Array
    penalties: Array
    sizes: Array
    weights: Array


def weighted_mean(batches: Batches) -> float:
    """Return the mean loss of an epoch's samples, each with its weight."""
    return float(batches.losses @ batches.weights / batches.weights.sum())


@dataclass(frozen=True)
class Epoch:
    """One pass over the data; ``loss`` is the (weighted) mean over it, penalty included.

    An iteration of L-BFGS is one, too, and has NaN as learning rate.
    """

    number: int
    loss: float
    learning_rate: float
    seconds: float
    validation_loss: float | None = None
    validation_score: float | None = None


@dataclass
class History:
    """All epochs, why training ended, and the epoch whose parameters were kept.

    ``kept`` is 0 where the parameters are those of no whole epoch; ``engine`` says who took the
    steps, "machine" code or the "reference"; ``trouble`` what made training diverge, if it did.
    """

    epochs: list[Epoch] = field(default_factory=list)
    end: End = "epochs"
    kept: int = 0
    engine: str = "reference"
    trouble: str = ""

    @property
    def losses(self) -> list[float]:
        """The training loss of each epoch."""
        return [epoch.loss for epoch in self.epochs]

    @property
    def seconds(self) -> float:
        """How long all epochs took."""
        return sum(epoch.seconds for epoch in self.epochs)

    def describe(self) -> str:
        """Return in a sentence how training ended."""
        count = f"{len(self.epochs)} epoch{'s' if len(self.epochs) != 1 else ''}"
        if self.end == "converged":
            return f"converged after {count}"
        if self.end == "validation":
            return f"stopped after {count}, kept the best, epoch {self.kept}"
        if self.end in ("interrupted", "diverged"):
            return f"{self.end} after {count}" + (f", kept epoch {self.kept}" * bool(self.kept))
        kept = "" if self.kept in (0, len(self.epochs)) else f", kept the best, epoch {self.kept}"
        return f"ran {'all ' * (len(self.epochs) > 1)}{count}{kept}"


class TrainingDivergedError(ArithmeticError):
    """The loss became infinite or NaN; the message says when, and what to do.

    ``history`` has the epochs that went well before.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class Reporter(Protocol):
    """Who wants to hear how training goes."""

    def started(self, epochs: int, samples: int) -> None:
        """Hear that training starts: epochs at most, samples in each."""

    def stepped(self, samples: int, loss: float) -> None:
        """Hear that a step is done: samples in it, and their loss."""

    def finished(self, epoch: Epoch) -> None:
        """Hear that an epoch is done."""

    def ended(self, history: History) -> None:
        """Hear that training is over, however it ended."""


class Relay:
    """A reporter that passes all it hears on to another, if there is one: a base for others."""

    def __init__(self, reporter: Reporter | None) -> None:
        self.reporter = reporter

    def started(self, epochs: int, samples: int) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.started(epochs, samples)

    def stepped(self, samples: int, loss: float) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.stepped(samples, loss)

    def finished(self, epoch: Epoch) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.finished(epoch)

    def ended(self, history: History) -> None:
        """Pass it on."""
        if self.reporter is not None:
            self.reporter.ended(history)


def accuracy(Y: Array, t: Array) -> float:
    """Return the share of samples whose most probable class is the true one.

    Y (n, k) with t (n,) class numbers or (n, k); or Y (n, 1) probabilities with t of 0 and 1.
    """
    if Y.shape[1] == 1:
        return float(np.mean((Y[:, 0] > 0.5) == (np.reshape(t, -1) > 0.5)))
    labels = t if np.ndim(t) == 1 else np.argmax(t, axis=1)
    return float(np.mean(np.argmax(Y, axis=1) == labels))


def r_squared(Y: Array, t: Array) -> float:
    """Return the share of the targets' variance that the outputs explain, at most 1."""
    T = np.reshape(t, Y.shape).astype(np.float64)
    rest, whole = np.sum((T - Y) ** 2), np.sum((T - T.mean(axis=0)) ** 2)
    return float(1 - rest / whole) if whole > 0 else float(rest == 0)
