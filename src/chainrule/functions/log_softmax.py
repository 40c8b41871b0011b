"""The logarithm of the softmax function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class LogSoftmax(ExplicitFunction):
    """Logarithm of softmax, finite where softmax itself has rounded to zero.

    Definition: Y[n,i] = X[n,i] − log Σ_k exp(X[n,k])
    Shapes: X (n, k) -> Y (n, k)
    Jacobian: ∂Y[n,i]/∂X[n,j] = (1 if i = j else 0) − exp(Y[n,j])
    Backprop: dX[n,j] = dY[n,j] − exp(Y[n,j])·Σ_i dY[n,i]
    Numerics: a row's maximum is subtracted first
    Source: the derivative of log y_i, with that of softmax from the lecture notes
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (k,)."""
        self._check_rank(input_shape, "classes")
        return input_shape

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, k)."""
        shifted = X - X.max(axis=1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return I − 1 softmax(x)ᵀ for each sample, (n, k, k)."""
        Y = self.forward(X, parameters)
        J = np.eye(Y.shape[1], dtype=Y.dtype) - np.exp(Y)[:, None, :]
        return np.broadcast_to(J, (len(X), Y.shape[1], Y.shape[1])).copy()

    def backprop(
        self,
        dY: Array,
        X: Array,
        Y: Array,
        parameters: Parameters,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = True,
    ) -> Gradients:
        """Return dX: dY times (I − 1 softmax(x)ᵀ), without making the matrix."""
        if not input_gradient:
            return None, {}
        return dY - np.exp(Y) * dY.sum(axis=1, keepdims=True), {}
