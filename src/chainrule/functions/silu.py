"""The sigmoid linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.functions.base import Elementwise
from chainrule.mathematics import exp


@dataclass(frozen=True)
class SiLU(Elementwise):
    """Sigmoid linear unit (also called swish): x times its own sigmoid.

    Definition: y = x·σ(x) = x/(1 + exp(−x))
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = σ(x) + y·(1 − σ(x))
    Jacobian: diagonal
    Backprop: dX = dY·(σ(X) + Y·(1 − σ(X)))
    Source: Elfwing, Uchibe & Doya, "Sigmoid-weighted linear units", 2018
    """

    preceding_initialization: ClassVar[str] = "he"

    def value(self, x: Any) -> Any:
        """Return x·σ(x)."""
        return x / (1 + exp(-x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return σ(x) + y·(1 − σ(x))."""
        sigmoid = 1 / (1 + exp(-x))
        return sigmoid + y * (1 - sigmoid)
