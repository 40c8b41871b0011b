"""The loss whose best constant is a quantile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.functions.fields import check_number
from chainrule.losses.base import ElementwiseLoss
from chainrule.mathematics import maximum, where
from chainrule.types import Array


@dataclass(frozen=True)
class QuantileLoss(ElementwiseLoss):
    """Quantile (pinball) loss: regression towards a quantile; several make prediction intervals.

    Definition: err = max(q·r, (q − 1)·r), with r = t[n] − Y[n];
        L = 1/N Σ_n err; of several outputs, their mean
    Shapes: Y (n, k), t (n, k) or (n,) -> a number; with k quantiles output k is the k-th, and
        t (n,) is that of all
    Derivative: ∂L/∂Y[n] = 1/N (1 − q if Y[n] > t[n], −q if Y[n] < t[n])
    At kinks: the derivative is 0 where Y = t, so that a perfect fit stays
    Source: Koenker & Bassett, "Regression quantiles", 1978

    Parameters
    ----------
    quantile : float or tuple of float, default=0.5
        Which share of targets is to be below the output, 0 < q < 1; or one for each output, such as
        (0.05, 0.5, 0.95).
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    quantile: float | tuple[float, ...] = 0.5

    def __post_init__(self) -> None:
        """Check the quantiles."""
        super().__post_init__()
        if isinstance(self.quantile, list | np.ndarray):
            object.__setattr__(self, "quantile", tuple(self.quantile))
        if not isinstance(self.quantile, tuple):
            check_number(self, "quantile", low=1e-30, below=1.0)
            return
        if not self.quantile:
            raise ValueError("QuantileLoss: expected a quantile or several, got ()")
        for quantile in self.quantile:
            check_number(self.with_values(quantile=quantile), "quantile", low=1e-30, below=1.0)
        object.__setattr__(self, "quantile", tuple(map(float, self.quantile)))

    @property
    def of_outputs(self) -> dict[str, tuple[float, ...]]:
        """The quantiles, where there are several."""
        return {"quantile": self.quantile} if isinstance(self.quantile, tuple) else {}

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), any finite numbers; (n,) are those of all quantiles."""
        if isinstance(self.quantile, tuple):
            count = len(self.quantile)
            if Y.shape[1:] != (count,):
                raise self._misfit(f"outputs of shape (n, {count}), one a quantile", Y.shape)
            given = np.asarray(t)
            if given.shape in ((len(Y),), (len(Y), 1)):
                t = np.repeat(given.reshape(-1, 1), count, axis=1)
        return self._like(t, Y)

    def error(self, y: Any, t: Any) -> Any:
        """Return q·(t − y), or (1 − q)·(y − t) where the output is larger."""
        return maximum(self.quantile * (t - y), (self.quantile - 1) * (t - y))  # type: ignore[operator]

    def derivative(self, y: Any, t: Any) -> Any:
        """Return 1 − q where the output is larger, −q where it is smaller."""
        above, below = 1 - self.quantile, 0 - self.quantile  # type: ignore[operator]
        return where(y > t, above, where(y < t, below, 0 * (y - t)))
