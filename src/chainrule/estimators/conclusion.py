"""How a training ends for whoever called it: with warnings, an error, or the end of all."""

from __future__ import annotations

import sys
from types import FrameType

from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators.fitting import FitJob, FitResult, not_finite
from chainrule.estimators.target_scale import explained, scale_advice
from chainrule.warning import warn

__all__ = ["conclude", "is_part_of_more"]

SINGLE = frozenset({"base", "callback", "compose", "pipeline", "utils"})
"""Rooms of scikit-learn that fit one network and then are done; others go on to the next."""


def conclude(job: FitJob, result: FitResult) -> None:
    """Warn of what a training has led to, or raise its error; the estimator has its network by now.

    Parameters
    ----------
    job : FitJob
        What was trained.
    result : FitResult
        What the solver returned.

    Raises
    ------
    ValueError
        The training has led nowhere.
    """
    for message, category in result.messages:
        warn(message, category)
    if result.trouble is not None or not job.estimator.chain_.parameters.finite:
        raise explained(job, result.trouble or not_finite())
    if not job.incremental and (advice := scale_advice(job)):
        warn(advice, ConvergenceWarning)


def is_part_of_more() -> bool:
    """Return whether a search, a cross-validation or an ensemble fits a network as one of many.

    Ctrl-C means all of it then: its caller would go on with the next network, and take a score of
    this one as if it were trained.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package, _, rest = str(frame.f_globals.get("__name__", "")).partition(".")
        if package == "joblib" or (
            package == "sklearn" and rest.partition(".")[0] not in SINGLE
        ):
            return True
        frame = frame.f_back
    return False
