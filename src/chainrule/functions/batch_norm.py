"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from chainrule.functions.base import (
    ExplicitFunction,
    Gradients,
    Parameters,
    RandomKey,
)
from chainrule.functions.diagonal import diagonal
from chainrule.functions.fields import check_number
from chainrule.functions.starts import Start
from chainrule.types import Array, Shape

STATISTICS = ("mean", "variance")


@dataclass(frozen=True)
class BatchNorm(ExplicitFunction):
    """Batch normalisation: a feature gets mean 0 and variance 1 in the batch, then scale and shift.

    Definition: Y[n,c,…] = Z[n,c,…] g[c] + b[c], with Z = (X − m)·s, s = 1/√(v + epsilon)
        where, in training, m[c] and v[c] are the mean and the variance of the k numbers of feature
        or channel c in the batch: m = 1/k Σ X, v = 1/k Σ (X − m)²;
        in prediction m = mean and v = variance, which training has averaged:
        mean ← mean + a·(m − mean), variance ← variance + a·(k/(k−1)·v − variance),
        a = max(momentum, 1/t) at step t
    Shapes: X (n, c), g (c,), b (c,), mean (c,), variance (c,) -> Y (n, c);
        X (n, c, …) -> Y (n, c, …)
    Jacobian: in training samples depend on each other: within a channel
        ∂Z[i]/∂X[j] = s·(1[i=j] − 1/k − Z[i]·Z[j]/k), i and j being any two of its k numbers:
        ∂m/∂X[j] = 1/k; ∂v/∂X[j] = 2/k (X[j] − m), as the sum of X − m is 0;
        so ∂s/∂X[j] = −s³/2 · ∂v/∂X[j] = −s²·Z[j]/k, and the product rule does the rest;
        ∂Y/∂X = g ∂Z/∂X, ∂Y/∂g = Z, ∂Y/∂b = 1, ∂Y/∂mean = ∂Y/∂variance = 0;
        in prediction m and v are constants: ∂Y/∂X = g·s, diagonal, and
        ∂Y/∂mean = −g·s, ∂Y/∂variance = −½ g·Z·s²
    Backprop: with dZ = dY·g, and means over the k numbers of a channel,
        dX[n,c,…] = s·(dZ − mean(dZ) − Z·mean(dZ·Z)) in training, s·dZ in prediction;
        dg[c] = Σ dY·Z and db[c] = Σ dY
    Numerics: the mean is subtracted before squares are summed; a channel of one number in the
        batch has no variance: it gives b, and is not averaged. 1/t makes mean and variance those
        of all batches at first, so that a few steps are enough for them to be right
    Source: Ioffe, Szegedy: "Batch normalization: accelerating deep network training by reducing
        internal covariate shift", 2015

    Mean and variance lie among the parameters, so files keep them and early stopping goes back to
    those of its best epoch; no gradient, penalty or learning rate moves them. Batches should have
    a dozen samples or more: for smaller ones take :class:`~chainrule.functions.LayerNorm`. With
    L-BFGS the batch is the whole set.

    Parameters
    ----------
    momentum : float, default=0.1
        How much of the averages each batch replaces, a, 0 < momentum <= 1.
    affine : bool, default=True
        Whether there are a scale g, which starts at 1, and a shift b, which starts at 0.
    epsilon : float, default=1e-5
        What is added to the variance, > 0.
    """

    momentum: float = 0.1
    affine: bool = True
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_number(self, "momentum", low=0.0, high=1.0)
        check_number(self, "epsilon", low=0.0)
        for name in ("momentum", "epsilon"):
            if getattr(self, name) == 0:
                raise ValueError(f"BatchNorm: expected {name} > 0, got 0")
        if not isinstance(self.affine, bool):
            raise ValueError(f"BatchNorm: expected affine to be a bool, got {self.affine!r}")

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return g (c,) and b (c,), if there are such, mean (c,) and variance (c,)."""
        self.output_shape(input_shape)
        own = ("g", "b", *STATISTICS) if self.affine else STATISTICS
        return dict.fromkeys(own, input_shape[:1])

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        if not input_shape:
            raise self._misfit("samples of one axis or more", input_shape)
        return input_shape

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (1, 1): a number is scaled by itself."""
        return 1, 1

    def starts(self, input_shape: Shape) -> Mapping[str, Start]:
        """Return 1 for g and variance, 0 for b and mean."""
        starts = {"g": 1.0, "b": 0.0, "mean": 0.0, "variance": 1.0}
        return {name: starts[name] for name in self.parameter_shapes(input_shape)}

    def learning_rate_factors(self) -> Mapping[str, float]:
        """Return 0 for mean and variance: optimizers do not move them."""
        return dict.fromkeys(STATISTICS, 0.0)

    def observe(self, X: Array, parameters: Parameters, key: RandomKey) -> dict[str, Array]:
        """Return mean and variance after a batch."""
        count = X.size // max(X.shape[1], 1)
        if count < 2:
            return {}
        m, v = self._moments(X)
        part = X.dtype.type(max(self.momentum, 1 / (key.step + 1)))
        seen = {"mean": m.ravel(), "variance": v.ravel() * X.dtype.type(count / (count - 1))}
        old = {name: parameters[name] for name in STATISTICS}
        return {name: old[name] + part * (new - old[name]) for name, new in seen.items()}

    def _moments(self, X: Array) -> tuple[Array, Array]:
        """Return mean and variance of each channel in a batch, with axes as X has them."""
        axes = self._shared(X)
        m = X.mean(axis=axes, keepdims=True, dtype=X.dtype)
        return m, np.mean((X - m) ** 2, axis=axes, keepdims=True, dtype=X.dtype)

    def _shared(self, X: Array) -> tuple[int, ...]:
        """Return all axes but that of the channels."""
        return (0, *range(2, X.ndim))

    def _spread(self, parameter: Array, X: Array) -> Array:
        return parameter.reshape(-1, *[1] * (X.ndim - 2))

    def _normalize(
        self, X: Array, parameters: Parameters, key: RandomKey | None
    ) -> tuple[Array, Array]:
        """Return Z (n, c, …) and s, with axes of size 1."""
        if key is None or len(X) == 0:
            m, v = (self._spread(parameters[name], X)[None] for name in STATISTICS)
        else:
            m, v = self._moments(X)
        s = 1 / np.sqrt(v + X.dtype.type(self.epsilon))
        return (X - m) * s, s

    def _scale(self, X: Array, parameters: Parameters) -> Array:
        return self._spread(parameters["g"], X) if self.affine else np.ones((), X.dtype)

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, c, …)."""
        Z, _ = self._normalize(X, parameters, key)
        if not self.affine:
            return Z
        return Z * self._scale(X, parameters) + self._spread(parameters["b"], X)

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return ∂Y[n]/∂X[n] (n, *shape, *shape) in prediction, or that by a parameter.

        In training samples depend on each other, and it is that of the batch,
        (n, *shape, n, *shape).
        """
        Z, s = self._normalize(X, parameters, key)
        g = self._scale(X, parameters)
        if by == "X" and key is None:
            return diagonal(np.broadcast_to(g * s, X.shape).astype(X.dtype))
        if by == "X":
            return self._of_batch(Z, s * g)
        constant = np.zeros_like(Z)
        slopes = {
            "g": Z,
            "b": constant + 1,
            "mean": constant if key else constant - g * s,
            "variance": constant if key else -g * Z * s * s / 2,
        }
        own = np.zeros((*X.shape, X.shape[1]), X.dtype)
        channels = np.arange(X.shape[1])
        np.moveaxis(own, 1, 0)[channels, ..., channels] = np.moveaxis(slopes[by], 1, 0)
        return own

    def _of_batch(self, Z: Array, scale: Array) -> Array:
        """Return ∂Y/∂X of a batch, whose samples depend on each other."""
        size = Z.size
        channel = np.broadcast_to(self._spread(np.arange(Z.shape[1]), Z), Z.shape).ravel()
        together = (channel[:, None] == channel).astype(Z.dtype)
        k, z = size // max(Z.shape[1], 1), Z.ravel()
        within = np.eye(size, dtype=Z.dtype) - together * (1 + z[:, None] * z) / k
        rows = np.broadcast_to(scale, Z.shape).reshape(-1, 1)
        return np.asarray((rows * within).reshape(*Z.shape, *Z.shape))

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
        Z, s = self._normalize(X, parameters, key)
        axes, dZ = self._shared(X), dY * self._scale(X, parameters)
        gradients = {name: np.zeros_like(parameters[name]) for name in STATISTICS}
        if self.affine:
            gradients |= {"g": np.sum(dY * Z, axis=axes), "b": np.sum(dY, axis=axes)}
        if key is None:  # mean and variance are numbers like others
            gradients["mean"] = -np.sum(dZ * s, axis=axes)
            gradients["variance"] = -np.sum(dZ * Z * s * s, axis=axes) / 2
        if not input_gradient:
            return None, gradients
        if key is None or len(X) == 0:
            return dZ * s, gradients
        k = prod(X.shape[axis] for axis in axes)
        mean = dZ.sum(axis=axes, keepdims=True) / k
        along = (dZ * Z).sum(axis=axes, keepdims=True) / k
        return s * (dZ - mean - Z * along), gradients
