"""The gradient check of a trained network, on data or at random numbers."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import random
from chainrule.checking import Report, check_gradients
from chainrule.data import DataError
from chainrule.functions import RandomKey
from chainrule.jobs.sources import Source
from chainrule.jobs.trained import Trained
from chainrule.models import Model


def check_on_data(model: Model, source: Source, *, samples: int, entries: int, seed: int) -> Report:
    """Check a model's gradients at some samples of the data; without targets, these are random.

    Dropout draws the mask of step 0.
    """
    _check_counts(samples, entries)
    if len(source) == 0:
        raise DataError(f"{source.name}: expected at least one row, got none")
    few = source.select(np.arange(min(samples, len(source))))
    X, _ = model.encode(few.data)
    trained = Trained.of_model(model)
    if few.cells is None:
        t = _random_targets(trained, len(X), seed)
    else:
        t = model.target.encode(few.cells, lines=few.lines)
    return _check(trained, np.asarray(X), t, entries, seed)


def check_at_random(trained: Trained, *, samples: int, entries: int, seed: int) -> Report:
    """Check a network's gradients at random samples with random targets, as `check_on_data`."""
    _check_counts(samples, entries)
    shape = (samples, *trained.chain.layers[0].input_shape)
    X = random.normal(prod(shape), seed, random.Stream.CHECKING, 0, 1).reshape(shape)
    return _check(trained, X, _random_targets(trained, samples, seed), entries, seed)


def _check_counts(samples: int, entries: int) -> None:
    if samples < 1 or entries < 0:
        raise ValueError("check: expected at least one sample, and a number of entries >= 0")


def _check(trained: Trained, X: NDArray[Any], t: NDArray[Any], entries: int, seed: int) -> Report:
    return check_gradients(
        *(trained.chain, trained.loss, X, t),
        key=RandomKey(seed, 0),
        samples=entries or None,
        seed=seed,
    )


def _random_targets(trained: Trained, samples: int, seed: int) -> NDArray[Any]:
    """Return class numbers (n,) where outputs exclude each other, else a target for each output."""
    outputs = prod(trained.chain.layers[-1].output_shape)
    exclusive = trained.task in ("binary", "multiclass") and outputs > 1
    shape = (samples,) if exclusive else (samples, outputs)
    numbers = random.uniform(prod(shape), seed, random.Stream.CHECKING, 0, 2).reshape(shape)
    if trained.task == "regression":
        return numbers
    return np.asarray(numbers * (outputs if exclusive else 2), dtype=np.int64)
