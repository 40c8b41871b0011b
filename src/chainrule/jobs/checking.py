"""The gradient check of a trained model, on data or on random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import random
from chainrule.checking import Report, check_gradients
from chainrule.data import DataError
from chainrule.functions import Moment
from chainrule.jobs.sources import Source
from chainrule.models import Model


def check_model(
    model: Model, source: Source | None, *, samples: int, entries: int, seed: int
) -> Report:
    """Check a model's gradients at some samples of the data, or at random numbers.

    Without targets in the data, or without data, targets are random too. Dropout draws the mask
    of step 0.
    """
    if samples < 1 or entries < 0:
        raise ValueError("check: expected at least one sample, and a number of entries >= 0")
    X = _random_inputs(model, samples, seed) if source is None else _inputs(model, source, samples)
    if source is None or source.cells is None:
        t = _random_targets(model, len(X), seed)
    else:
        t = model.target.encode(source.cells[: len(X)], lines=source.lines[: len(X)])
    moment = Moment(seed, 0)
    limit = entries or None
    return check_gradients(model.chain, model.loss, X, t, moment=moment, samples=limit, seed=seed)


def _inputs(model: Model, source: Source, samples: int) -> NDArray[Any]:
    if len(source) == 0:
        raise DataError(f"{source.name}: expected at least one row, got none")
    rows = np.arange(min(samples, len(source)))
    X, _ = model.encode(source.select(rows).data)
    return np.asarray(X)


def _random_inputs(model: Model, samples: int, seed: int) -> NDArray[Any]:
    shape = (samples, *model.chain.layers[0].input_shape)
    size = int(np.prod(shape))
    return random.normal(size, seed, random.Stream.CHECKING, 0, 1).reshape(shape)


def _random_targets(model: Model, samples: int, seed: int) -> NDArray[Any]:
    numbers = random.uniform(samples, seed, random.Stream.CHECKING, 0, 2)
    if model.target.task == "regression":
        return numbers
    return np.asarray(numbers * max(2, len(model.target.classes)), dtype=np.int64)
