"""Checkpoints of an estimator's fit: its parameters are compared, its random state goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.estimators import resolve
from chainrule.estimators.stopping import StoppingMonitor
from chainrule.functions.fields import check_number
from chainrule.training import Checkpoint
from chainrule.training.checkpoint import EVERY
from chainrule.training.identity import LEARNED, Identity, described, digest_of
from chainrule.training.random_states import (
    random_state_snapshot,
    restore_random_state,
    same_state,
)
from chainrule.training.snapshot import Reader

__all__ = ["FitCheckpoint", "random_state_of"]

FREE = ("max_iter", "max_fun", "max_seconds", "n_jobs", "engine", "verbose")
"""Parameters that may be others when a fit goes on: on them no bit of what is done depends."""

SEEDED = "random_state"


class FitCheckpoint(Checkpoint):
    """The checkpoint of a fit.

    Parameters
    ----------
    path : str or path
        Of the file.
    every : float or None
        Seconds from one to the next, at least; None takes the usual.

    Attributes
    ----------
    random_state : RandomState
        From which the fit draws: as it was when the fit began that goes on.
    """

    random_state: np.random.RandomState

    def __init__(self, path: str | os.PathLike[str], every: float | None = None) -> None:
        self.checkpoint_every = EVERY if every is None else every
        check_number(self, "checkpoint_every", low=0.0)
        super().__init__(path, self.checkpoint_every)
        self._learned: tuple[Any, Any]
        self._said: Identity = {}

    def of_fit(self, inputs: Any, targets: Any) -> FitCheckpoint:
        """Return it; what was learned of raw samples and answers is a part of what the fit is."""
        self._learned, self._said = (inputs, targets), {}
        return self

    def said(self) -> Identity:
        """Return the parameters, and what was learned of raw samples and answers."""
        if not self._said:
            inputs, targets = self._learned
            learned = {**inputs.learned(), "answers": targets.to_json()}
            own = {name: f"{LEARNED}#{digest_of(each)}" for name, each in learned.items()}
            self._said = {**self.about, **own}
        return self._said

    def begin(self, estimator: Any) -> None:
        """Take note of an estimator's parameters, and go on with its random state.

        Parameters
        ----------
        estimator : NetworkEstimator or TableEstimator
            Whose parameters are what the fit is, all but those that may change.

        Raises
        ------
        ValueError
            The file is of another training; the message names the difference. A RandomState, too,
            must be as it was when that fit began, and is left where that fit leaves it.
        """
        self.about = _identity(estimator)
        self.read()
        self.compare("about", self.about, whole=False)
        given = estimator.random_state
        own = isinstance(given, np.random.RandomState)
        self.random_state = resolve.random_state(given) if own else check_random_state(given)
        if not self.found:
            where = f"{type(estimator).__name__}.fit: {SEEDED}"
            self.notes[SEEDED] = random_state_snapshot(self.random_state, where)
            return
        if own and not same_state(self.random_state, self.notes.get(SEEDED)):
            raise self.error(
                "is of another training: random_state: another state of the RandomState here than "
                "there; expected the one with which that fit began. Give a RandomState of the same "
                "seed, or delete the file, or name another, to begin anew"
            )
        if given is None:  # not NumPy's own, on which others draw
            self.random_state = np.random.RandomState()
        try:
            restore_random_state(self.random_state, Reader(self.notes, "notes").part(SEEDED))
        except ValueError as error:
            raise self.error(f"does not go on here: {error}") from error

    def restore(self, identity: Callable[[], Identity], run: Any) -> bool:
        """Let a run go on from the file that was read, as every `Checkpoint` does.

        Raises
        ------
        ValueError
            The file is of another training, or is not as chainrule writes it: what the estimator
            knows of its epochs, too, must be of those that the run has.
        """
        monitor = getattr(run, "watcher", None)
        if not isinstance(monitor, StoppingMonitor):  # L-BFGS has none
            return super().restore(identity, run)
        before = len(monitor.record.losses)
        restored = super().restore(identity, run)
        found, expected = len(monitor.record.losses), before + len(run.history.epochs)
        if restored and found != expected:
            raise self.error(
                f"does not go on here: checkpoint.watcher.record.losses: expected {expected} "
                f"losses, one for each epoch, got {found}"
            )
        return restored

    @classmethod
    def of(
        cls, estimator: Any, path: str | os.PathLike[str] | None, every: float | None
    ) -> FitCheckpoint | None:
        """Return the checkpoint of a fit, None where no file is named."""
        if path is not None:
            checkpoint = cls(path, every)
            checkpoint.begin(estimator)
            return checkpoint
        if every is not None:
            raise ValueError(
                f"{type(estimator).__name__}.fit: expected checkpoint as the name of a file with "
                f"checkpoint_every={every!r}, got None"
            )
        return None


def random_state_of(estimator: Any, checkpoint: FitCheckpoint | None) -> np.random.RandomState:
    """Return what a fit draws from, the same for all processes that share it."""
    given = estimator.random_state if checkpoint is None else checkpoint.random_state
    return resolve.random_state(given)


def _identity(estimator: Any) -> Identity:
    """Return what an estimator is, parameter by parameter."""
    parameters = estimator.get_params(deep=False)
    own = {name: described(each) for name, each in parameters.items() if name not in FREE}
    if isinstance(parameters[SEEDED], np.random.RandomState):
        own[SEEDED] = "a RandomState"
    return {"estimator": type(estimator).__name__, **own}
