"""Elementwise functions on contiguous numbers, where no product could take them along."""

from __future__ import annotations

from functools import partial

from chainrule.engine.kernels.derivatives import derivative
from chainrule.engine.language.emit import KernelBuilder, kernel
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise

VALUE = ("count", "x", "y")
SLOPE = ("count", "x", "y", "gradient")


@kernel(*VALUE)
def value(k: KernelBuilder, function: Elementwise) -> None:
    """Y = value(X), for `count` vectors."""
    with k.loop(0, k.argument("count")) as i:
        k.store(function.value(k.load(k.argument("x") + i * VECTOR)), k.argument("y") + i * VECTOR)


@kernel(*SLOPE)
def slope(k: KernelBuilder, function: Elementwise) -> None:
    """The gradient becomes gradient · derivative(x, y), in place, for `count` vectors."""
    gradient = k.argument("gradient")
    with k.loop(0, k.argument("count")) as i:
        at = i * VECTOR
        x, y = (partial(k.load, k.argument(name) + at) for name in ("x", "y"))
        k.store(k.load(gradient + at) * derivative(k, function, x, y), gradient + at)
