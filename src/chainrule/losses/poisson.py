"""The Poisson loss, on means and fused with the exponential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.losses.base import ElementwiseLoss
from chainrule.mathematics import exp, log, where
from chainrule.types import Array


@dataclass(frozen=True)
class Poisson(ElementwiseLoss):
    """Poisson loss, half the Poisson deviance: counts, whose spread grows with their mean.

    Definition: L = 1/N Σ_n (t[n] log(t[n]/Y[n]) − t[n] + Y[n]), with 0 log 0 = 0
    Shapes: Y (n, k) positive, t (n, k) or (n,), none negative -> a number, 0 where Y = t
    Derivative: ∂L/∂Y[n] = 1/N (1 − t[n]/Y[n])
    Numerics: Y must be positive: end the chain with Softplus or Exp
    Source: McCullagh & Nelder, "Generalized linear models", 1989

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    any_outputs: ClassVar[bool] = False

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), finite and not negative."""
        T = self._like(t, Y)
        if (T < 0).any():
            raise self._misfit("targets >= 0", T[T < 0][0])
        if (Y <= 0).any():
            raise self._misfit("outputs > 0 (end the chain with Softplus or Exp)", Y[Y <= 0][0])
        return T

    def error(self, y: Any, t: Any) -> Any:
        """Return t log(t/y) − t + y."""
        return where(t > 0, t * log(t / y), 0) - t + y

    def derivative(self, y: Any, t: Any) -> Any:
        """Return (y − t)/y, which is 1 − t/y."""
        return (y - t) / y


@dataclass(frozen=True)
class ExpPoisson(ElementwiseLoss):
    """Exponential and Poisson loss in one, on the logarithms z of the means: the log link.

    A chain that ends with Exp() has that function once: the loss includes it.

    Definition: L = 1/N Σ_n (t[n] (log t[n] − z[n]) − t[n] + exp(z[n])), with 0 log 0 = 0
    Shapes: z (n, k), t (n, k) or (n,), none negative -> a number, 0 where exp(z) = t
    Derivative: ∂L/∂z[n] = 1/N (exp(z[n]) − t[n]), that is 1/N (y − t)
    Numerics: exact where exp(z) is finite, also where it is so small that it counts as 0
    Source: the chain rule: (1 − t/y) · y

    Parameters
    ----------
    outputs : {"mean", "sum"}, default="mean"
        What becomes of a sample's errors when it has several outputs.
    """

    def targets(self, t: Any, Y: Array) -> Array:
        """Return the targets (n, k), finite and not negative."""
        T = self._like(t, Y)
        if (T < 0).any():
            raise self._misfit("targets >= 0", T[T < 0][0])
        return T

    def error(self, y: Any, t: Any) -> Any:
        """Return t (log t − z) − t + exp(z)."""
        return where(t > 0, t * (log(t) - y), 0 * y) - t + exp(y)

    def derivative(self, y: Any, t: Any) -> Any:
        """Return exp(z) − t."""
        return exp(y) - t
