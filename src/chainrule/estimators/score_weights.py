"""What samples weigh in a score, refused where a fit would refuse it."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import _check_sample_weight

from chainrule.inputs.base import numeric
from chainrule.training.samples import check_not_negative
from chainrule.types import Array

__all__ = ["score_weights"]


def score_weights(weights: Any, y: Any) -> Array | None:
    """Return what each sample weighs in a score, None where all weigh the same.

    Parameters
    ----------
    weights : array-like of shape (n,) or None
        As given.
    y : array-like of n answers
        Of the samples.

    Raises
    ------
    ValueError
        They are not n finite numbers, or one is negative, or all are 0.
    """
    if weights is None:
        return None
    found: Array = _check_sample_weight(numeric(weights), y)
    check_not_negative("score", found)
    return found
