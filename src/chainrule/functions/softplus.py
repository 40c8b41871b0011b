"""The smooth rectifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import mathematics as m
from chainrule.functions.base import Elementwise


@dataclass(frozen=True)
class Softplus(Elementwise):
    """Smooth rectifier, whose derivative is the sigmoid.

    Definition: y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|))
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = σ(x) = 1/(1 + exp(−x))
    Jacobian: diagonal
    Backprop: dX = dY·σ(X)
    Numerics: the second form never overflows and keeps the digits of both tails
    Source: Dugas et al., "Incorporating second-order functional knowledge for better option
        pricing", 2001
    """

    preceding_initialization: ClassVar[str] = "he"

    def value(self, x: Any) -> Any:
        """Return max(x, 0) + log(1 + exp(−|x|))."""
        return m.maximum(x, 0) + m.log1p(m.exp(-m.abs(x)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return σ(x)."""
        return 1 / (1 + m.exp(-x))
