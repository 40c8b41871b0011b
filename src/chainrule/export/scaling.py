"""Scalers of scikit-learn before an estimator, as one difference and one quotient each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.types import Array

__all__ = ["RowScaling", "scaled", "taken_apart", "without_idle_steps"]


@dataclass(frozen=True, eq=False)
class RowScaling:
    """Rows of numbers shifted and divided, column by column: (x − shift) / divisor.

    Parameters
    ----------
    name : str
        The class of the scaler.
    shift, divisor : ndarray of shape (features,)
        For each column.
    """

    name: str
    shift: Array
    divisor: Array


def taken_apart(model: Any) -> tuple[tuple[RowScaling, ...], Any]:
    """Return the scalers of a pipeline and its last step; of anything else none, and itself.

    Raises
    ------
    ValueError
        A step before the last is none of scikit-learn's scalers of columns.
    """
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list) or not steps:
        return (), model
    scalers = [step for _, step in steps[:-1] if step not in (None, "passthrough")]
    return tuple(map(_scaling, scalers)), steps[-1][1]


def scaled(scalings: Sequence[RowScaling], X: Array) -> Array:
    """Return rows of numbers X (n, features) as they come out of all scalings."""
    for scaling in scalings:
        X = (X - scaling.shift) / scaling.divisor
    return X


def without_idle_steps(model: Any) -> Any:
    """Return the last step of a pipeline whose others do nothing; anything else as it is."""
    scalings, last = taken_apart(model)
    return model if scalings else last


def _scaling(scaler: Any) -> RowScaling:
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

    kinds = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)
    name = type(scaler).__name__
    if type(scaler) not in kinds:
        known = ", ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{name}: cannot be exported: expected steps before a network of {known}")
    if not hasattr(scaler, "n_features_in_"):
        raise ValueError(f"{name}: expected a fitted pipeline; call fit first")
    if getattr(scaler, "clip", False):
        raise ValueError(f"{name}: cannot be exported with clip=True")
    count = scaler.n_features_in_
    scale = getattr(scaler, "scale_", None)
    divisor = np.ones(count) if scale is None else np.asarray(scale, np.float64)
    if type(scaler) is MinMaxScaler:  # x · scale + min
        return RowScaling(name, -np.asarray(scaler.min_) / divisor, 1 / divisor)
    shift = getattr(scaler, "mean_", getattr(scaler, "center_", None))
    shifted = getattr(scaler, "with_mean", getattr(scaler, "with_centering", False))
    return RowScaling(name, np.asarray(shift) if shifted else np.zeros(count), divisor)
