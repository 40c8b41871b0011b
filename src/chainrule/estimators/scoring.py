"""What is watched in training: scores on a validation set, and who is shown how it goes.

A score is an estimator's own, or one of scikit-learn's scorers. These want a fitted estimator: in
the midst of a training they are given a twin of the one that is being fitted, with the chain as it
is by then, and samples that are validated already.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring, get_scorer_names

from chainrule.chain import Chain
from chainrule.estimators.course import Watched
from chainrule.estimators.fitted import FittedNetwork
from chainrule.training import Epoch, ProgressBar, Reporter
from chainrule.training.samples import Samples

Array = NDArray[Any]

LOSS = "loss"
"""What ``scoring`` says where the validation loss is watched, and the score is the usual one."""

NAMES = {LOSS, *get_scorer_names()}


class Metric:
    """The score of a chain in training on a validation set, by scikit-learn's scorer.

    Parameters
    ----------
    estimator : the one that is being fitted; ``scoring`` is its parameter
    chain : its network, whose parameters training moves
    validation : samples as the chain takes them
    labels : what the targets are (n,) or (n, k), as users gave them
    """

    def __init__(self, estimator: Any, chain: Chain, validation: Samples, labels: Array) -> None:
        self.twin = copy.copy(estimator)
        self.twin._set_network(chain)
        self.twin._validated = lambda X: X
        self.scorer = check_scoring(self.twin, scoring=estimator.scoring)
        self.X, self.y, self.weights = validation.X, labels, validation.weights

    def __call__(self, Y: Array, t: Array) -> float:
        """Return the score of the chain as it is now; its outputs Y are made anew."""
        if not np.isfinite(Y).all():
            return float("nan")
        own = {} if self.weights is None else {"sample_weight": self.weights}
        return float(self.scorer(self.twin, self.X, self.y, **own))


class Printer:
    """A reporter that prints a line for each epoch, as scikit-learn's networks do."""

    def started(self, epochs: int, samples: int) -> None:
        """Say nothing."""

    def stepped(self, samples: int, loss: float) -> None:
        """Say nothing."""

    def finished(self, epoch: Epoch) -> None:
        """Print the epoch's loss, and its validation score."""
        print(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}")
        if epoch.validation_score is not None:
            print(f"Validation score: {epoch.validation_score:f}")

    def ended(self, history: Any) -> None:
        """Say nothing."""


class WatchedTraining(FittedNetwork):
    """Networks in training: what is watched, by which scores, and who is shown it."""

    def _watched(self) -> Watched:
        if not self.early_stopping:
            return "Training loss"
        return "Validation loss" if self.scoring == LOSS else "Validation score"

    def _scorer(
        self, chain: Chain, validation: Samples | None
    ) -> Callable[[Array, Array], float] | None:
        """Return the score of the chain's outputs for the validation set."""
        if validation is None:
            return None
        if self.scoring not in (None, LOSS):
            return Metric(self, chain, validation, self._labels_of(validation.t))
        weights = validation.weights
        return lambda Y, t: self._score_outputs(Y, t, weights)

    def _printer(self) -> Reporter | None:
        """Return who shows how training goes, if anybody should."""
        if self.verbose == "bar":
            return ProgressBar()
        return Printer() if self.verbose else None
