"""From images to features."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.functions.diagonal import diagonal
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class Flatten(ExplicitFunction):
    """Flatten: the numbers of an image as one row, channel by channel, row by row.

    Definition: Y[n, (c·h + i)·w + j] = X[n,c,i,j]
    Shapes: X (n, c, h, w) -> Y (n, c·h·w)
    Jacobian: 1 where the positions agree, else 0
    Backprop: dX[n,c,i,j] = dY[n, (c·h + i)·w + j]
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (c·h·w,)."""
        return (prod(input_shape),)

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, c·h·w)."""
        return X.reshape(len(X), *self.output_shape(X.shape[1:]))

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return (n, c·h·w, c, h, w)."""
        ones = np.ones((len(X), *self.output_shape(X.shape[1:])), dtype=X.dtype)
        return diagonal(ones).reshape(ones.shape + X.shape[1:])

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
        """Return dX: forward moved every number, so dY moves back."""
        return (dY.reshape(X.shape) if input_gradient else None), {}
