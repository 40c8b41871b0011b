"""The logarithm of the softmax function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.functions.others import sums_of_others, sums_without_largest
from chainrule.functions.softmax import check_rows, exponentials, of_rows
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class LogSoftmax(ExplicitFunction):
    """Logarithm of softmax, finite where softmax itself has rounded to zero.

    Definition: Y[n,i] = X[n,i] − log Σ_k exp(X[n,k])
    Shapes: X (n, k) -> Y (n, k); of members' numbers (n, members, k), each row by itself
    Jacobian: ∂Y[n,i]/∂X[n,j] = (1 if i = j else 0) − exp(Y[n,j])
    Backprop: dX[n,j] = dY[n,j] − exp(Y[n,j])·Σ_i dY[n,i]
    Numerics: a row's maximum m is subtracted first, and the 1 that exp makes of it is left out of
        the sum: Y[n,i] = (X[n,i] − m) − log1p(Σ of the other exp(X[n,k] − m)), where no digit is
        lost, however far ahead the largest is. In dX[n,j] = −dY[n,j]·expm1(Y[n,j])
        − exp(Y[n,j])·Σ_{i≠j} dY[n,i] neither is one of 1 − exp(Y).
    Source: the derivative of log y_i, with that of softmax from the lecture notes
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape, (k,) or (members, k)."""
        return check_rows(self, input_shape)

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …, k)."""
        with np.errstate(over="ignore", invalid="ignore"):
            shifted = X - X.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log1p(sums_without_largest(exponentials(X))))

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return I − 1 softmax(x)ᵀ for each row of each sample, (n, …, k, …, k)."""
        Y = self.forward(X, parameters)
        J = np.repeat(-np.exp(Y)[..., None, :], Y.shape[-1], axis=-2)
        every = np.arange(Y.shape[-1])
        J[..., every, every] = -np.expm1(Y)
        return of_rows(J)

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
        return -dY * np.expm1(Y) - np.exp(Y) * sums_of_others(dY), {}
