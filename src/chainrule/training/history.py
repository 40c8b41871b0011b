"""What happened in training: epoch by epoch, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chainrule.types import Array

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

    ``kept`` is 0 where the parameters are those of no whole epoch; ``engine`` is "machine"
    where machine code took the steps, else "reference"; ``trouble`` is what made training diverge,
    if it did.
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
