"""How numbers are compared here: shapes must agree, and nine digits."""

import numpy as np


def assert_equal(received, expected):
    assert np.shape(received) == np.shape(expected)
    np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-10)


def differ(one, other):
    return np.shape(one) != np.shape(other) or not np.allclose(one, other, rtol=1e-3, atol=1e-3)
