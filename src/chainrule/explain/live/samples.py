"""Samples of a page: as the network's program is given them, with targets and labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from chainrule.data import DataWarning
from chainrule.data.sources import is_source
from chainrule.estimators.preparation import labelled
from chainrule.estimators.raw_rows import raw_rows
from chainrule.estimators.validation import answers_to
from chainrule.export.raw_samples import raw_samples
from chainrule.export.walk import Network
from chainrule.functions import sequence
from chainrule.inputs import TableEncoder, Texts
from chainrule.inputs.tables.base import MISSING_VALUE
from chainrule.losses import MeanOverMembers, fused
from chainrule.targets import Classes
from chainrule.training.samples import Samples
from chainrule.types import Array

__all__ = ["PageSamples", "blank_sample", "page_samples"]

MOST_SAMPLES = 24
MOST_NUMBERS = 100_000
"""How many samples a page keeps, and of how many numbers in all."""
MOST_COMPARED = 2000
"""Of so many samples the loss is computed, to find those that are hard."""


@dataclass(frozen=True)
class PageSamples:
    """Raw samples, and what they should be answered with, as the loss takes it; None if unknown.

    ``rows`` are their places among those that were given, and ``ranges`` has the least and the
    largest value of each raw number, None of what is none.
    """

    x: list[list[Any]]
    targets: Array | None
    ranges: list[tuple[float, float] | None]
    rows: list[int]


def page_samples(model: Any, network: Network, X: Any, y: Any) -> PageSamples:
    """Return the samples that a page keeps, of all that are given.

    With answers the first is that of the largest loss, then come those that differ in their
    answers, then the others by their loss; without, all are in the order in which they are given.

    Raises
    ------
    ValueError
        There is none, or they are none of the model's.
    """
    targets = errors = None
    if y is None:
        x, _ = raw_samples(model, network, _first(X))
    else:
        X, data = _labelled(model, network, X, y)
        whole = _loss_targets(network, data.t)
        errors = _errors(network, data.X[:MOST_COMPARED], whole[:MOST_COMPARED])
        targets = program_targets(network, whole)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # they have been given above, of all rows
            x, _ = raw_samples(model, network, _first(X))
    if not x:
        raise ValueError("explain: expected at least one sample, got none")
    ranges = [_range([row[column] for row in x]) for column in range(len(x[0]))]
    most = max(1, min(len(x), MOST_SAMPLES, MOST_NUMBERS // len(x[0])))
    rows = list(range(most))
    if targets is not None and errors is not None:
        rows = choose(errors, targets[: len(errors)], most)
    own = None if targets is None else targets[rows]
    return PageSamples([x[row] for row in rows], own, ranges, rows)


def _labelled(model: Any, network: Network, X: Any, y: Any) -> tuple[Any, Samples]:
    """Return raw samples, and the same with targets as the network takes them."""
    if network.scalings:
        scaled, estimator = model[:-1].transform(X), model[-1]
        return X, _labelled(estimator, replace(network, scalings=()), scaled, y)[1]
    X, y = answers_to(model, X, y)
    X = model._raw(X)
    return X, labelled(model, model.inputs_, model.targets_, X, y, None)


def _first(X: Any) -> Any:
    """Return the first of very many samples: those that are compared."""
    if is_source(X) or _num_samples(X) <= MOST_COMPARED:
        return X
    return raw_rows(X, np.arange(MOST_COMPARED))


def program_targets(network: Network, targets: Array) -> Array:
    """Return targets as the program takes them, (n, outputs): those of one member for all."""
    own = targets[:, 0] if isinstance(network.loss, MeanOverMembers) else targets
    return own.reshape(len(own), -1)


def _loss_targets(network: Network, t: Array) -> Array:
    """Return targets (n, …) in the shape of the network's outputs."""
    assert network.loss is not None
    shape = network.layers[-1].output_shape
    return np.asarray(network.loss.targets(t, np.zeros((len(t), *shape))), dtype=np.float64)


def _errors(network: Network, X: Any, targets: Array) -> Array:
    """Return the loss of each sample."""
    assert network.loss is not None
    pair = fused(network.layers[-1].function, network.loss)
    layers = network.layers[:-1] if pair is not None else network.layers
    steps = sequence.steps(layers, network.parameters, None)
    scores = np.asarray(sequence.trace(steps, X)[-1], dtype=np.float64)
    return (pair or network.loss).errors(scores, targets)


def choose(errors: Array, targets: Array, most: int) -> list[int]:
    """Return places of samples: the hardest, the first of each target, then the next hardest."""
    hardest = np.argsort(-errors, kind="stable").tolist()
    _, first = np.unique(targets, axis=0, return_index=True)
    few = np.sort(first).tolist() if len(first) < most else []
    return list(dict.fromkeys([hardest[0], *few, *hardest]))[:most]


def blank_sample(network: Network) -> PageSamples:
    """Return a sample where none are given: what inputs know of training, else zeros."""
    inputs = network.inputs
    if isinstance(inputs, Texts):
        return PageSamples([[" ".join(_words(inputs)[:5])]], None, [None], [0])
    if isinstance(inputs, TableEncoder):
        cells, ranges = zip(*map(_typical, inputs.columns), strict=True)
        return PageSamples([list(cells)], None, list(ranges), [0])
    count = int(np.prod(network.input_shape)) if inputs is None else inputs.raw_count
    scaling = getattr(inputs, "scaling", None)
    top = 1.0
    if scaling is not None:
        top = float(max(m + 2 * s for m, s in zip(scaling.mean, scaling.scale, strict=True)))
    return PageSamples([[0.0] * count], None, [(0.0, top)] * count, [0])


def _words(inputs: Texts) -> list[str]:
    return [word.decode("utf-8", "replace") for word in inputs.words[:5]]


def _typical(column: Any) -> tuple[Any, tuple[float, float] | None]:
    """Return a cell of a column, its median or its first value, and the range of numbers."""
    if values := getattr(column, "values", None):
        return next((value for value in values if value not in ("", MISSING_VALUE)), None), None
    middle = getattr(column, "median", None)
    if middle is None:
        return None, None
    if edges := getattr(column, "edges", ()):
        return middle, (edges[0], edges[-1])
    return middle, (middle - 2 * column.scale, middle + 2 * column.scale)


def _range(cells: Sequence[Any]) -> tuple[float, float] | None:
    """Return the least and the largest of the cells of a column, if these are numbers."""
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    if not numbers or any(isinstance(cell, str) for cell in cells):
        return None
    return float(min(numbers)), float(max(numbers))


def sample_label(targets: Any, target: Array | None) -> str:
    """Return what a sample should be answered with, in words; "" if unknown."""
    if target is None:
        return ""
    if isinstance(targets, Classes):
        own = target if len(target) > 1 else np.array([1 - target[0], target[0]])
        names = [str(label) for label, held in zip(targets.labels, own, strict=True) if held > 0.5]
        return ", ".join(names) or "none"
    values = targets.decode(target[None]).ravel()
    return ", ".join(f"{value:.4g}" for value in values)
