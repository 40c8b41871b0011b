"""The exponential of float32 with the bits that GNU's C library gives it, on every system.

    x = (n/32)·log 2 + r·(log 2)/32,    |r| ≤ 1/2,    exp(x) ≈ 2^(n/32)·(1 + C₂ r + C₁ r² + C₀ r³)

in float64, rounded to float32. The result is wrong by 0.502 units in the last place at most: it is
the nearest number but in one case of a few hundred, and there a printed digit may depend on it.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from chainrule.engine.language.body import I64
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.scalars import to_double, to_single
from chainrule.engine.language.values import Integer, Vector, select

ROOTS = 32
STEPS = ROOTS / math.log(2)
TERMS = tuple(
    float.fromhex(term) / ROOTS**power
    for term, power in (
        ("0x1.c6af84b912394p-5", 3),
        ("0x1.ebfce50fac4f3p-3", 2),
        ("0x1.62e42ff0c52d6p-1", 1),
    )
)
"""C₀, C₁, C₂: a fit of 2^(r/32), with the least relative error."""

FAR = 200.0
"""Beyond, and below its negative, the result is infinity, and 0."""
MAGIC = 1.5 * 2.0**52
"""Added to a number, it leaves a whole one in the last bits."""


@cache
def roots_of_2() -> NDArray[np.float64]:
    """Return 2^(i/32), (32,)."""
    return np.array([2.0 ** (place / ROOTS) for place in range(ROOTS)])


def exponential(k: KernelBuilder, x: Vector, roots: Integer) -> Vector:
    """Return the exponential of one number; 2^(i/32), float64, stand at an address."""
    builder, double = k.builder, ir.DoubleType()
    near = select(x > FAR, x.filled(FAR), select(x < -FAR, x.filled(-FAR), x))

    def number(value: float) -> Vector:
        return Vector(k, ir.Constant(double, value))

    steps = to_double(near) * number(STEPS)
    shifted = steps + number(MAGIC)
    r = steps - (shifted - number(MAGIC))
    bits = Integer(k, builder.bitcast(shifted.value, I64))
    n = bits - Integer(k, builder.bitcast(number(MAGIC).value, I64))
    place = n & (ROOTS - 1)
    root = k.load_integer(roots + place * 8)
    power = Vector(k, builder.bitcast((root + ((n - place) << 47)).value, double))
    c0, c1, c2 = map(number, TERMS)
    return to_single(((c0 * r + c1) * (r * r) + (c2 * r + number(1.0))) * power)
