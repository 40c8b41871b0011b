"""Huber's loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import mathematics
from chainrule.functions.fields import check_number
from chainrule.losses.base import ElementwiseLoss
from chainrule.mathematics import maximum, minimum, where


@dataclass(frozen=True)
class Huber(ElementwiseLoss):
    """Huber's loss: a parabola for small errors, straight for large ones; outliers pull less.

    Definition: err = r²/2 if |r| ≤ delta else delta·(|r| − delta/2), with r = Y[n] − t[n];
        L = 1/N Σ_n err; of several outputs, their mean
    Shapes: Y (n, k), t (n, k) or (n,) -> a number
    Derivative: ∂L/∂Y[n] = 1/N max(min(r, delta), −delta)
    Source: Huber, "Robust estimation of a location parameter", 1964

    Parameters
    ----------
    delta : float, default=1.0
        The size of an error from which on the loss is straight.
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        super().__post_init__()
        check_number(self, "delta", low=1e-30)

    def error(self, y: Any, t: Any) -> Any:
        """Return r²/2, or delta·(|r| − delta/2) for large r."""
        r = y - t
        size = mathematics.abs(r)
        return where(size <= self.delta, r * r / 2, self.delta * (size - self.delta / 2))

    def derivative(self, y: Any, t: Any) -> Any:
        """Return r, limited to ±delta."""
        return maximum(minimum(y - t, self.delta), -self.delta)
