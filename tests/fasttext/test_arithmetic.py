import hashlib

import numpy as np
import pytest

from chainrule.fasttext.arithmetic import exp32, log_of, sigmoid, sigmoid_table, softmax


def test_exponentials_are_the_nearest_almost_always():
    mpmath = pytest.importorskip("mpmath")
    x = np.random.default_rng(1).uniform(-12, 1, 3000).astype(np.float32)
    exact = [mpmath.exp(mpmath.mpf(float(number))) for number in x]
    nearest = np.array([float(number) for number in exact]).astype(np.float32)
    found = exp32(x)
    assert (found == nearest).mean() > 0.998
    steps = np.abs(found.view(np.int32) - nearest.view(np.int32))
    assert steps.max() <= 1


def test_exponentials_have_the_bits_of_the_c_library():
    """The digest is that of glibc 2.36's expf."""
    x = (np.arange(-104 * 1024, 89 * 1024) / 1024).astype(np.float32)
    assert hashlib.sha256(exp32(x).tobytes()).hexdigest()[:16] == "c2beb5203ef380bc"


@pytest.mark.parametrize(("x", "expected"), [(0, 1), (-0.0, 1), (89, np.inf), (-104, 0)])
def test_exponentials_at_the_ends(x, expected):
    assert exp32(np.float32(x)) == expected


def test_what_is_printed_for_the_least_and_the_greatest_probability():
    printed = [f"{number:.6g}" for number in exp32(log_of([0, 1, 0.25]))]
    assert printed == ["1e-05", "1.00001", "0.25001"]


def test_the_sigmoid_is_a_table():
    assert sigmoid_table()[[0, 256, 512]].tolist() == pytest.approx([3.3535e-4, 0.5, 0.99966465])
    found = sigmoid(np.float32([-9, -8, -7.97, 0, 0.03, 0.032, 8, 8.01]))
    table = sigmoid_table()
    assert found.tolist() == [0, table[0], table[0], 0.5, 0.5, table[257], table[512], 1]


def test_softmax_of_large_scores():
    p = softmax(np.float32([1000, 999, -1000]))
    assert p.tolist() == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0], rel=1e-6)
