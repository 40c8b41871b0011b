"""Images standardised channel by channel."""

import json

import numpy as np
import pytest

from chainrule.data import DataError
from chainrule.inputs import ImageScaling

X = np.random.default_rng(1).integers(0, 256, (7, 3, 5, 4), np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_training_part_has_mean_0_and_deviation_1(dtype):
    scaling = ImageScaling.fit(X.astype(dtype))
    assert scaling.shape == (3, 5, 4)
    Z = scaling.encode(X.astype(dtype))
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z.mean(axis=(0, 2, 3), dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(Z.std(axis=(0, 2, 3), dtype=np.float64), 1, rtol=1e-6)


def test_grey_images_may_lack_the_channel():
    scaling = ImageScaling.fit(X[:, 0])
    assert scaling == ImageScaling.fit(X[:, :1])
    np.testing.assert_array_equal(scaling.encode(X[:, 0]), scaling.encode(X[:, :1]))


def test_the_rules_are_those_of_the_training_part():
    scaling = ImageScaling.fit(np.array([[[0.0, 2.0]]]))
    np.testing.assert_array_equal(scaling.encode(np.array([[[5, 1]]])), [[[[4, 0]]]])


def test_a_constant_channel_is_only_shifted():
    scaling = ImageScaling.fit(np.full((2, 3, 3), 0.1))
    assert scaling.scale == (1.0,)


def test_errors_of_scaling():
    with pytest.raises(DataError, match=r"expected numbers X \(n, c, h, w\) or \(n, h, w\)"):
        ImageScaling.fit(X[0, 0])
    with pytest.raises(DataError, match="expected numbers X"):
        ImageScaling.fit(X[:0])
    with pytest.raises(DataError, match="expected at most 64 channels"):
        ImageScaling.fit(np.zeros((1, 65, 2, 2)))
    with pytest.raises(DataError, match="expected finite pixels"):
        ImageScaling.fit(np.array([[[np.nan, 1.0]]]))
    scaling = ImageScaling.fit(X)
    for wrong in (X[:, :2], X[:, :, :, :3], X[:, 0], X[0]):
        with pytest.raises(DataError, match=r"expected X \(n, 3, 5, 4\), got \("):
            scaling.encode(wrong)
    with pytest.raises(DataError, match="expected finite pixels"):
        scaling.encode(np.full((1, 3, 5, 4), np.inf))
    with pytest.raises(DataError, match="expected numbers, got complex128"):
        scaling.encode(X.astype(complex))


def test_json_round_trips():
    scaling = ImageScaling.fit(X)
    assert ImageScaling.from_json(json.loads(json.dumps(scaling.to_json()))) == scaling


@pytest.mark.parametrize(
    "change",
    [
        {"mean": [1.0]},
        {"mean": [1.0, 2.0, "3"]},
        {"mean": None},
        {"scale": [1.0, 1.0, 0.0]},
        {"scale": [1.0, 1.0, float("inf")]},
        {"shape": [3, 5]},
        {"shape": [0, 5, 4]},
        {"shape": [3, 5, 4.0]},
        {"shape": [3, True, 4]},
        {"shape": [3, 5, 10**9]},
        {"shape": [65, 5, 4]},
        {"extra": 1},
    ],
)
def test_odd_json_is_refused(change):
    with pytest.raises(ValueError, match="scaling"):
        ImageScaling.from_json({**ImageScaling.fit(X).to_json(), **change})
