"""The softmax function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class Softmax(ExplicitFunction):
    """Softmax: any numbers become positive ones with sum 1.

    Definition: Y[n,i] = exp(X[n,i]) / Σ_k exp(X[n,k])
    Shapes: X (n, k) -> Y (n, k)
    Jacobian: ∂Y[n,i]/∂X[n,j] = Y[n,i]·(1 − Y[n,i]) if i = j else −Y[n,i]·Y[n,j]
    Backprop: dX[n,i] = Y[n,i]·(dY[n,i] − Σ_k dY[n,k] Y[n,k])
    Numerics: a row's maximum is subtracted first, which changes nothing and bounds exp by 1.
        With cross-entropy use the fused pair :class:`~chainrule.losses.SoftmaxCrossEntropy`.
    Source: lecture notes on neural networks, on Jacobians and on cross-entropy
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (k,)."""
        self._check_rank(input_shape, "classes")
        return input_shape

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, k)."""
        exponentials = np.exp(X - X.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return diag(y) − y yᵀ for each sample, (n, k, k)."""
        Y = self.forward(X, parameters)
        J = np.eye(Y.shape[1], dtype=Y.dtype) * Y[:, :, None] - Y[:, :, None] * Y[:, None, :]
        return np.asarray(J)

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
        """Return dX: dY times (diag(y) − y yᵀ), without making the matrix."""
        if not input_gradient:
            return None, {}
        return Y * (dY - np.sum(dY * Y, axis=1, keepdims=True)), {}
