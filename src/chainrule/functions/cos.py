"""The cosine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.functions.base import Elementwise
from chainrule.mathematics import cos, sin


@dataclass(frozen=True)
class Cos(Elementwise):
    """Cosine: what makes a number's phases features, after a line that gives it frequencies.

    Definition: y = cos(x)
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = −sin(x)
    Jacobian: diagonal
    Backprop: dX = −dY·sin(X)
    Numerics: machine code makes NaN of |x| > 2²² in float32, > 2⁵⁰ in float64, where numbers are a
        quarter radian and more apart
    Source: Rahimi & Recht, "Random features for large-scale kernel machines", 2007
    """

    def value(self, x: Any) -> Any:
        """Return cos(x)."""
        return cos(x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return −sin(x)."""
        return -sin(x)
