"""The rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.functions.base import Elementwise
from chainrule.mathematics import maximum, where


@dataclass(frozen=True)
class ReLU(Elementwise):
    """Rectified linear unit: what is positive passes, the rest is zero.

    Definition: y = max(x, 0)
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = 1 if x > 0 else 0
    Jacobian: diagonal
    Backprop: dX = dY where X > 0, else 0
    At kinks: relu'(0) = 0, one of the subgradients in [0, 1]. The lecture notes disagree: one
        gives 0 in its derivative and 1 in its backprop, another gives 1. With 0, a unit that is
        switched off stays out of the gradient altogether.
    Source: Nair & Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010
    """

    preceding_initialization: ClassVar[str] = "he"
    output_suffices: ClassVar[bool] = True

    def value(self, x: Any) -> Any:
        """Return max(x, 0)."""
        return maximum(x, 0)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return 1 where x > 0, else 0."""
        return where(x > 0, 1, 0)
