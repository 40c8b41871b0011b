"""What happened in training: epoch by epoch, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import compress, pairwise
from typing import Literal

import numpy as np

from chainrule.tables import html_table, number_text, text_table
from chainrule.types import Array

HEADING = ("epoch", "loss", "validation loss", "score", "learning rate", "seconds")
SHOWN = 5
"""Epochs that are shown from either end of a long training."""

End = Literal["epochs", "converged", "validation", "time", "interrupted", "diverged"]


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

    @classmethod
    def of_one_size(cls, losses: Array, penalties: Array, weights: Array, size: int) -> Batches:
        """Return batches that all have ``size`` samples."""
        return cls(losses, penalties, np.full(len(losses), float(size)), weights)

    @classmethod
    def together(cls, runs: Sequence[Batches]) -> Batches:
        """Return the batches of runs, one after the other."""
        parts = ([getattr(run, each.name) for run in runs] for each in fields(cls))
        return cls(*map(np.concatenate, parts))

    def __len__(self) -> int:
        return len(self.losses)


def weighted_mean(batches: Batches) -> float:
    """Return the mean loss of an epoch's samples, each with its weight."""
    return float(batches.losses @ batches.weights / batches.weights.sum())


@dataclass(frozen=True)
class Epoch:
    """One pass over the data, or an iteration of L-BFGS.

    Parameters
    ----------
    number : int
        1, 2, …
    loss : float
        The mean loss over the samples, each with its weight, penalty included.
    learning_rate : float
        The learning rate of its last step; NaN for L-BFGS.
    seconds : float
        How long it took, without validation.
    validation_loss : float or None, default=None
        The loss on the validation set, if there is one.
    validation_score : float or None, default=None
        The score on the validation set, if there is one.
    """

    number: int
    loss: float
    learning_rate: float
    seconds: float
    validation_loss: float | None = None
    validation_score: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the epoch as a row under :data:`HEADING`."""
        rate = None if math.isnan(self.learning_rate) else self.learning_rate  # L-BFGS has none
        numbers = (self.loss, self.validation_loss, self.validation_score, rate)
        return str(self.number), *map(number_text, numbers), f"{self.seconds:.2g}"

    def __repr__(self) -> str:
        said = zip(HEADING[1:], self.cells()[1:], strict=True)
        return f"epoch {self.number}: " + ", ".join(f"{what} {x}" for what, x in said if x)


@dataclass
class History:
    """All epochs, why training ended, and the epoch whose parameters were kept.

    Printed, and in a notebook, it is a table of the first epochs and the last.

    Parameters
    ----------
    epochs : list of Epoch, optional
        What happened, epoch by epoch.
    end : {"epochs", "converged", "validation", "time", "interrupted", "diverged"}, \
            default="epochs"
        Why training ended.
    kept : int, default=0
        The epoch whose parameters were kept; 0 where they are those of no whole epoch.
    engine : str, default="reference"
        "machine" where machine code took the steps, else "reference".
    trouble : str, default=""
        What made training diverge, if it did.
    reason : str, default=""
        Why NumPy took the steps though it was not asked to: what the engine has no kernel for.
    remarks : list of str, optional
        What else there is to say: that the loss has risen far above that of the start.
    start : float or None, default=None
        The loss of the start, with which the last one was compared.
    """

    epochs: list[Epoch] = field(default_factory=list)
    end: End = "epochs"
    kept: int = 0
    engine: str = "reference"
    trouble: str = ""
    reason: str = ""
    remarks: list[str] = field(default_factory=list)
    start: float | None = None

    @property
    def losses(self) -> list[float]:
        """The training loss of each epoch."""
        return [epoch.loss for epoch in self.epochs]

    @property
    def seconds(self) -> float:
        """How long all epochs took."""
        return sum(epoch.seconds for epoch in self.epochs)

    def not_scored(self) -> str:
        """Return in which epochs the validation score is NaN, "" if in none."""
        scores = [(epoch.number, epoch.validation_score) for epoch in self.epochs]
        none = [number for number, score in scores if score is not None and math.isnan(score)]
        if not none:
            return ""
        return (
            f"the validation score is NaN in {len(none)} of {len(scores)} epochs, the first of "
            f"them epoch {none[0]}; such an epoch is never the best"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        """Return the heading and a row for each of some epochs, without columns that are empty."""
        rows = [
            (*epoch.cells(), "kept" if epoch.number == self.kept else "") for epoch in self.epochs
        ]
        shown = SHOWN if len(rows) > 2 * SHOWN + 2 else len(rows)
        some = [
            row
            for place, row in enumerate(rows)
            if min(place, len(rows) - 1 - place) < shown or row[-1]
        ]
        gaps = [int(after[0]) - int(row[0]) > 1 for row, after in pairwise(some)]
        dots = ("…", *[""] * len(HEADING))
        rows = [(*HEADING, "")]
        for row, gap in zip(some, [*gaps, False], strict=True):
            rows += [row, dots] if gap else [row]
        kept = [any(row[column] for row in rows[1:]) for column in range(len(HEADING) + 1)]
        return [tuple(compress(row, kept)) for row in rows]

    @property
    def _total(self) -> str:
        return f"{self.describe()}, {self.seconds:.3g} s"

    def __repr__(self) -> str:
        rows = self._rows() if self.epochs else []
        return "\n".join([*([text_table(rows, range(len(rows[0])))] if rows else []), self._total])

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        heading, *rows = self._rows() if self.epochs else [()]
        return html_table(self._total, heading, rows, range(len(heading)))

    def describe(self) -> str:
        """Return in a sentence how training ended, and why NumPy took the steps if it did."""
        return self._ended() + (f"; in NumPy, for {self.reason}" if self.reason else "")

    def _ended(self) -> str:
        count = f"{len(self.epochs)} epoch{'s' if len(self.epochs) != 1 else ''}"
        if self.end == "converged":
            return f"converged after {count}"
        if self.end == "validation":
            kept = f"the best, epoch {self.kept}" if self.kept else "the network of before"
            return f"stopped after {count}, kept {kept}"
        if self.end in ("interrupted", "diverged"):
            return f"{self.end} after {count}" + (f", kept epoch {self.kept}" * bool(self.kept))
        kept = "" if self.kept in (0, len(self.epochs)) else f", kept the best, epoch {self.kept}"
        if self.end == "time":
            return f"stopped after {count}, as the time was over{kept}"
        return f"ran {'all ' * (len(self.epochs) > 1)}{count}{kept}"
