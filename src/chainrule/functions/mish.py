"""The self-regularized activation called mish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import mathematics as m
from chainrule.functions.base import Elementwise


@dataclass(frozen=True)
class Mish(Elementwise):
    """Mish: x times the tanh of its smooth rectifier; smooth, with a small dip below zero.

    Definition: y = x·tanh(log(1 + exp(x))) = x·p/q, with u = exp(−|x|);
        p = 1 + 2u, q = p + 2u² if x > 0 else p = u·(2 + u), q = p + 2
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = p/q + 4x·v·(1 + u)/q², v = u² if x > 0 else u
    Jacobian: diagonal
    Backprop: dX = dY·(P/Q + 4X·V·(1 + U)/Q²)
    Numerics: tanh(log(1 + e)) is ((1 + e)² − 1)/((1 + e)² + 1); written with u ≤ 1 nothing
        overflows, and both tails keep their digits
    Source: Misra, "Mish: a self regularized non-monotonic activation function", 2020
    """

    preceding_initialization: ClassVar[str] = "he"

    def value(self, x: Any) -> Any:
        """Return x·tanh(log(1 + exp(x)))."""
        _, p, q = _parts(x)
        return x * (p / q)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return tanh(s) + x·(1 − tanh²(s))·σ(x), with s = log(1 + exp(x))."""
        u, p, q = _parts(x)
        return p / q + 4 * x * (m.where(x > 0, u * u, u) * (1 + u) / (q * q))


def _parts(x: Any) -> tuple[Any, Any, Any]:
    """Return u = exp(−|x|), and p and q, whose quotient is tanh(log(1 + exp(x)))."""
    u = m.exp(-m.abs(x))
    p = m.where(x > 0, 1 + 2 * u, u * (2 + u))
    return u, p, p + m.where(x > 0, 2 * u * u, 2)
