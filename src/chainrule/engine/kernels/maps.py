"""Elementwise functions on contiguous numbers, where no product could take them along."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engine.language.emit import Kernel
from chainrule.engine.machine.memory import VECTOR
from chainrule.functions import Elementwise

VALUE = ("count", "x", "y")
SLOPE = ("count", "x", "y", "gradient")


def value(name: str, dtype: Any, function: Elementwise) -> ir.Module:
    """Y = value(X), for so many vectors."""
    k = Kernel(name, dtype, VALUE)
    with k.loop(0, k.argument("count")) as i:
        k.store(function.value(k.load(k.argument("x") + i * VECTOR)), k.argument("y") + i * VECTOR)
    return k.finish().module


def slope(name: str, dtype: Any, function: Elementwise, reads: frozenset[str]) -> ir.Module:
    """The gradient becomes gradient · derivative(x, y), in place, for so many vectors."""
    k = Kernel(name, dtype, SLOPE)
    gradient = k.argument("gradient")
    with k.loop(0, k.argument("count")) as i:
        at = i * VECTOR
        y = k.load(k.argument("y") + at) if "y" in reads else k.constant(0.0)
        x = k.load(k.argument("x") + at) if "x" in reads else y
        k.store(k.load(gradient + at) * function.derivative(x, y), gradient + at)
    return k.finish().module
