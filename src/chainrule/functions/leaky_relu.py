"""The leaky rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.functions.base import Elementwise
from chainrule.functions.fields import check_number
from chainrule.mathematics import where


@dataclass(frozen=True)
class LeakyReLU(Elementwise):
    """ReLU that lets a little of the negative side through.

    Definition: y = x if x > 0 else slope·x
    Shapes: X (n, …) -> Y (n, …)
    Derivative: dy/dx = 1 if x > 0 else slope
    Jacobian: diagonal
    Backprop: dX = dY where X > 0, else slope·dY
    At kinks: the derivative at 0 is the slope, as ReLU's is 0
    Source: Maas, Hannun & Ng, "Rectifier nonlinearities improve neural network acoustic models",
        2013

    Parameters
    ----------
    slope : float, default=0.01
        The derivative below 0.
    """

    preceding_initialization: ClassVar[str] = "he"
    output_suffices: ClassVar[bool] = True

    slope: float = 0.01

    def __post_init__(self) -> None:
        """Check the slope."""
        check_number(self, "slope", low=0.0)

    def value(self, x: Any) -> Any:
        """Return x where x > 0, else slope·x."""
        return where(x > 0, x, self.slope * x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return 1 where x > 0, else the slope."""
        return where(x > 0, 1, self.slope)
