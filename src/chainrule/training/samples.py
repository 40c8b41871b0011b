"""The data of a training: inputs, targets, weights, and whether they can be trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.finite import check_range
from chainrule.sparse_rows import as_csr
from chainrule.types import Array


@dataclass(frozen=True)
class Samples:
    """Inputs X (n, …), targets t and, perhaps, weights (n,), or (n, k) of an ensemble's members.

    A sample with weights of members counts in a batch, and in an epoch, as much as their mean.
    """

    X: Any
    t: Array
    weights: Array | None = None

    @classmethod
    def of(cls, name: str, X: Any, t: Any, weights: Any = None) -> Samples:
        """Return samples as arrays, X perhaps sparse by rows; errors begin with the name."""
        rows = as_csr(name, X) if sparse.issparse(X) else np.atleast_1d(X)
        return cls(rows, np.asarray(t), None if weights is None else np.asarray(weights, float))

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def at(self, rows: Array | slice) -> Samples:
        """Return some of the samples."""
        weights = None if self.weights is None else self.weights[rows]
        return Samples(self.X[rows], self.t[rows], weights)

    def batch_weights(self, rows: Array, size: int) -> Array:
        """Return what each ``size`` of the rows weigh together: their number, or their weights."""
        if self._each is None:
            return np.full(len(rows) // size, float(size))
        return np.asarray(self._each[rows].reshape(-1, size).sum(axis=1))

    @property
    def weight(self) -> float:
        """What the samples weigh together: their number, or the sum of their weights."""
        return float(len(self) if self._each is None else self._each.sum())

    @property
    def _each(self) -> Array | None:
        """What each sample weighs."""
        if self.weights is None or self.weights.ndim == 1:
            return self.weights
        return np.asarray(self.weights.reshape(len(self), -1).mean(axis=1))

    def check(self, name: str) -> None:
        """Raise ValueError unless there are samples, of equal lengths, and all are finite."""
        if len(self) == 0:
            raise ValueError(f"{name}: expected at least one sample, got none")
        for what, array in (("targets", self.t), ("sample weights", self.weights)):
            if array is None:
                continue
            if array.ndim == 0 or len(array) != len(self):
                received = len(array) if array.ndim else "a single number"
                raise ValueError(f"{name}: expected {len(self)} {what}, got {received}")
            _check_finite(f"{name}: expected finite {what}", array)
        if sparse.issparse(self.X):
            as_csr(name, self.X)
        else:
            _check_finite(f"{name}: expected finite X", self.X)
        if self.weights is not None:
            check_not_negative(name, self.weights)
            if not self.weights.any():
                raise ValueError(f"{name}: expected a sample weight > 0, got only zeros")

    def check_range(self, name: str, dtype: np.dtype[Any], advice: str | None = None) -> None:
        """Raise NotFiniteError for a number that the float type of a training cannot hold."""
        parts = (("X", self.X), ("targets", self.t), ("sample weights", self.weights))
        for what, array in parts:
            if array is not None:
                check_range(name, array, dtype, what, advice)

    def drop_zero_weights(self) -> Samples:
        """Return the samples without those of weight 0, of which no batch could be made."""
        if self._each is None or self._each.all():
            return self
        return self.at(np.flatnonzero(self._each))


def _check_finite(expected: str, array: Any) -> None:
    """Raise ValueError if a number of an array (n, …) is NaN or infinite."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
    value = array[tuple(place)]
    at = f" at ({', '.join(map(str, place[1:]))})" if place[1:] else ""
    raise ValueError(f"{expected}, got {value} in sample {place[0]}{at}")


def check_not_negative(name: str, weights: Array) -> None:
    """Raise ValueError, which begins with ``name``, for the first sample of negative weight."""
    if np.any(weights < 0):
        place = tuple(np.argwhere(weights < 0)[0])
        received = f"{weights[place]} for sample {place[0]}"
        raise ValueError(f"{name}: expected sample weights >= 0, got {received}")
