"""Half the squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.losses.base import ElementwiseLoss


@dataclass(frozen=True)
class HalfSquaredError(ElementwiseLoss):
    """Half the squared error: regression, with the gradient y − t itself.

    Definition: L = 1/N Σ_n (Y[n] − t[n])²/2; of several outputs, their mean or their sum
    Shapes: Y (n, k), t (n, k) or (n,) -> a number
    Derivative: ∂L/∂Y[n] = 1/N (Y[n] − t[n])
    Source: Bishop, "Pattern recognition and machine learning", 2006; scikit-learn's squared error

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    def error(self, y: Any, t: Any) -> Any:
        """Return (y − t)²/2."""
        return (y - t) ** 2 / 2

    def derivative(self, y: Any, t: Any) -> Any:
        """Return y − t."""
        return y - t
