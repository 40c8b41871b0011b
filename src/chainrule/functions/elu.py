"""The exponential linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.functions.base import Elementwise
from chainrule.functions.fields import check_number
from chainrule.mathematics import expm1, where


@dataclass(frozen=True)
class ELU(Elementwise):
    """Exponential linear unit: the identity above zero, an exponential approach to −alpha below.

    Definition: y = x if x > 0 else alpha·(exp(x) − 1)
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = 1 if x > 0 else y + alpha
    Jacobian: diagonal
    Backprop: dX = dY where X > 0, else dY·(Y + alpha)
    At kinks: with alpha = 1 the function is smooth at 0; otherwise the derivative there is alpha
    Numerics: expm1 keeps the digits of small negative x
    Source: Clevert, Unterthiner & Hochreiter, "Fast and accurate deep network learning by
        exponential linear units", 2016

    Parameters
    ----------
    alpha : float, default=1.0
        What −y approaches for small x.
    """

    preceding_initialization: ClassVar[str] = "he"
    output_suffices: ClassVar[bool] = True

    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Check alpha."""
        check_number(self, "alpha", low=0.0)

    def value(self, x: Any) -> Any:
        """Return x where x > 0, else alpha·(exp(x) − 1)."""
        return where(x > 0, x, self.alpha * expm1(x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return 1 where x > 0, else alpha·exp(x), which is y + alpha."""
        return where(x > 0, 1, y + self.alpha)
