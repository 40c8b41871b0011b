"""Binary cross-entropy, on probabilities and fused with the sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import mathematics as m
from chainrule.losses.base import ElementwiseLoss
from chainrule.mathematics import log, log1p, where
from chainrule.types import Array


@dataclass(frozen=True)
class BinaryCrossEntropy(ElementwiseLoss):
    """Binary cross-entropy of probabilities: two classes, or several labels that may all hold.

    Definition: L = −1/N Σ_n (t[n] log Y[n] + (1 − t[n]) log(1 − Y[n])), with 0 log 0 = 0;
        of several outputs, their mean
    Shapes: Y (n, k) from 0 to 1, t (n, k) or (n,) from 0 to 1 -> a number
    Derivative: ∂L/∂Y[n] = 1/N ((1 − t[n])/(1 − Y[n]) − t[n]/Y[n])
        = 1/N (Y[n] − t[n]) / (Y[n] (1 − Y[n]))
    Numerics: infinite where Y is exactly wrong; nothing is clipped. After a sigmoid, use the fused
        pair, which is exact.
    Source: lecture notes on Jacobians, on the gradient of multi-class cross-entropy

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), from 0 to 1."""
        self._check_outputs(Y)
        return self._probabilities(t, Y)

    def error(self, y: Any, t: Any) -> Any:
        """Return −t log y − (1 − t) log(1 − y)."""
        return -where(t > 0, t * log(y), 0 * y) - where(t < 1, (1 - t) * log1p(-y), 0 * y)

    def derivative(self, y: Any, t: Any) -> Any:
        """Return (1 − t)/(1 − y) − t/y."""
        return where(t < 1, (1 - t) / (1 - y), 0) - where(t > 0, t / y, 0)


@dataclass(frozen=True)
class SigmoidBinaryCrossEntropy(ElementwiseLoss):
    """Sigmoid and binary cross-entropy in one, on the numbers z that go into the sigmoid.

    Definition: L = 1/N Σ_n (max(z[n], 0) − t[n] z[n] + log(1 + exp(−|z[n]|)))
    Shapes: z (n, k), t (n, k) or (n,) from 0 to 1 -> a number
    Derivative: ∂L/∂z[n] = 1/N (σ(z[n]) − t[n]), that is 1/N (y − t)
    Numerics: exact and finite for any finite z
    Source: the chain rule: ((y − t) / (y(1 − y))) · y(1 − y)

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), from 0 to 1."""
        return self._probabilities(t, Y)

    def error(self, y: Any, t: Any) -> Any:
        """Return max(z, 0) − t z + log(1 + exp(−|z|))."""
        return m.maximum(y, 0) - t * y + m.log1p(m.exp(-m.abs(y)))

    def derivative(self, y: Any, t: Any) -> Any:
        """Return σ(z) − t; for negative z from exp(z), so that nothing overflows."""
        small = m.exp(-m.abs(y))
        return where(y > 0, 1 / (1 + small), small / (1 + small)) - t
