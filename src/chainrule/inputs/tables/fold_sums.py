"""Answers by value and fold, of rows that are seen once: what target encoding is learned from.

Of each value and fold of rows there are sums: of weights, of answers, and of rows. The means that
`target_means` takes of rows are made of them, those of the other folds among them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.tables.distributions import Counted
from chainrule.inputs.tables.target_means import Answers, Components

__all__ = ["FOLDS", "FoldMeans", "FoldSums", "most_values"]

FOLDS = 5

MOST_SUMS = 2**22
"""Sums of a column: 32 MiB."""

Numbers = NDArray[np.float64]


def most_values(answers: int, most: int) -> int:
    """Return how many values of a column may have sums of so many answers, at most ``most``."""
    return max(2, min(most, MOST_SUMS // ((answers + 3) * FOLDS + answers)))


@dataclass(frozen=True, eq=False)
class FoldMeans:
    """What is known of values, and what the other folds let expect in each fold.

    Parameters
    ----------
    values : tuple of str
        Sorted, v of them; the last place is that of any other.
    known : ndarray of shape (v + 1, a + 1)
        The shrunken mean of each answer, and the logarithm of 1 + rows.
    out_of_fold : ndarray of shape (folds, v + 1, a + 1)
        The same, of the rows of the other folds.
    rows : ndarray of shape (folds, v + 1)
        How many rows have each value in each fold.
    differ : bool
        Whether answers differ by value beyond chance.
    """

    values: tuple[str, ...]
    known: Numbers
    out_of_fold: Numbers
    rows: NDArray[np.int64]
    differ: bool

    def spread(self, place: int) -> Counted:
        """Return how the numbers out of fold of a statistic are spread over rows."""
        numbers, counts = self.out_of_fold[:, :, place].ravel(), self.rows.ravel()
        there = counts > 0
        distinct, places = np.unique(numbers[there], return_inverse=True)
        sums = np.zeros(len(distinct), np.int64)
        np.add.at(sums, places, counts[there])
        return Counted(distinct, sums)


class FoldSums:
    """Sums by value and fold, of rows that come some at a time.

    Parameters
    ----------
    answers : int
        How many numbers each row has to predict, a.
    """

    def __init__(self, answers: int) -> None:
        self._places: dict[str, int] = {}
        self._sums = np.zeros((0, FOLDS, answers + 3))  # answers, weights, rows of weight, rows
        self._squares = np.zeros((0, answers))
        self._all = np.zeros((FOLDS, answers + 3))

    def __len__(self) -> int:
        return len(self._places)

    def add(self, values: Sequence[str], codes: NDArray[np.intp], answers: Answers) -> None:
        """Take rows (n), the value of each by its place among ``values``."""
        known = np.array([self._places.setdefault(v, len(self._places)) for v in values], np.intp)
        if len(self._places) > len(self._sums):
            self._grow()
        weights = np.ones(len(codes)) if answers.weights is None else answers.weights
        numbers = answers.numbers * weights[:, None]
        each = np.column_stack([numbers, weights, weights > 0, np.ones(len(codes))])
        cells = known[codes] * FOLDS + answers.folds
        distinct, places = np.unique(cells, return_inverse=True)
        flat = self._sums.reshape(-1, each.shape[1])
        for column, own in enumerate(each.T):
            flat[distinct, column] += np.bincount(places, own, minlength=len(distinct))
        np.add.at(self._squares, known[codes], answers.numbers * numbers)
        for column, own in enumerate(each.T):
            self._all[:, column] += np.bincount(answers.folds, own, minlength=FOLDS)

    def keep(self, values: Collection[str]) -> None:
        """Forget all other values; one that comes again begins anew."""
        left = [value for value in self._places if value in values]
        places = [self._places[value] for value in left]
        self._sums, self._squares = self._sums[places], self._squares[places]
        self._places = {value: place for place, value in enumerate(left)}

    def means(self, values: Collection[str]) -> FoldMeans:
        """Return what is known of some of the values."""
        chosen = sorted(value for value in values if value in self._places)
        places = [self._places[value] for value in chosen]
        answers = self._squares.shape[1]
        sums, all_sums = self._sums[places].swapaxes(0, 1), self._all
        rows = sums[..., answers + 2]
        total = all_sums[:, answers + 2]
        scale = total.sum() / all_sums[:, answers].sum()  # weights are 1 on average
        overall = all_sums[:, :answers].sum(axis=0) / all_sums[:, answers].sum()
        weights = sums[..., answers] * scale
        above = sums[..., :answers] * scale - overall * weights[..., None]
        squares = self._squares[places].sum(axis=0) * scale - overall * (
            2 * above.sum(axis=(0, 1)) + overall * weights.sum()
        )
        there = sums[..., answers + 1]
        parts = Components.of(
            weights.sum(axis=0), above.sum(axis=0), np.maximum(squares, 0.0), int(there.sum())
        )

        def of(folds: NDArray[np.bool_], share: float) -> Numbers:
            own = weights[folds].sum(axis=0), above[folds].sum(axis=0)
            counts = np.append(there[folds].sum(axis=0), 0.0) * share
            return np.column_stack([parts.shrunken(*own) + overall, np.log1p(counts)])

        count = total.sum()
        others = [np.arange(FOLDS) != fold for fold in range(FOLDS)]
        out = np.stack([of(o, count / max(total[o].sum(), 1.0)) for o in others])
        unknown = total - rows.sum(axis=1)
        return FoldMeans(
            tuple(chosen),
            of(np.ones(FOLDS, np.bool_), 1.0),
            out,
            np.column_stack([rows, unknown]).astype(np.int64),
            parts.differ(),
        )

    def _grow(self) -> None:
        """Make room for twice as many values."""
        room = max(64, 2 * len(self._places)) - len(self._sums)
        self._sums = np.concatenate([self._sums, np.zeros((room, *self._sums.shape[1:]))])
        self._squares = np.concatenate([self._squares, np.zeros((room, self._squares.shape[1]))])
