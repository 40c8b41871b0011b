"""The logistic function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.functions.base import Elementwise
from chainrule.mathematics import exp


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """Logistic function: any number becomes a probability.

    Definition: y = σ(x) = 1/(1 + exp(−x))
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = y·(1 − y)
    Jacobian: diagonal
    Backprop: dX = dY·Y·(1 − Y)
    Numerics: for x below −709 (float64) exp(−x) is infinite and y is exactly 0, which is within
        the smallest number of the truth. With binary cross-entropy use the fused pair
        :class:`~chainrule.losses.SigmoidBinaryCrossEntropy`, exact for any x.
    Source: lecture notes on Jacobians: ∂a/∂z = a(1 − a)
    """

    def value(self, x: Any) -> Any:
        """Return 1/(1 + exp(−x))."""
        return 1 / (1 + exp(-x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return y·(1 − y)."""
        return y * (1 - y)
