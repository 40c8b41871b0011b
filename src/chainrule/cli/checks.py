"""The gradient check of a trained network, on data or at random numbers."""

from __future__ import annotations

import warnings
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import random
from chainrule.checking import Report, check_gradients
from chainrule.cli.model_data import answers_of, predicts_one, samples_of
from chainrule.cli.text_sources import TextSource
from chainrule.data import DataError, DataWarning, Source
from chainrule.functions import RandomKey
from chainrule.types import Array


def check_on_data(
    estimator: Any, source: Source, target: str | None, *, samples: int, entries: int, seed: int
) -> Report:
    """Check a network's gradients at some samples of the data; without answers, these are random.

    Dropout draws the mask of step 0.
    """
    _check_counts(samples, entries)
    if len(source) == 0:
        raise DataError(f"{source.name}: expected at least one row, got none")
    few = source.select(np.arange(min(samples, len(source))))
    X = samples_of(estimator, few, target)
    from chainrule.estimators.preparation import dense_labelled

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # gradients are right for any data
        one_column = predicts_one(estimator) or isinstance(few, TextSource)
        if few.cells is None and (target is None or one_column):
            encoded = estimator._encoded(X)
            X = encoded.toarray() if sparse.issparse(encoded) else np.asarray(encoded)
            return _check(estimator, X, _random_targets(estimator, len(X), seed), entries, seed)
        _, labelled = dense_labelled(estimator, X, answers_of(estimator, few, target), None)
    return _check(estimator, labelled.X, labelled.t, entries, seed)


def check_at_random(estimator: Any, *, samples: int, entries: int, seed: int) -> Report:
    """Check a network's gradients at random samples with random targets, as `check_on_data`."""
    _check_counts(samples, entries)
    shape = (samples, *estimator.chain_.layers[0].input_shape)
    X = random.normal(prod(shape), seed, random.Stream.CHECKING, 0, 1).reshape(shape)
    return _check(estimator, X, _random_targets(estimator, samples, seed), entries, seed)


def _check_counts(samples: int, entries: int) -> None:
    if samples < 1 or entries < 0:
        raise ValueError("check: expected at least one sample, and a number of entries >= 0")


def _check(estimator: Any, X: Array, t: Array, entries: int, seed: int) -> Report:
    return check_gradients(
        estimator.chain_,
        estimator._objective(estimator.targets_).loss,
        X,
        t,
        key=RandomKey(seed, 0),
        samples=entries or None,
        seed=seed,
    )


def _random_targets(estimator: Any, samples: int, seed: int) -> Array:
    """Return class numbers (n,) where outputs exclude each other, else a target for each output."""
    targets = estimator.targets_
    classes = targets.kind == "classes"
    exclusive = classes and targets.exclusive
    shape = (samples,) if exclusive else (samples, targets.outputs)
    numbers = random.uniform(prod(shape), seed, random.Stream.CHECKING, 0, 2).reshape(shape)
    if not classes:
        return numbers
    return np.asarray(numbers * (targets.outputs if exclusive else 2), dtype=np.int64)
