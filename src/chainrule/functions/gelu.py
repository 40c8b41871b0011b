"""The Gaussian error linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.functions.base import Elementwise
from chainrule.mathematics import constant, erfc, exp, sqrt


@dataclass(frozen=True)
class GELU(Elementwise):
    """Gaussian error linear unit: x times the normal probability of being below x.

    Definition: y = x·Φ(x) = x/2·(1 + erf(x/√2)) = x/2·erfc(−x/√2)
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = Φ(x) + x·φ(x), with φ(x) = exp(−x²/2)/√(2π)
    Jacobian: diagonal
    Backprop: dX = dY·(Φ(X) + X·φ(X))
    Numerics: the exact function, not its approximation by tanh; 1 + erf would be 0 from about −5 on
        in float32, erfc keeps its digits
    Source: Hendrycks & Gimpel, "Gaussian error linear units", 2016
    """

    preceding_initialization: ClassVar[str] = "he"

    def value(self, x: Any) -> Any:
        """Return x·Φ(x)."""
        return x * erfc(-x / sqrt(constant(2, x))) / 2

    def derivative(self, x: Any, y: Any) -> Any:
        """Return Φ(x) + x·φ(x)."""
        density = exp(-x * x / 2) / sqrt(2 * constant("pi", x))
        return erfc(-x / sqrt(constant(2, x))) / 2 + x * density
