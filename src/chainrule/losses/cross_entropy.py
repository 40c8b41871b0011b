"""Multi-class cross-entropy, on probabilities and fused with softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.losses.base import Loss
from chainrule.types import Array


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Multi-class cross-entropy of probabilities.

    Definition: L = −1/N Σ_n Σ_k T[n,k] log Y[n,k], with 0 log 0 = 0
    Shapes: Y (n, k) from 0 to 1; t (n,) class numbers, or T (n, k) one-hot or soft -> a number
    Derivative: ∂L/∂Y[n,k] = −1/N T[n,k] / Y[n,k]
    Numerics: infinite where the true class has probability 0; nothing is clipped. After a softmax,
        use the fused pair, which is exact.
    Source: all five lecture notes
    """

    def targets(self, t: Any, Y: Array) -> Array:
        """Return T (n, k), rows that sum to 1, from class numbers (n,) or from T itself."""
        self._check_outputs(Y)
        return self._distributions(t, Y)

    def _distributions(self, t: Any, Y: Array) -> Array:
        """Return T, its rows scaled so that they sum to 1 to the last digit."""
        if Y.ndim != 2:
            raise self._misfit("outputs of shape (n, k)", f"shape {Y.shape}")
        labels = np.asarray(t)
        if labels.ndim == 1:
            return self._one_hot(labels, Y)
        T = self._probabilities(labels, Y)
        sums = T.sum(axis=1, dtype=np.float64)
        wrong = np.abs(sums - 1) > 1e-3
        if wrong.any():
            raise self._misfit("rows of targets that sum to 1", f"a sum of {sums[wrong][0]:g}")
        return np.asarray(T / sums[:, None], dtype=Y.dtype)

    def _one_hot(self, labels: Array, Y: Array) -> Array:
        n, k = Y.shape
        if labels.dtype.kind not in "iu":
            raise self._misfit("class numbers, or rows of probabilities", f"{labels.dtype} (n,)")
        if labels.shape != (n,):
            raise self._misfit(f"{n} class numbers", f"shape {labels.shape}")
        outside = (labels < 0) | (labels >= k)
        if outside.any():
            raise self._misfit(f"class numbers from 0 to {k - 1}", labels[outside][0])
        T = np.zeros((n, k), dtype=Y.dtype)
        T[np.arange(n), labels] = 1
        return T

    def errors(self, Y: Array, T: Array) -> Array:
        """Return −Σ_k T log Y, (n,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(-np.sum(np.where(T > 0, T * np.log(Y), 0 * Y), axis=1))

    def error_gradients(self, Y: Array, T: Array) -> Array:
        """Return −T/Y, (n, k)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(-np.where(T > 0, T / Y, 0), dtype=Y.dtype)


@dataclass(frozen=True)
class SoftmaxCrossEntropy(CrossEntropy):
    """Softmax and cross-entropy in one, on the numbers Z that go into the softmax.

    Definition: L = 1/N Σ_n (log Σ_k exp(Z[n,k]) − Σ_k T[n,k] Z[n,k])
    Shapes: Z (n, k); t (n,) class numbers, or T (n, k) one-hot or soft -> a number
    Derivative: ∂L/∂Z[n,k] = 1/N (softmax(Z)[n,k] − T[n,k]), that is 1/N (y − t)
    Numerics: exact and finite for any finite Z; a row's maximum is subtracted first
    Source: lecture notes on neural networks, "a remarkable simplification"
    """

    def targets(self, t: Any, Y: Array) -> Array:
        """Return T (n, k), rows that sum to 1, from class numbers (n,) or from T itself."""
        return self._distributions(t, Y)

    def errors(self, Y: Array, T: Array) -> Array:
        """Return log Σ exp(z) − Σ T z, (n,)."""
        shifted = Y - Y.max(axis=1, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=1))
        return np.asarray(total - np.sum(T * shifted, axis=1))

    def error_gradients(self, Y: Array, T: Array) -> Array:
        """Return softmax(z) − T, (n, k)."""
        exponentials = np.exp(Y - Y.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True) - T)
