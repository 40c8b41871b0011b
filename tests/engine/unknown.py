"""A function that the engine knows nothing of."""

from dataclasses import dataclass

import numpy as np

from chainrule.functions.base import ExplicitFunction


@dataclass(frozen=True)
class Reversed(ExplicitFunction):
    """The numbers of a row in reverse.

    Definition: Y[n,i] = X[n,k−1−i]
    """

    def output_shape(self, input_shape):
        """Return the same shape."""
        return input_shape

    def forward(self, X, parameters, key=None):
        """Return Y (n, k)."""
        return X[:, ::-1]

    def jacobian(self, X, parameters, by="X", key=None):
        """Return ones on the other diagonal, (n, k, k)."""
        return np.tile(np.eye(X.shape[1])[::-1], (len(X), 1, 1))

    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        """Return dX (n, k)."""
        return (dY[:, ::-1] if input_gradient else None), {}
