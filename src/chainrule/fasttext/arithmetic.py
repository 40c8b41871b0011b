"""Numbers as the C library and fastText compute them: exponentials, logarithms, sigmoids."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["exp32", "log_of", "sigmoid", "sigmoid_table", "softmax"]

Floats = NDArray[np.float32]

PARTS = 32
CUBIC = (
    float.fromhex("0x1.c6af84b912394p-5"),
    float.fromhex("0x1.ebfce50fac4f3p-3"),
    float.fromhex("0x1.62e42ff0c52d6p-1"),
)
"""2^r for |r| below 1/64: 1 + r·(…)."""

LARGEST = float.fromhex("0x1.62e42ep6")
SMALLEST = float.fromhex("-0x1.9fe368p6")

LIMIT = 8
STEPS = 512
ADDED = 1e-5
"""To a probability, before its logarithm is taken."""


def exp32(x: Any) -> Floats:
    """Return eˣ of float32 with the bits of ``expf``, which are the nearest almost always.

    eˣ = 2^(k/32)·2^r; a table has the first factor, a cubic the second, both in float64.
    Source: ARM's optimized routines, which the GNU C library has taken over.
    """
    wide = np.clip(np.asarray(x, np.float32).astype(np.float64), SMALLEST, LARGEST)
    scaled = wide * (PARTS / np.log(2))
    k = np.rint(scaled)
    r = (scaled - k) / PARTS
    whole = k.astype(np.int64)
    power = np.ldexp(_roots()[whole % PARTS], (whole // PARTS).astype(np.int32))
    value = (CUBIC[0] * r + CUBIC[1]) * (r * r) + (CUBIC[2] * r + 1)
    with np.errstate(under="ignore", over="ignore"):
        result: Floats = (value * power).astype(np.float32)
    beyond = np.where(np.asarray(x) > LARGEST, np.float32(np.inf), np.float32(0))
    return np.where((np.asarray(x) > LARGEST) | (np.asarray(x) < SMALLEST), beyond, result)


@cache
def _roots() -> NDArray[np.float64]:
    return np.array([2.0 ** (part / PARTS) for part in range(PARTS)])


def log_of(probability: Any) -> Floats:
    """Return the logarithm of a probability plus 1e-5, rounded to float32."""
    value: Floats = np.log(np.float64(probability) + ADDED).astype(np.float32)
    return value


@cache
def sigmoid_table() -> Floats:
    """Return the sigmoid at 513 places from −8 to 8."""
    x = np.arange(STEPS + 1, dtype=np.float32) * np.float32(2 * LIMIT / STEPS) - np.float32(LIMIT)
    return (1 / (1 + exp32(-x).astype(np.float64))).astype(np.float32)


def sigmoid(scores: Floats) -> Floats:
    """Return the sigmoid of scores as the table has it; 0 and 1 beyond −8 and 8."""
    inside = np.clip(scores, -LIMIT, LIMIT)
    place = ((inside + np.float32(LIMIT)) * np.float32(STEPS / LIMIT / 2)).astype(np.int64)
    value = np.where(scores < -LIMIT, np.float32(0), sigmoid_table()[place])
    return np.where(scores > LIMIT, np.float32(1), value)


def softmax(scores: Floats) -> Floats:
    """Return the probabilities (n,) of scores (n,): exponentials in float64, rounded, summed."""
    powers = np.exp((scores - scores.max()).astype(np.float64)).astype(np.float32)
    total = np.add.accumulate(powers, dtype=np.float32)[-1]
    probabilities: Floats = powers / total
    return probabilities
