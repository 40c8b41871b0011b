"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule import random
from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.functions.diagonal import diagonal
from chainrule.functions.fields import check_number
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class Dropout(ExplicitFunction):
    """Dropout: in training, each number is zeroed with a probability, the rest is scaled up.

    Definition: Y[n,…] = M[n,…] X[n,…], with M = 0 with probability rate, else 1/(1 − rate);
        in prediction Y = X
    Shapes: X (n, …) -> Y (n, …)
    Jacobian: diagonal, M
    Backprop: dX[n,…] = M[n,…] dY[n,…]
    Numerics: element e of the mask at a step is word e of the random stream of that seed, step
        and layer, so backprop draws the mask of its forward pass again
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
        2014

    Parameters
    ----------
    rate : float, default=0.5
        The probability of being zeroed, 0 <= rate < 1.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        """Check the rate."""
        check_number(self, "rate", low=0.0, below=1.0)

    def mask(self, X: Array, key: RandomKey | None) -> Array:
        """Return M (n, …), which depends on the key and nothing else."""
        if key is None or self.rate == 0:
            return np.ones(X.shape, dtype=X.dtype)
        numbers = random.uniform(X.size, key.seed, random.Stream.DROPOUT, key.step, key.layer)
        kept = numbers.reshape(X.shape) >= self.rate
        return np.where(kept, 1 / (1 - self.rate), 0).astype(X.dtype)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return input_shape

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, …): X itself in prediction."""
        return X if key is None else X * self.mask(X, key)

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return the diagonal Jacobian (n, *shape, *shape)."""
        return diagonal(self.mask(X, key))

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
        """Return dX: forward was M·X, so dX = M·dY with the same M."""
        return (dY * self.mask(X, key) if input_gradient else None), {}
