"""Errors of a training that diverges, that ends amid steps, or of which a rank fails."""

from __future__ import annotations

from chainrule.training.history import History
from chainrule.types import Array


class TrainingDivergedError(ArithmeticError):
    """The loss became infinite or NaN; the message names the epoch, and the remedy.

    Parameters
    ----------
    message : str
        What happened where, and what to do.
    history : History
        The epochs that went well before.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class StepsFailedError(Exception):
    """Of some steps to be taken one failed, and changed nothing; its cause says why.

    Parameters
    ----------
    values, penalties : ndarray
        Of the steps before it, as :meth:`Stepper.take` returns them.
    """

    def __init__(self, values: Array, penalties: Array) -> None:
        super().__init__(f"a step failed after {len(values)} others")
        self.values, self.penalties = values, penalties


class RankError(RuntimeError):
    """Another rank has failed; the message says which one, and why."""


class SilentRankError(RankError):
    """Other ranks have not been heard of for too long.

    Parameters
    ----------
    whom : str
        Which ones.
    seconds : float
        How long this has been waited for in vain.
    """

    def __init__(self, whom: str, seconds: float) -> None:
        super().__init__(f"no sign of life from {whom} for {seconds:.3g} seconds")
        self.seconds = seconds
