"""The hyperbolic tangent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import mathematics
from chainrule.functions.base import Elementwise


@dataclass(frozen=True)
class Tanh(Elementwise):
    """Hyperbolic tangent: a sigmoid from −1 to 1.

    Definition: y = tanh(x)
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = (1 + y)·(1 − y)
    Jacobian: diagonal
    Backprop: dX = dY·(1 + Y)·(1 − Y)
    Numerics: (1 + y)(1 − y) keeps more digits near ±1 than 1 − y²
    Source: lecture notes on Jacobians: ∂a/∂z = (1 + a)(1 − a)
    """

    def value(self, x: Any) -> Any:
        """Return tanh(x)."""
        return mathematics.tanh(x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return (1 + y)·(1 − y)."""
        return (1 + y) * (1 - y)
