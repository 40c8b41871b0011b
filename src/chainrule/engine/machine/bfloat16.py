"""The type bfloat16, the upper half of a float32: how numbers are rounded to it.

To the nearest, to even where two are as near. Numbers below float32's normal ones count as zero,
and a NaN stays one, quiet: as processors with instructions for it do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.types import Array

UPPER, SIGN, EXPONENT, QUIET = 0xFFFF0000, 0x80000000, 0x7F800000, 0x00400000
"""Bits of a float32: those of a bfloat16, and in these the sign, the exponent, a quiet NaN's."""


def halves(numbers: Any) -> NDArray[np.uint16]:
    """Return the bits of numbers rounded to bfloat16, (…) -> (…)."""
    single = np.ascontiguousarray(numbers, dtype=np.float32)
    bits = single.view(np.uint32)
    rounded = bits + ((bits >> np.uint32(16) & np.uint32(1)) + np.uint32(0x7FFF))
    rounded = np.where(np.isnan(single), bits | np.uint32(QUIET), rounded)
    rounded = np.where(bits & np.uint32(EXPONENT), rounded, bits & np.uint32(SIGN))
    return (rounded >> np.uint32(16)).astype(np.uint16)


def rounded(numbers: Any) -> Array:
    """Return numbers rounded to bfloat16, as float32, (…) -> (…)."""
    bits = halves(numbers).astype(np.uint32) << np.uint32(16)
    whole: Array = bits.view(np.float32)
    return whole
