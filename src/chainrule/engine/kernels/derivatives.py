"""The derivative of a function of each number, from what it reads alone."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.values import Vector
from chainrule.engine.network.dependencies import derivative_reads
from chainrule.functions import Elementwise


def derivative(
    k: KernelBuilder, function: Elementwise, x: Callable[[], Vector], y: Callable[[], Vector]
) -> Vector:
    """Return derivative(x, y); only what that reads is loaded."""
    reads = derivative_reads(function)
    of_y = y() if "y" in reads else k.constant(0.0)
    slope: Vector = function.derivative(x() if "x" in reads else of_y, of_y)
    return slope
