"""Binary cross-entropy, on probabilities and fused with the sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

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
    Numerics: infinite where Y is exactly wrong; nothing is clipped. As exact as Y is: of a number
        near 1 float32 keeps 1 − Y to 6e-8, so after a sigmoid use the fused pair.
    Source: lecture notes on Jacobians, on the gradient of multi-class cross-entropy

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    any_outputs: ClassVar[bool] = False

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), from 0 to 1."""
        self._check_outputs(
            Y,
            "end the chain with Sigmoid(), or use SigmoidBinaryCrossEntropy(), which takes logits",
        )
        return self._probabilities(t, Y)

    def error(self, y: Any, t: Any) -> Any:
        """Return −t log y − (1 − t) log(1 − y)."""
        return -where(t > 0, t * log(y), 0 * y) - where(t < 1, (1 - t) * log1p(-y), 0 * y)

    def derivative(self, y: Any, t: Any) -> Any:
        """Return (y − t)/(y (1 − y)); −1/y for t = 1 and 1/(1 − y) for t = 0, where that is 0/0."""
        between = where(t < 1, (y - t) / (y * (1 - y)), -1 / y)
        return where(t > 0, between, 1 / (1 - y))


@dataclass(frozen=True)
class SigmoidBinaryCrossEntropy(ElementwiseLoss):
    """Sigmoid and binary cross-entropy in one, on the numbers z that go into the sigmoid.

    A chain that ends with Sigmoid() has that function once: the loss includes it.

    Definition: L = 1/N Σ_n (max(z[n], 0) − t[n] z[n] + log(1 + exp(−|z[n]|)))
    Shapes: z (n, k), t (n, k) or (n,) from 0 to 1 -> a number
    Derivative: ∂L/∂z[n] = 1/N (σ(z[n]) − t[n]), that is 1/N (y − t)
    Numerics: finite for any finite z, and no digit is lost however sure the network is: the first
        two terms are (1 − t) z for positive z, and σ(z) − t is (1 − t) σ(z) − t σ(−z), which is
        −σ(−z) for t = 1, where σ(z) − 1 would be 0 as soon as σ(z) has rounded to 1
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
        """Return (1 − t) z for positive z, −t z for others, and log(1 + exp(−|z|)) with both."""
        return where(y > 0, (1 - t) * y, -t * y) + m.log1p(m.exp(-m.abs(y)))

    def derivative(self, y: Any, t: Any) -> Any:
        """Return (1 − t) σ(z) − t σ(−z), both times 1 + exp(−|z|) first."""
        small = m.exp(-m.abs(y))
        return where(y > 0, (1 - t) - t * small, (1 - t) * small - t) / (1 + small)
