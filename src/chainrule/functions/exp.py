"""The exponential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import mathematics as m
from chainrule.functions.base import Elementwise


@dataclass(frozen=True)
class Exp(Elementwise):
    """Exponential: the last function of a network whose outputs are counts or rates.

    Definition: y = exp(x)
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = y
    Jacobian: diagonal
    Backprop: dX = dY·Y
    Numerics: infinite from 88.8 on in float32, from 709.8 on in float64
    Source: McCullagh & Nelder, "Generalized linear models", 1989: the log link
    """

    def value(self, x: Any) -> Any:
        """Return exp(x)."""
        return m.exp(x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return y."""
        return y
