"""The mean squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.losses.base import ElementwiseLoss


@dataclass(frozen=True)
class MeanSquaredError(ElementwiseLoss):
    """Mean squared error: regression, towards the mean of the targets.

    Definition: L = 1/N Σ_n (Y[n] − t[n])²; of several outputs, their mean
    Shapes: Y (n, k), t (n, k) or (n,) -> a number
    Derivative: ∂L/∂Y[n] = 2/N (Y[n] − t[n])
    Source: lecture notes on Jacobians. Those on neural networks take the sum instead of the mean,
        so a learning rate there is N times smaller for the same step.

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    def error(self, y: Any, t: Any) -> Any:
        """Return (y − t)²."""
        return (y - t) ** 2

    def derivative(self, y: Any, t: Any) -> Any:
        """Return 2(y − t)."""
        return 2 * (y - t)
