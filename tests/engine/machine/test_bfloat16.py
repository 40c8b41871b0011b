"""Rounding to bfloat16, against fractions and by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.engine.machine.bfloat16 import halves, rounded

NORMAL = st.floats(2.0**-126, 2.0**127, width=32) | st.floats(-(2.0**127), -(2.0**-126), width=32)


def by_fractions(number):
    """Return the nearest of the two numbers of eight digits around one, the even of two as near."""
    exact, power = Fraction(number), int(np.frexp(number)[1]) - 8
    scaled = exact / Fraction(2) ** power
    return float(round(scaled) * Fraction(2) ** power)  # Python rounds halves to even


@settings(max_examples=300, deadline=None)
@given(NORMAL)
def test_the_nearest(number):
    assert rounded(np.float32(number)) == by_fractions(number)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1.0 + 2.0**-8, 1.0),  # between 1 and 1 + 2⁻⁷: to even
        (1.0 + 3 * 2.0**-8, 1.0 + 2.0**-6),
        (1.0 + 2.0**-8 + 2.0**-23, 1.0 + 2.0**-7),
        (-1.0 - 2.0**-8, -1.0),
        (2.0**-126, 2.0**-126),
        (np.nextafter(np.float32(2.0**-126), np.float32(0)), 0.0),
        (np.finfo(np.float32).max, np.inf),
        (-np.inf, -np.inf),
        (0.0, 0.0),
    ],
)
def test_by_hand(number, expected):
    assert rounded(np.float32(number)) == expected


def test_signs_of_zeros_stay():
    assert np.signbit(rounded(np.float32([-0.0, -1e-40, 0.0, 1e-40]))).tolist() == [1, 1, 0, 0]


def test_nan_stays_and_is_quiet():
    signalling = np.array([0x7F800001, 0xFF80FFFF, 0x7FFFFFFF], np.uint32).view(np.float32)
    assert np.isnan(rounded(signalling)).all()
    assert halves(signalling).tolist() == [0x7FC0, 0xFFC0, 0x7FFF]
