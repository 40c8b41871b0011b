"""Mean answers where a column has a value, shrunken by how much values differ beyond chance.

With a random effect of each value, y = m + a[value] + e, the best linear prediction of m + a is

    m + n τ² / (n τ² + σ²) · (mean of the value's n answers − m),

which is m for a value that nobody has seen, and nearly the mean where rows are many. τ², how far
effects lie apart, and σ², how far answers of a value do, are those of the analysis of variance.

Source: Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes", 2001;
Searle, Casella and McCulloch, "Variance components", 1992; that such means, taken out of fold,
serve best: Pargent et al., "Regularized target encoding outperforms traditional methods", 2022.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Answers", "Components", "TargetMeans"]

Codes = NDArray[np.intp]
Numbers = NDArray[np.float64]

BEYOND_CHANCE = 0.01
"""Answers differ by value if chance would make them do so with less than this probability."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What rows of training (n) are to predict, as numbers, and the folds that they are in.

    Parameters
    ----------
    numbers : ndarray of shape (n, a)
        One answer, or whether each class holds.
    names : tuple of str
        What the mean of each is called.
    folds : ndarray of shape (n,)
        Means for the rows of a fold are taken of the others.
    weights : ndarray of shape (n,), optional
        What rows weigh; all weigh 1 by default.
    classes : bool
        Whether numbers say which classes hold; of several, one does.
    """

    numbers: Numbers
    names: tuple[str, ...]
    folds: Codes
    weights: Numbers | None = None
    classes: bool = False

    def at(self, rows: Codes) -> Answers:
        """Return those of some rows (m)."""
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, numbers=self.numbers[rows], folds=self.folds[rows], weights=weights)


@dataclass(frozen=True, eq=False)
class TargetMeans:
    """The answers of rows that have a value (n), code −1 where a value is not among the ``count``.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Of the values.
    count : int
        How many values there are, v.
    answers : Answers
        Of the same rows.
    """

    codes: Codes
    count: int
    answers: Answers

    def means(self) -> Numbers:
        """Return the means (v + 1, a) for rows that are not among these; of no value the last."""
        return self._shrunken(np.ones(len(self.codes), np.bool_))

    def out_of_fold(self) -> Numbers:
        """Return the means (n, a) for the rows themselves, each from the other folds alone."""
        found = np.empty_like(self.answers.numbers)
        for fold in np.unique(self.answers.folds):
            own = self.answers.folds == fold
            found[own] = self._shrunken(~own)[self.codes[own]]
        return found

    def rows(self) -> Numbers:
        """Return how many rows (v + 1) have each value, and 0."""
        return self._counts(np.ones(len(self.codes), np.bool_))

    def rows_out_of_fold(self) -> Numbers:
        """Return how many rows (n) have each row's value, as the other folds let expect."""
        found = np.empty(len(self.codes))
        for fold in np.unique(self.answers.folds):
            own = self.answers.folds == fold
            found[own] = self._counts(~own)[self.codes[own]] * (len(own) / max((~own).sum(), 1))
        return found

    def differ(self) -> bool:
        """Return whether answers differ by value beyond chance: an F test of each, at 1 %."""
        return self._components.differ()

    @cached_property
    def _weights(self) -> Numbers:
        weights = self.answers.weights
        if weights is None:
            return np.ones(len(self.codes))
        shares = weights / weights.max()  # no sum of these overflows
        return np.asarray(shares / shares.mean())

    @cached_property
    def _overall(self) -> Numbers:
        return np.asarray(np.average(self.answers.numbers, axis=0, weights=self._weights))

    def _counts(self, rows: NDArray[np.bool_]) -> Numbers:
        taken = self.codes[rows & (self.codes >= 0) & (self._weights > 0)]
        return np.append(np.bincount(taken, minlength=self.count), 0).astype(np.float64)

    def _sums(self, rows: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
        """Return weights (v,) and sums of what answers are above the mean of all (v, a)."""
        rows = rows & (self.codes >= 0)
        codes, weights = self.codes[rows], self._weights[rows]
        above = (self.answers.numbers[rows] - self._overall) * weights[:, None]
        sums = [np.bincount(codes, column, minlength=self.count) for column in above.T]
        shares: Numbers = np.bincount(codes, weights, minlength=self.count).astype(np.float64)
        return shares, np.stack(sums, axis=1).astype(np.float64)

    def _shrunken(self, rows: NDArray[np.bool_]) -> Numbers:
        """Return means (v + 1, a) of some rows; how far they are shrunken, all rows say."""
        return self._components.shrunken(*self._sums(rows)) + self._overall

    @cached_property
    def _components(self) -> Components:
        rows = self.codes >= 0
        above = self.answers.numbers[rows] - self._overall
        squares = (above**2 * self._weights[rows, None]).sum(axis=0)
        return Components.of(*self._sums(rows), squares, int((self._weights[rows] > 0).sum()))


@dataclass(frozen=True, eq=False)
class Components:
    """How far answers of one value lie apart, and how far those of different values do.

    Parameters
    ----------
    within, between : ndarray of shape (a,)
        σ² and τ² of each answer.
    ratios : ndarray of shape (a,)
        Of F tests, whose degrees of freedom are the two numbers that follow.
    """

    within: Numbers
    between: Numbers
    ratios: Numbers
    values: int
    rest: int

    @classmethod
    def of(cls, weights: Numbers, sums: Numbers, squares: Numbers, rows: int) -> Components:
        """Return those of rows that have one of some values.

        Parameters
        ----------
        weights : ndarray of shape (v,)
            Of the rows of each value.
        sums : ndarray of shape (v, a)
            Of what their answers are above the mean of all, weighted.
        squares : ndarray of shape (a,)
            The sums of the squares of the same.
        rows : int
            How many weigh anything.
        """
        there = weights > 0
        weights, sums = weights[there], sums[there]
        total = weights.sum()
        own = (sums**2 / weights[:, None]).sum(axis=0)
        shared = sums.sum(axis=0) ** 2 / max(total, 1.0)
        values = len(weights) - 1
        rest = rows - len(weights)
        within = np.maximum(squares - own, 0.0) / max(rest, 1)
        between = np.maximum(own - shared, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.nan_to_num(between / max(values, 1) / within, nan=0.0, posinf=np.inf)
        spread = total - (weights**2).sum() / max(total, 1.0)
        effects = np.maximum(between - values * within, 0.0) / (spread if spread > 0 else 1.0)
        return cls(within, effects if rest > 0 else effects * 0, ratios, values, rest)

    def differ(self) -> bool:
        """Return whether answers differ by value beyond chance: an F test of each, at 1 %."""
        if self.values < 1 or self.rest < 1:
            return False
        chance = special.fdtrc(self.values, self.rest, self.ratios).min() * len(self.ratios)
        return bool(chance < BEYOND_CHANCE)

    def shrunken(self, weights: Numbers, sums: Numbers) -> Numbers:
        """Return how far the means (v + 1, a) lie above that of all; 0 of no value, the last."""
        with np.errstate(divide="ignore", invalid="ignore"):
            above = sums * self.between / (weights[:, None] * self.between + self.within)
        return np.vstack([np.nan_to_num(above), np.zeros(above.shape[1])])
