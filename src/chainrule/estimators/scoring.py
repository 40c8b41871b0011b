"""The monitored metric: scores on a validation set; and what shows how training goes.

A score is an estimator's own, or one of scikit-learn's scorers. These want a fitted estimator: in
the midst of a training they are given a twin of the one that is being fitted, with the chain as it
is by then, and samples that are validated already; a function is given a table's rows as they are.
"""

from __future__ import annotations

import copy
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names, r2_score

from chainrule.estimators.stopping import Watched
from chainrule.training import Epoch, History, ProgressBar, Reporter
from chainrule.training.samples import Samples
from chainrule.training.scores import Score
from chainrule.training.session import speaks
from chainrule.training.snapshot import Reader, Snapshot
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.estimators.fitting import FitJob


LOSS = "loss"
"""What ``scoring`` says where the validation loss is watched, and the score is the usual one."""

NAMES = {LOSS, *get_scorer_names()}

OF_NUMBERS = {
    LOSS,
    *(
        name
        for name in get_scorer_names()
        if get_scorer(name)._score_func.__module__ == r2_score.__module__
    ),
}
"""Scores that regressors have; all others are of classes."""


def check_is_of_numbers(scoring: Any, where: str) -> None:
    """Raise ValueError, which begins with ``where``, for a score of classes."""
    if isinstance(scoring, str) and scoring in NAMES - OF_NUMBERS:
        raise ValueError(
            f"{where}: expected a score of numbers, such as r2 or neg_mean_absolute_error, got "
            f"{scoring!r}, which is one of classes"
        )


def check_is_of_classes(scoring: Any, labels: Array, where: str) -> None:
    """Raise ValueError, which begins with ``where``, for a score of numbers of classes as words.

    Classes that are numbers have such scores, too.
    """
    if isinstance(scoring, str) and scoring in OF_NUMBERS - {LOSS} and labels.dtype.kind in "UO":
        raise ValueError(
            f"{where}: expected a score of classes, such as neg_log_loss or accuracy, got "
            f"{scoring!r}, which is one of numbers"
        )


class Metric:
    """The score of a chain in training on a validation set, by scikit-learn's scorer.

    Parameters
    ----------
    job : FitJob
        The fit at work; the estimator's parameter ``scoring`` says which score.
    validation : Samples
        As the chain takes them, in any float type.
    """

    def __init__(self, job: FitJob, validation: Samples) -> None:
        self.twin = copy.copy(job.estimator)
        vars(self.twin).update(job.attributes)
        vars(self.twin).update(self.twin._chain_attributes(job.chain))
        encoded, usual = validation.X, self.twin._encoded
        self.X = encoded if job.held_out_rows is None else job.held_out_rows
        if self.X is encoded:
            self.twin._encoded = lambda X: X
        else:  # of what a scorer made of the rows, nobody knows features yet
            self.twin._encoded = lambda X: encoded if X is self.X else usual(X)
        self.scorer = check_scoring(self.twin, scoring=job.estimator.scoring)
        self.weights = validation.weights
        self.y = job.targets.answers(validation.t)

    def __call__(self, Y: Array, t: Array) -> float:
        """Return the score of the chain as it is now; its outputs Y are made anew."""
        if not np.isfinite(Y).all():
            return float("nan")
        own = {} if self.weights is None else {"sample_weight": self.weights}
        score = self.scorer(self.twin, self.X, self.y, **own)
        if np.ndim(score) or not isinstance(score, Real | np.generic | np.ndarray):
            raise ValueError(f"expected a number from scoring, got {score!r}")
        return float(score)


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

    def ended(self, history: History) -> None:
        """Print why NumPy has trained, where machine code could not."""
        if history.reason:
            print(f"Trained in NumPy, for {history.reason}")


class Guarded:
    """A score that may fail in a late epoch, which is no reason to lose the training: it is NaN.

    Parameters
    ----------
    score : callable
        Of outputs and targets. In the first epoch, when little is lost, its error is raised.

    Attributes
    ----------
    error : str
        The first one, "" if there was none.
    """

    def __init__(self, score: Score) -> None:
        self.score = score
        self.error = ""
        self._works = False

    def __call__(self, Y: Array, t: Array) -> float:
        """Return the score."""
        try:
            value = float(self.score(Y, t))
        except Exception as error:
            if not self._works:
                raise
            self.error = self.error or f"{type(error).__name__}: {error}"
            return float("nan")
        self._works = True
        return value

    def snapshot(self) -> Snapshot:
        """Return whether it has ever worked, and the first error."""
        return {"works": self._works, "error": self.error}

    def restore(self, reader: Reader) -> None:
        """Take back a snapshot."""
        reader.expect("works", "error")
        self._works, self.error = reader.flag("works"), reader.text("error")


def monitored(job: FitJob, validation: Samples | None) -> Watched:
    """Return what early stopping watches: a score, or the loss, if asked for or the only number."""
    if not job.estimator.early_stopping:
        return "Training loss"
    by_loss = job.estimator.scoring == LOSS or unscored(job, validation)
    return "Validation loss" if by_loss else "Validation score"


def unscored(job: FitJob, validation: Samples | None) -> bool:
    """Return whether the score is R² of one sample, which has no variance to explain."""
    usual = job.estimator.scoring in (None, LOSS, "r2") and job.targets.task == "regression"
    return usual and validation is not None and len(validation) < 2


def scorer(job: FitJob, validation: Samples | None) -> Guarded | None:
    """Return the score of the chain's outputs for the validation set, if there is one."""
    if validation is None:
        return None
    if unscored(job, validation):
        return Guarded(lambda Y, t: float("nan"))
    if job.estimator.scoring not in (None, LOSS):
        return Guarded(Metric(job, validation))
    weights = validation.weights
    return Guarded(lambda Y, t: job.targets.score(Y, t, weights))


def score_remark(
    job: FitJob, validation: Samples | None, history: History, score: Guarded | None
) -> str:
    """Return what there is to say of scores that are no numbers, "" if all are."""
    remark = history.not_scored()
    if not remark:
        return ""
    if unscored(job, validation):
        watched = "; the validation loss is watched" if job.estimator.early_stopping else ""
        return f"R² needs two samples, and the validation set has one, so that it is NaN{watched}"
    error = "" if score is None else score.error
    return f"scoring: {remark}; {error}" if error else f"scoring: {remark}"


def printer(estimator: Any) -> Reporter | None:
    """Return what shows how training goes, if anything should."""
    if not speaks():
        return None
    if estimator.verbose == "bar":
        return ProgressBar()
    return Printer() if estimator.verbose else None
