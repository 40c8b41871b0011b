"""When to stop: nothing has improved for a while."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from chainrule.functions.fields import check_count, check_number
from chainrule.training.history import Epoch
from chainrule.training.snapshot import Reader, Snapshot, numbers_of


@dataclass(frozen=True)
class Patience:
    """Stop when the watched number has not improved for ``epochs`` epochs.

    The validation score is watched where there is one, else the validation loss, else the
    training loss.

    Parameters
    ----------
    epochs : int, default=10
        How many epochs without improvement are one too many.
    tolerance : float, default=0.0001
        By how much a number must be better to be an improvement.
    """

    epochs: int = 10
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_count(self, "epochs")
        check_number(self, "tolerance", low=0.0)


class Watcher(Protocol):
    """Decides, after each epoch, whether it was the best, and whether to stop."""

    def see(self, epoch: Epoch) -> bool:
        """Take note of an epoch; return whether it is the best so far."""

    def exhausted(self, epoch: Epoch) -> bool:
        """Return whether training should stop."""


class PatientWatcher:
    """Follows the watched number through training, with patience or without."""

    def __init__(self, patience: Patience | None) -> None:
        self.patience = patience
        self.best, self.best_epoch = (-math.inf, -math.inf), 0
        self._mark, self._marked = -math.inf, 0

    def see(self, epoch: Epoch) -> bool:
        """Take note of an epoch; return whether it is the best so far.

        Raises
        ------
        ValueError
            The score of the first epoch is NaN. Later such an epoch is not the best.
        """
        value = _watched(epoch)
        if math.isnan(value):
            if epoch.number == 1:
                raise ValueError("train: expected a number as score of epoch 1, got NaN")
            return False
        if self._marked == 0 or value > self._mark + (self.patience or Patience()).tolerance:
            self._mark, self._marked = value, epoch.number
        rank = (value, -(epoch.loss if epoch.validation_loss is None else epoch.validation_loss))
        if self.best_epoch == 0 or rank > self.best:  # of equal scores, the lower loss
            self.best, self.best_epoch = rank, epoch.number
            return True
        return False

    def exhausted(self, epoch: Epoch) -> bool:
        """Return whether the patience is."""
        return self.patience is not None and epoch.number - self._marked >= self.patience.epochs

    def snapshot(self) -> Snapshot:
        """Return which epoch was the best, and from which on nothing has improved."""
        return {
            "best": numbers_of(self.best),
            "best_epoch": self.best_epoch,
            "mark": float(self._mark),
            "marked": self._marked,
        }

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("best", "best_epoch", "mark", "marked")
        value, rank = reader.array("best", np.float64, (2,)).tolist()
        self.best, self.best_epoch = (value, rank), reader.whole("best_epoch")
        self._mark, self._marked = reader.number("mark"), reader.whole("marked")


def _watched(epoch: Epoch) -> float:
    """Return the watched number of an epoch, higher being better."""
    if epoch.validation_score is not None:
        return epoch.validation_score
    return -(epoch.loss if epoch.validation_loss is None else epoch.validation_loss)
