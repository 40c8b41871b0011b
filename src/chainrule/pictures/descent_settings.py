"""What a picture of gradient descent is told, checked; how it is framed, and its words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.pictures.surfaces import Descent
from chainrule.training import Optimizer
from chainrule.types import Array

Limits = tuple[tuple[float, float], tuple[float, float]]

KINDS = ("contours", "surface")

LEVELS = 16
"""So many contours."""


def contour_levels(heights: Array) -> Array:
    """Return heights of contours, closer to each other near the lowest."""
    known = heights[np.isfinite(heights)]
    if not known.size:
        raise ValueError("DescentDisplay: expected finite heights within the limits, got none")
    low, high = float(known.min()), float(np.quantile(known, 0.98))
    if not high > low:
        low, high = low - 0.5, low + 0.5
    return low + (high - low) * np.linspace(0, 1, LEVELS) ** 2


def optimizer_text(optimizer: Optimizer) -> str:
    """Return an optimizer with its learning rate and what else is not the default."""
    told = [type(optimizer).__name__, f"η = {optimizer.learning_rate:g}"]
    for each in fields(optimizer):
        value = getattr(optimizer, each.name)
        if each.name != "learning_rate" and value != each.default:
            told.append(each.name if value is True else f"{each.name} {value}")
    return ", ".join(told)


def title_of(descent: Descent, label: str) -> str:
    """Return what stands above a way: its optimizer, and how far it came."""
    first, last, steps = descent.heights[0], descent.heights[-1], len(descent.points) - 1
    told = f"{label} {first:.3g} → {last:.3g} in {steps} steps"
    return f"{optimizer_text(descent.optimizer)}\n{told}"


def as_optimizers(given: Any) -> list[Optimizer]:
    """Return one optimizer, or several, as a list; TypeError for anything else."""
    chosen = list(given) if isinstance(given, list | tuple) else [given]
    wrong = [each for each in chosen if not isinstance(each, Optimizer)]
    if wrong or not chosen:
        received = repr(wrong[0]) if wrong else "none"
        raise TypeError(f"DescentDisplay: expected optimizers such as SGD(0.1), got {received}")
    return chosen


def as_pair(name: str, given: Any) -> Array:
    """Return two finite numbers; ValueError for anything else."""
    try:
        pair = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        pair = np.array([])
    if pair.shape != (2,) or not np.isfinite(pair).all():
        raise ValueError(f"DescentDisplay: expected {name} of two numbers, got {given!r}")
    return pair


def as_kind(kind: Any) -> str:
    """Return how the surface is drawn; ValueError for anything else."""
    if kind not in KINDS:
        known = " or ".join(map(repr, KINDS))
        raise ValueError(f"DescentDisplay: expected kind to be {known}, got {kind!r}")
    return str(kind)


def as_limits(limits: Any) -> Limits:
    """Return limits; ValueError unless they are two pairs of numbers low < high."""
    try:
        (a, b), (c, d) = (map(float, as_pair("limits", pair)) for pair in limits)
    except (TypeError, ValueError):
        a = b = c = d = math.nan
    if not (a < b and c < d):
        raise ValueError(
            f"DescentDisplay: expected limits such as ((-1, 1), (-2, 2)), got {limits!r}"
        )
    return (a, b), (c, d)


def limits_of(descents: Sequence[Descent]) -> Limits:
    """Return from where to where both parameters are drawn: all points that lie below the start.

    The lowest is in the middle, and neither side is much shorter than the other.
    """
    start, first = descents[0].points[0], descents[0].heights[0]
    points = np.concatenate([each.points for each in descents])
    heights = np.concatenate([each.heights for each in descents])
    below = points[heights <= first]
    lowest = points[np.argmin(heights)]
    half = 1.2 * np.max(np.abs(np.vstack([below, start]) - lowest), axis=0)
    half = np.maximum(half, 0.4 * half.max()) if half.any() else np.maximum(np.abs(start), 1.0)
    (a, c), (b, d) = (lowest - half).tolist(), (lowest + half).tolist()
    return (a, b), (c, d)
