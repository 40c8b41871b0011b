"""The softmax function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.functions.base import ExplicitFunction, Function, Gradients, Parameters, RandomKey
from chainrule.functions.others import sums_of_others, sums_without_largest
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class Softmax(ExplicitFunction):
    """Softmax: any numbers become positive ones with sum 1.

    Definition: Y[n,i] = exp(X[n,i]) / Σ_k exp(X[n,k])
    Shapes: X (n, k) -> Y (n, k); of members' numbers (n, members, k), each row by itself
    Jacobian: ∂Y[n,i]/∂X[n,j] = Y[n,i]·(1 − Y[n,i]) if i = j else −Y[n,i]·Y[n,j]
    Backprop: dX[n,i] = Y[n,i]·(dY[n,i] − Σ_k dY[n,k] Y[n,k])
    Numerics: a row's maximum is subtracted first, which changes nothing and bounds exp by 1; what
        the subtraction rounds off is a factor of exp. 1 − Y[n,i] loses its digits where Y[n,i] is
        nearly 1, so it is the sum of the others' Y, and dX[n,i] = Y[n,i]·(dY[n,i] Σ_{k≠i} Y[n,k]
        − Σ_{k≠i} dY[n,k] Y[n,k]). With cross-entropy use the fused pair
        :class:`~chainrule.losses.SoftmaxCrossEntropy`: Y itself cannot tell 1 from 1 − 1e-20.
    Source: lecture notes on neural networks, on Jacobians and on cross-entropy
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape, (k,) or (members, k)."""
        return check_rows(self, input_shape)

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …, k)."""
        E = exponentials(X)
        return np.asarray(E / (1 + sums_without_largest(E)))

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return diag(y) − y yᵀ for each row of each sample, (n, …, k, …, k)."""
        Y = self.forward(X, parameters)
        J = -Y[..., :, None] * Y[..., None, :]
        every = np.arange(Y.shape[-1])
        J[..., every, every] = Y * sums_of_others(Y)
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
        """Return dX: dY times (diag(y) − y yᵀ), without making the matrix."""
        if not input_gradient:
            return None, {}
        return Y * (dY * sums_of_others(Y) - sums_of_others(dY * Y)), {}


def check_rows(function: Function, input_shape: Shape) -> Shape:
    """Return the shape of a sample: one row of numbers, or one for each member.

    Parameters
    ----------
    function : Function
        What takes each row by itself.
    input_shape : tuple of int
        The shape of one sample.

    Raises
    ------
    ValueError
        The sample has other axes.
    """
    if len(input_shape) not in (1, 2):
        raise ValueError(
            f"{function}: expected samples of shape (classes) or (members, classes), "
            f"got {input_shape}"
        )
    return input_shape


def of_rows(J: Array) -> Array:
    """Return the Jacobian of samples, given that of each of their rows.

    Parameters
    ----------
    J : ndarray of shape (n, k, k) or (n, m, k, k)
        What a row's numbers do to themselves.

    Returns
    -------
    jacobian : ndarray of shape (n, k, k) or (n, m, k, m, k)
        Rows do nothing to each other.
    """
    if J.ndim == 3:
        return J
    n, m, k, _ = J.shape
    whole = np.zeros((n, m, k, m, k), dtype=J.dtype)
    every = np.arange(m)
    whole[:, every, :, every] = np.moveaxis(J, 1, 0)
    return whole


def exponentials(X: Array) -> Array:
    """Return exp(x − max x) of each row, as if the difference were not rounded.

    Parameters
    ----------
    X : ndarray of shape (n, …, k)
        Any numbers.

    Returns
    -------
    E : ndarray of shape (n, …, k)
        Numbers from 0 to 1, at least one in a row exactly 1. A row with NaN, or whose largest
        number is infinite, has NaN.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # −inf counts as 0
        top = X.max(axis=-1, keepdims=True)
        differences = X - top
        rounded = differences + top
        lost = (X - rounded) - (top + (differences - rounded))  # Knuth's TwoSum
        E = np.exp(differences)
        return np.asarray(E + E * np.where(np.isnan(lost), 0, lost))
