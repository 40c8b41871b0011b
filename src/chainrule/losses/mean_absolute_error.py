"""The mean absolute error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import mathematics
from chainrule.losses.base import ElementwiseLoss
from chainrule.mathematics import where


@dataclass(frozen=True)
class MeanAbsoluteError(ElementwiseLoss):
    """Mean absolute error: regression, towards the median of the targets.

    Definition: L = 1/N Σ_n |Y[n] − t[n]|; of several outputs, their mean
    Shapes: Y (n, k), t (n, k) or (n,) -> a number
    Derivative: ∂L/∂Y[n] = 1/N sign(Y[n] − t[n])
    At kinks: the derivative is 0 where Y = t, so that a perfect fit stays

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    def error(self, y: Any, t: Any) -> Any:
        """Return |y − t|."""
        return mathematics.abs(y - t)

    def derivative(self, y: Any, t: Any) -> Any:
        """Return the sign of y − t."""
        return where(y > t, 1, where(y < t, -1, 0 * (y - t)))
