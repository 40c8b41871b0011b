"""Samples of a page: as the network's program is given them, with targets and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.estimators.preparation import labelled
from chainrule.estimators.validation import answers_to
from chainrule.export.raw_samples import raw_samples
from chainrule.export.walk import Network
from chainrule.inputs import TableEncoder, Texts
from chainrule.targets import Classes
from chainrule.types import Array

__all__ = ["PageSamples", "blank_sample", "choose", "page_samples"]

MOST_SAMPLES = 24
MOST_NUMBERS = 100_000
"""How many samples a page keeps, and of how many numbers in all."""


@dataclass(frozen=True)
class PageSamples:
    """Raw samples, and what they should be answered with, as the loss takes it; None if unknown.

    ``ranges`` has the least and the largest value of each raw number, None of what is none.
    """

    x: list[list[Any]]
    targets: Array | None
    ranges: list[tuple[float, float] | None]


def page_samples(model: Any, network: Network, X: Any, y: Any) -> PageSamples:
    """Return the samples that a page keeps, of all that are given.

    Raises
    ------
    ValueError
        There is none.
    """
    targets = None
    if y is not None:
        X, y = answers_to(model, X, y)
        X = model._raw(X)
        data = labelled(model, model.inputs_, model.targets_, X, y, None)
        targets = network_targets(network, data.t)
    x, _ = raw_samples(model, network, X)
    if not x:
        raise ValueError("explain: expected at least one sample, got none")
    ranges = [_range([row[column] for row in x]) for column in range(len(x[0]))]
    kept = choose(len(x), len(x[0]), targets)
    own = None if targets is None else targets[kept]
    return PageSamples([x[place] for place in kept], own, ranges)


def network_targets(network: Network, t: Array) -> Array:
    """Return targets (n, …) as the program takes them, (n, outputs)."""
    assert network.loss is not None
    shape = network.layers[-1].output_shape
    return np.asarray(network.loss.targets(t, np.zeros((len(t), *shape))), dtype=np.float64)


def choose(count: int, size: int, targets: Array | None) -> list[int]:
    """Return places of samples: the first ones, those first that differ in their targets."""
    most = max(1, min(count, MOST_SAMPLES, MOST_NUMBERS // max(size, 1)))
    first: dict[bytes, int] = {}
    for place in range(count if targets is not None else 0):
        first.setdefault(targets[place].tobytes() if targets is not None else b"", place)
        if len(first) >= most:
            break
    front = list(first.values())
    others = (place for place in range(count) if place not in set(front))
    return [*front, *(place for _, place in zip(range(most - len(front)), others, strict=False))]


def blank_sample(network: Network) -> PageSamples:
    """Return a sample where none are given: what inputs know of training, else zeros."""
    inputs = network.inputs
    if isinstance(inputs, Texts):
        return PageSamples([[" ".join(_words(inputs)[:5])]], None, [None])
    if isinstance(inputs, TableEncoder):
        cells, ranges = zip(*map(_typical, inputs.columns), strict=True)
        return PageSamples([list(cells)], None, list(ranges))
    count = int(np.prod(network.input_shape)) if inputs is None else inputs.raw_count
    scaling = getattr(inputs, "scaling", None)
    top = 1.0
    if scaling is not None:
        top = float(max(m + 2 * s for m, s in zip(scaling.mean, scaling.scale, strict=True)))
    return PageSamples([[0.0] * count], None, [(0.0, top)] * count)


def _words(inputs: Texts) -> list[str]:
    return [word.decode("utf-8", "replace") for word in inputs.words[:5]]


def _typical(column: Any) -> tuple[Any, tuple[float, float] | None]:
    """Return what a cell of a column is on the whole, and the range that cells lie in."""
    values = getattr(column, "values", None)
    if values:
        return next((value for value in values if value), None), None
    mean, scale = getattr(column, "mean", None), getattr(column, "scale", None)
    if isinstance(mean, float) and isinstance(scale, float):
        return mean, (mean - 2 * scale, mean + 2 * scale)
    return None, None


def _range(cells: Sequence[Any]) -> tuple[float, float] | None:
    """Return the least and the largest of the cells of a column, if these are numbers."""
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    if not numbers or any(isinstance(cell, str) for cell in cells):
        return None
    return float(min(numbers)), float(max(numbers))


def sample_label(network: Network, answers: Any, target: Array | None) -> str:
    """Return what a sample should be answered with, in words; "" if unknown."""
    if target is None:
        return ""
    targets = answers
    if isinstance(targets, Classes):
        own = target if len(target) > 1 else np.array([1 - target[0], target[0]])
        names = [str(label) for label, held in zip(targets.labels, own, strict=True) if held > 0.5]
        return ", ".join(names) or "none"
    values = targets.decode(target[None]).ravel()
    return ", ".join(f"{value:.4g}" for value in values)
