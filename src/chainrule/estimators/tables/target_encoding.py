"""What columns of many categories, and of texts, learn of answers, and in which folds."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import split, split_groups
from chainrule.estimators.tables.held_out import codes_of_groups
from chainrule.inputs.tables.target_means import Answers
from chainrule.targets import Classes, Targets
from chainrule.targets.columns import label_text
from chainrule.types import Array

__all__ = ["answers_to_encode", "names_of_answers", "numbers_of_targets"]

FOLDS = 5


def answers_to_encode(
    targets: Targets, y: Array, weights: Array | None, groups: Any, seed: int
) -> Answers:
    """Return the answers of rows (n) as numbers, and folds.

    Parameters
    ----------
    targets : Targets
        How answers become numbers.
    y, weights : ndarray of shape (n,)
        The answers, and what rows weigh, or None.
    groups : array-like of shape (n,) or None
        Of which each is in one fold as a whole.
    seed : int
        Of the folds; classes have equal shares of them.
    """
    codes = np.searchsorted(targets.labels, y) if isinstance(targets, Classes) else None
    numbers, names = numbers_of_targets(targets, targets.encode(y)), names_of_answers(targets)
    if groups is not None:
        own = codes_of_groups(groups)
        count = min(FOLDS, int(own.max()) + 1)
        parts = split_groups(own, (1 / count,) * count, seed)
    else:
        parts = split(len(y), (1 / FOLDS,) * FOLDS, seed, codes)
    folds = np.empty(len(y), np.intp)
    for number, rows in enumerate(parts):
        folds[rows] = number
    return Answers(numbers, names, folds, weights, isinstance(targets, Classes))


def numbers_of_targets(targets: Targets, t: Array) -> Array:
    """Return targets (n, …) as the numbers (n, a) of which means are taken."""
    if isinstance(targets, Classes) and targets.exclusive:
        return np.eye(len(targets.labels))[t]
    return t.reshape(len(t), -1).astype(np.float64)


def names_of_answers(targets: Targets) -> tuple[str, ...]:
    """Return what the mean of each of these numbers is called."""
    if isinstance(targets, Classes):
        labels = targets.labels.tolist()
        shown = labels if targets.exclusive else labels[-1:]
        return tuple(f"share of {label_text(label)}" for label in shown)
    count = targets.outputs
    return tuple("mean answer" + f" {n + 1}" * (count > 1) for n in range(count))
