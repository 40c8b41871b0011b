"""Layer normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.functions.diagonal import diagonal
from chainrule.functions.fields import check_choice, check_number
from chainrule.functions.starts import Start
from chainrule.types import Array, Shape

OVER = ("sample", "channels", "last")


@dataclass(frozen=True)
class LayerNorm(ExplicitFunction):
    """Layer normalisation: the numbers of a sample get mean 0 and variance 1, then scale and shift.

    Definition: Y[n,…] = Z[n,…] g + b, with Z = (X − m)·s, s = 1/√(v + epsilon)
        where m and v are the mean and the variance of a group of k numbers of one sample:
        m = 1/k Σ X, v = 1/k Σ (X − m)²
    Shapes: X (n, k), g (k,), b (k,) -> Y (n, k);
        X (n, c, …), g (c,), b (c,) -> Y (n, c, …); over="last": X (n, …, k), g (k,), b (k,)
    Jacobian: within a group ∂Z[i]/∂X[j] = s·(1[i=j] − 1/k − Z[i]·Z[j]/k), and 0 elsewhere:
        ∂m/∂X[j] = 1/k; ∂v/∂X[j] = 2/k (X[j] − m), as the sum of X − m is 0;
        so ∂s/∂X[j] = −s³/2 · ∂v/∂X[j] = −s²·Z[j]/k, and the product rule does the rest;
        ∂Y/∂X = g ∂Z/∂X, ∂Y/∂g = Z, ∂Y/∂b = 1
    Backprop: with dZ = dY·g, and means over the group,
        dX[n,…] = s·(dZ − mean(dZ) − Z·mean(dZ·Z));
        dg = Σ dY·Z and db = Σ dY, over samples and all that shares the number
    Numerics: the mean is subtracted before squares are summed, so that digits of a large mean do
        not swamp the variance; a group of equal numbers gives 0, for epsilon > 0
    Source: Ba, Kiros, Hinton: "Layer normalization", 2016

    A sample is normalised by itself, so training and prediction do the same, batches of any size
    do, and samples do not depend on each other.

    Parameters
    ----------
    over : {"sample", "channels", "last"}, default="sample"
        What is normalised together: all numbers of a sample; those of all channels at the same
        pixel; or those along the last axis. For samples (k,) all three are the same.
    affine : bool, default=True
        Whether there are a scale g, which starts at 1, and a shift b, which starts at 0: one for
        each feature or channel (over="last": for each place on the last axis).
    epsilon : float, default=1e-5
        What is added to the variance, > 0.
    """

    over: str = "sample"
    affine: bool = True
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        """Check what is normalised, and epsilon."""
        check_choice(self, "over", OVER)
        check_number(self, "epsilon", low=0.0)
        if self.epsilon == 0:
            raise ValueError("LayerNorm: expected epsilon > 0, got 0")
        if not isinstance(self.affine, bool):
            raise ValueError(f"LayerNorm: expected affine to be a bool, got {self.affine!r}")

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return g (k,) and b (k,), or nothing."""
        self.output_shape(input_shape)
        size = input_shape[-1 if self.over == "last" else 0]
        return {"g": (size,), "b": (size,)} if self.affine else {}

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        if not input_shape:
            raise self._misfit("samples of one axis or more", input_shape)
        return input_shape

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (1, 1): a number is scaled by itself."""
        return 1, 1

    def starts(self, input_shape: Shape) -> Mapping[str, Start]:
        """Return 1 for g and 0 for b."""
        return {"g": 1.0, "b": 0.0} if self.affine else {}

    def _axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes of a group, X having so many."""
        single = {"channels": (1,), "last": (rank - 1,)}
        return single.get(self.over, tuple(range(1, rank)))

    def _spread(self, parameter: Array, X: Array) -> Array:
        """Return g or b, with axes as X has them."""
        after = 0 if self.over == "last" else X.ndim - 2
        return parameter.reshape(-1, *[1] * after)

    def _normalize(self, X: Array) -> tuple[Array, Array]:
        """Return Z (n, …) and s (n, …), the latter with axes of size 1."""
        axes = self._axes(X.ndim)
        centred = X - X.mean(axis=axes, keepdims=True, dtype=X.dtype)
        variance = np.mean(centred * centred, axis=axes, keepdims=True, dtype=X.dtype)
        s = 1 / np.sqrt(variance + X.dtype.type(self.epsilon))
        return centred * s, s

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …)."""
        Z, _ = self._normalize(X)
        if not self.affine:
            return Z
        return Z * self._spread(parameters["g"], X) + self._spread(parameters["b"], X)

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return ∂Y[n]/∂X[n] (n, *shape, *shape), or that by g or b (n, *shape, k)."""
        Z, s = self._normalize(X)
        if by != "X":
            place = np.zeros((*X.shape[1:], len(parameters[by])), dtype=X.dtype)
            axis = X.ndim - 2 if self.over == "last" else 0
            index = np.indices(X.shape[1:])
            place[(*index, index[axis])] = 1
            return place * (Z[..., None] if by == "g" else np.ones_like(Z)[..., None])
        n, count = len(X), prod(X.shape[1:])
        groups = self._groups(X.shape[1:])
        together = (groups[:, None] == groups).astype(X.dtype)
        size = X.dtype.type(together[0].sum())
        z, own = Z.reshape(n, count), np.broadcast_to(s, X.shape).reshape(n, count)
        within = together * (1 + z[:, :, None] * z[:, None, :]) / size
        J = own[:, :, None] * (diagonal(np.ones_like(z)) - within)
        if self.affine:
            g = np.broadcast_to(self._spread(parameters["g"], X), X.shape).reshape(n, count)
            J = g[:, :, None] * J
        return np.asarray(J.reshape(*X.shape, *X.shape[1:]))

    def _groups(self, shape: Shape) -> Array:
        """Return the number of its group for each number of a sample, flat."""
        axes = self._axes(len(shape) + 1)
        left = tuple(1 if axis in axes else size for axis, size in enumerate(shape, 1))
        groups = np.arange(prod(left)).reshape(left)
        return np.broadcast_to(groups, shape).reshape(-1)

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
        """Return dX = s·(dZ − mean(dZ) − Z·mean(dZ·Z)), dg = Σ dY·Z and db = Σ dY."""
        Z, s = self._normalize(X)
        gradients: dict[str, Array] = {}
        dZ = dY
        if self.affine:
            kept = X.ndim - 1 if self.over == "last" else 1
            shared = tuple(axis for axis in range(X.ndim) if axis != kept)
            gradients = {"g": np.sum(dY * Z, axis=shared), "b": np.sum(dY, axis=shared)}
            dZ = dY * self._spread(parameters["g"], X)
        if not input_gradient:
            return None, gradients
        axes = self._axes(X.ndim)
        mean = dZ.mean(axis=axes, keepdims=True)
        along = np.mean(dZ * Z, axis=axes, keepdims=True)
        return s * (dZ - mean - Z * along), gradients
