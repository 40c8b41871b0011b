"""The scaled exponential linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.functions.base import Elementwise
from chainrule.mathematics import expm1, where

ALPHA = 1.6732632423543772
"""What −y/λ approaches for small x."""

SCALE = 1.0507009873554805
"""λ: with α, numbers of mean 0 and variance 1 keep both, layer by layer."""


@dataclass(frozen=True)
class SELU(Elementwise):
    """Scaled exponential linear unit: ELU times a scale, with numbers that keep mean and variance.

    Definition: y = λ·x if x > 0 else λ·α·(exp(x) − 1), λ = 1.05070…, α = 1.67326…
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = λ if x > 0 else y + λ·α
    Jacobian: diagonal
    Backprop: dX = λ·dY where X > 0, else dY·(Y + λ·α)
    At kinks: the derivative at 0 is λ·α
    Numerics: expm1 keeps the digits of small negative x
    Source: Klambauer, Unterthiner, Mayr & Hochreiter, "Self-normalizing neural networks", 2017
    """

    output_suffices: ClassVar[bool] = True

    def value(self, x: Any) -> Any:
        """Return λ·x where x > 0, else λ·α·(exp(x) − 1)."""
        return where(x > 0, SCALE * x, SCALE * ALPHA * expm1(x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return λ where x > 0, else λ·α·exp(x), which is y + λ·α."""
        return where(x > 0, SCALE, y + SCALE * ALPHA)
