"""Whether a regression has failed for the scale of its targets, and what would help."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.estimators.fitting import FitJob
from chainrule.losses import Loss, MeanSquaredError, Poisson
from chainrule.targets import REGRESSION_LOSSES

__all__ = ["explained", "has_known_scale", "scale_advice"]

KNOWN = (*map(type, REGRESSION_LOSSES.values()), MeanSquaredError)

NEAR = 0.1, 10.0
"""Deviations, and largest means, of targets in reach of a new network, whose outputs are near 1."""

OUT_OF_REACH = 1e-3, 1e3
"""Those of targets that no usual training reaches: its steps are too short, or too long."""

WORSE, NO_BETTER = 1.1, 0.99
"""How many times the mean's loss is clearly more than it, and what tells of nothing learned."""

MOST_ROWS, MOST_NUMBERS = 512, 2**22
"""The most samples that are looked at, evenly spread over all, and the most numbers in them."""


def has_known_scale(loss: Any) -> bool:
    """Return whether a loss, or its name, may be taken of targets in another unit."""
    return isinstance(loss, str) or type(loss) in KNOWN


def scale_advice(job: FitJob) -> str | None:
    """Return what to do about targets on which a fit has failed for their scale, None if none.

    It has if the targets' mean or deviation is far from 1, and the network predicts training
    samples clearly worse than the mean of the targets does, by the loss that was trained; or no
    better, where they are out of reach. Neither alone says anything: targets of any scale are
    learned where there are steps enough, and noise is best predicted by its mean.

    Parameters
    ----------
    job : FitJob
        After training: its chain has the parameters that are kept.

    Returns
    -------
    advice : str or None
    """
    columns, loss = _columns(job), job.objective.loss
    far = [column for column in columns if column.beyond(NEAR, loss)]
    if not far:
        return None
    data = job.data.drop_zero_weights()
    rows = min(MOST_ROWS, max(1, MOST_NUMBERS // math.prod(data.X.shape[1:])))
    few = data.at(np.unique(np.linspace(0, len(data) - 1, rows).round().astype(np.intp)))
    t = np.asarray(few.t, np.float64)
    with np.errstate(all="ignore"):
        Y = np.asarray(job.chain.forward(few.X), np.float64)
        for column in columns:
            outputs, answers = Y[:, [column.place]], t[:, [column.place]]
            own = loss.value(outputs, answers, few.weights)
            of_mean = loss.value(np.full_like(outputs, column.mean), answers, few.weights)
            if own > of_mean * (NO_BETTER if column.beyond(OUT_OF_REACH, loss) else WORSE):
                cause = column if column in far else far[0]
                return (
                    f"{type(job.estimator).__name__} predicts {column.name} no better than its "
                    f"mean would: on training samples the loss is {own:.3g}, that of the mean "
                    f"{of_mean:.3g}. {cause.remedy(loss)}"
                )
    return None


def explained(job: FitJob, trouble: ValueError) -> ValueError:
    """Return the error of a training that has led nowhere, with the scale of its targets if far."""
    loss = job.objective.loss
    far = [column for column in _columns(job) if column.beyond(NEAR, loss)]
    if not far:
        return trouble
    told = ValueError(f"{trouble} {far[0].remedy(loss)}")
    told.__cause__ = trouble.__cause__
    return told


@dataclass(frozen=True)
class _Column:
    """The targets of one output, which are not all the same number."""

    name: str
    place: int
    mean: float
    deviation: float

    def beyond(self, bounds: tuple[float, float], loss: Loss) -> bool:
        """Return whether the deviation or the mean lies outside of bounds; of counts, the mean."""
        least, most = bounds
        deviation = self.mean if isinstance(loss, Poisson) else self.deviation
        return deviation < least or max(abs(self.mean), deviation) > most

    def remedy(self, loss: Loss) -> str:
        """Say what their scale is, and what helps."""
        how = (
            "Train on standardised y: TransformedTargetRegressor(model, "
            "transformer=StandardScaler()), or Regressor(…, scale_target=True)"
        )
        if isinstance(loss, Poisson):
            how = "Train on y divided by its mean, as Regressor(…, scale_target=True) does"
        return (
            f"With a mean of {self.mean:.3g} and a deviation of {self.deviation:.3g}, {self.name} "
            f"is far from what a network starts with. {how}."
        )


def _columns(job: FitJob) -> list[_Column]:
    """Return the columns of targets that have a scale, and a loss that may be taken at any."""
    scaled = getattr(job.targets, "scale", None) is not None
    if scaled or job.targets.task != "regression" or not has_known_scale(job.objective.loss):
        return []
    data = job.data.drop_zero_weights()
    t = np.asarray(data.t, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.average(t, axis=0, weights=data.weights)
        deviations = np.sqrt(np.average((t - means) ** 2, axis=0, weights=data.weights))
    names = ["y"] if len(means) == 1 else [f"column {place} of y" for place in range(len(means))]
    moments = zip(names, range(len(means)), means.tolist(), deviations.tolist(), strict=True)
    return [_Column(*each) for each in moments if each[-1] > 0]
