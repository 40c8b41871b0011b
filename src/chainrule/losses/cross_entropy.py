"""Multi-class cross-entropy, on probabilities and fused with softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.functions.others import sums_of_others, sums_without_largest
from chainrule.functions.softmax import exponentials
from chainrule.losses.base import Loss
from chainrule.types import Array


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Multi-class cross-entropy of probabilities.

    Definition: L = −1/N Σ_n Σ_k T[n,k] log Y[n,k], with 0 log 0 = 0
    Shapes: Y (n, k) from 0 to 1; t (n,) class numbers, or T (n, k) one-hot or soft -> a number
    Derivative: ∂L/∂Y[n,k] = −1/N T[n,k] / Y[n,k]
    Numerics: infinite where the true class has probability 0; nothing is clipped. As exact as Y
        is: of a number near 1 float32 keeps 1 − Y to 6e-8, so after a softmax use the fused pair.
    Source: all five lecture notes
    """

    any_outputs: ClassVar[bool] = False

    def targets(self, t: Any, Y: Array) -> Array:
        """Return T (n, k), rows that sum to 1, from class numbers (n,) or from T itself."""
        self._check_outputs(
            Y, "end the chain with Softmax(), or use SoftmaxCrossEntropy(), which takes logits"
        )
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

    A chain that ends with Softmax() or LogSoftmax() has that function once: the loss includes it.

    Definition: L = 1/N Σ_n (log Σ_k exp(Z[n,k]) − Σ_k T[n,k] Z[n,k])
    Shapes: Z (n, k); t (n,) class numbers, or T (n, k) one-hot or soft -> a number
    Derivative: ∂L/∂Z[n,k] = 1/N (softmax(Z)[n,k] − T[n,k]), that is 1/N (y − t)
    Numerics: finite for any finite Z, and no digit is lost however sure the network is. With a
        row's maximum m and e_k = exp(z_k − m), the largest, 1, is left out of r = Σ of the others:
        −log y_k = (m − z_k) + log1p(r). A class's own 1 − y_k is the sum of the others' y, so
        y_k − t_k is (e_k Σ_{j≠k} t_j − t_k Σ_{j≠k} e_j)/(1 + r): of the true class it is
        −Σ_{j≠k} y_j, where y_k − 1 would be 0 as soon as y_k has rounded to 1.
    Source: lecture notes on neural networks, "a remarkable simplification"
    """

    any_outputs: ClassVar[bool] = True

    def targets(self, t: Any, Y: Array) -> Array:
        """Return T (n, k), rows that sum to 1, from class numbers (n,) or from T itself."""
        return self._distributions(t, Y)

    def errors(self, Y: Array, T: Array) -> Array:
        """Return −Σ T log softmax(z), (n,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            below = Y.max(axis=1, keepdims=True) - Y
            surprises = below + np.log1p(sums_without_largest(exponentials(Y)))
            return np.asarray(np.where(T > 0, T * surprises, 0).sum(axis=1), dtype=Y.dtype)

    def error_gradients(self, Y: Array, T: Array) -> Array:
        """Return softmax(z) − T, (n, k)."""
        E = exponentials(Y)
        differences = E * sums_of_others(T) - T * sums_of_others(E)
        return np.asarray(differences / (1 + sums_without_largest(E)), dtype=Y.dtype)
