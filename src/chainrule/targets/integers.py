"""Whether integers to predict are classes, such as digits, or numbers, such as years and counts."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reading", "read_integers"]

MOST_CLASSES = 100
ROWS_A_CLASS = 5
FEW, MANY = 4, 20
ROWS_OF_MANY = 20
"""More than 20 classes have so many rows each on average, unless their name says classes."""

BALANCED = 4
"""So many times the rows of the rarest class has the most frequent, where classes are balanced."""

FAR = 1000
"""Three integers beyond that follow each other are years rather than classes."""

CLASSES = "class label category type kind species digit letter group cluster code zip zipcode"
NUMBERS = (
    "count counts age year years price cost amount rating ratings score stars points quality rank "
    "grade quantity qty total sum rings days hours minutes months weeks temperature income sales "
    "duration"
)
CLASS_NAMES, NUMBER_NAMES = frozenset(CLASSES.split()), frozenset(NUMBERS.split())


class Reading(NamedTuple):
    """Whether integers are classes, why in a few words, and whether that is beyond doubt."""

    classes: bool
    reason: str
    sure: bool = False


def read_integers(
    name: str, values: NDArray[np.float64], counts: NDArray[np.intp], *, fractions: bool = False
) -> Reading:
    """Return what integers are, by their column's name, their range, their gaps and their shares.

    Parameters
    ----------
    name : str
        The column's name.
    values, counts : ndarray of shape (d,)
        Distinct integers, ascending, and how many rows have each.
    fractions : bool
        Whether they are written with a decimal point, as 7.0.
    """
    d, rows = len(values), int(counts.sum())
    if d == 1:
        return Reading(classes=rows >= ROWS_A_CLASS, reason="", sure=True)
    if d > MOST_CLASSES or rows < ROWS_A_CLASS * d:
        return Reading(classes=False, reason="", sure=True)
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    if words & NUMBER_NAMES:
        return Reading(classes=False, reason=f"{min(words & NUMBER_NAMES)!r} says numbers")
    if words & CLASS_NAMES:
        return Reading(classes=True, reason="", sure=True)
    if d > MANY and rows < ROWS_OF_MANY * d:
        return Reading(classes=False, reason="with few rows of each")
    if fractions and d > FEW:
        return Reading(classes=False, reason="written as fractions are")
    steps = np.diff(values)
    if (steps == 1).all():
        return _without_gaps(values, counts)
    if d > FEW and (steps == steps[0]).all():
        return Reading(classes=False, reason="in equal steps")
    if d > MANY:
        return Reading(classes=False, reason="with gaps")
    if d > FEW and values[0] in (0, 1) and _one_peak(counts):
        return Reading(classes=False, reason="fewer and fewer rows on both sides of one peak")
    return Reading(classes=True, reason="")


def _without_gaps(values: NDArray[np.float64], counts: NDArray[np.intp]) -> Reading:
    d, first = len(values), values[0]
    if first >= FAR:
        return Reading(classes=False, reason=f"not counted from 0 or 1 but from {first:.0f}")
    if d <= FEW:
        return Reading(classes=True, reason="")
    if first not in (0, 1):
        return Reading(classes=False, reason=f"not counted from 0 or 1 but from {first:.0f}")
    if counts.max() <= BALANCED * counts.min():
        return Reading(classes=True, reason="")
    if d > MANY or _one_peak(counts):
        return Reading(classes=False, reason="fewer and fewer rows on both sides of one peak")
    return Reading(classes=True, reason="")


def _one_peak(counts: NDArray[np.intp]) -> bool:
    """Return whether counts fall on both sides of the largest, but for what chance explains."""
    peak = int(np.argmax(counts))
    for side in (counts[peak::-1], counts[peak:]):
        least = np.minimum.accumulate(side)
        if (side - least > 2 * np.sqrt(side + least)).any():
            return False
    return True
