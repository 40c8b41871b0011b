"""Splits whose held-out parts are as strange as what is to come: later times, other groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.types import Rows

__all__ = ["split_groups", "split_times"]


def split_groups(
    groups: Sequence[Any] | NDArray[Any], shares: tuple[float, ...], seed: int
) -> list[Rows]:
    """Cut rows (n) into an array of row numbers a share, each group in one of them.

    Groups come in random order; each goes where most rows are lacking.

    Raises
    ------
    DataError
        There are fewer groups than parts.
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(codes)
    if len(sizes) < len(shares):
        raise DataError(
            f"split: expected a group or more for each of {len(shares)} parts, got "
            f"{len(sizes)} in all"
        )
    # The generator's raw numbers are fixed for good; what NumPy makes of them may change.
    order = np.argsort(np.random.Philox(key=seed).random_raw(len(sizes)), kind="stable")
    lacking, part = np.array(shares) * len(codes), np.empty(len(sizes), np.intp)
    empty = np.ones(len(shares), np.bool_)
    for place, group in enumerate(order):
        forced = len(order) - place == np.count_nonzero(empty)  # a group for each part
        chosen = int(np.argmax(np.where(empty, lacking, -np.inf) if forced else lacking))
        part[group], empty[chosen] = chosen, False
        lacking[chosen] -= sizes[group]
    return [np.flatnonzero(part[codes] == number) for number in range(len(shares))]


def split_times(times: NDArray[Any], shares: tuple[float, ...]) -> list[Rows]:
    """Cut rows with times (n) into an array of row numbers a share, the earliest rows first.

    Rows of one time stay together; within a part, rows are in the order of their times.

    Raises
    ------
    DataError
        There are fewer times than parts.
    """
    order = np.argsort(times, kind="stable")
    cuts = 1 + np.flatnonzero(np.diff(times[order]))
    if len(cuts) < len(shares) - 1:
        raise DataError(
            f"split: expected a time or more for each of {len(shares)} parts, got "
            f"{len(cuts) + 1} in all"
        )
    ends: list[int] = []
    for number, wanted in enumerate(np.cumsum(shares)[:-1] * len(order)):
        possible = cuts[number : len(cuts) - (len(shares) - 2 - number)]
        possible = possible[possible > (ends[-1] if ends else 0)]
        ends.append(int(possible[np.argmin(np.abs(possible - wanted))]))
    return np.split(order, ends)
