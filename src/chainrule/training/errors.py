"""The error of a training that diverges."""

from __future__ import annotations

from chainrule.training.history import History


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
