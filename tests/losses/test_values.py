"""Losses by hand, and where they are zero, infinite or have no derivative."""

import numpy as np
import pytest
from scipy import special

from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    SoftmaxCrossEntropy,
)

rng = np.random.default_rng(0)
NUMBERS = rng.normal(size=(5, 3)) * 2
OPEN = rng.uniform(0.05, 0.95, (5, 3))
CLASSES = np.array([2, 0, 1, 1, 2])


def column(*numbers):
    return np.array(numbers, dtype=np.float64)[:, None]


def test_squares_and_distances_by_hand():
    Y, t = column(1, 2, 4), [1, 4, 1]
    assert MeanSquaredError().value(Y, t) == pytest.approx(13 / 3)
    np.testing.assert_allclose(MeanSquaredError().gradient(Y, t), column(0, -4 / 3, 2))
    assert MeanAbsoluteError().value(Y, t) == pytest.approx(5 / 3)
    np.testing.assert_allclose(MeanAbsoluteError().gradient(Y, t), column(0, -1 / 3, 1 / 3))
    assert Huber(2.0).value(Y, t) == pytest.approx((0 + 2 + 4) / 3)
    np.testing.assert_allclose(Huber(2.0).gradient(Y, t), column(0, -2 / 3, 2 / 3))
    assert MeanSquaredError().value(np.array([[1.0, 2, 3]]), [[1, 4, 2]]) == pytest.approx(5 / 3)


def test_the_lectures_cross_entropy():
    logits = np.array([[-2.85, 0.86, 0.28]])
    assert SoftmaxCrossEntropy().value(logits, [2]) == pytest.approx(1.040190570, abs=1e-9)
    Y = special.softmax(logits, axis=1)
    assert CrossEntropy().value(Y, [2]) == pytest.approx(1.040190570, abs=1e-9)


def test_class_numbers_are_one_hot_rows():
    one_hot = np.eye(3)[CLASSES]
    for loss, Y in ((CrossEntropy(), OPEN), (SoftmaxCrossEntropy(), NUMBERS)):
        for t in (one_hot, one_hot.astype(int), one_hot.astype(bool), CLASSES.astype(np.uint8)):
            value, gradient = loss.value_and_gradient(Y, t)
            expected, expected_gradient = loss.value_and_gradient(Y, list(CLASSES))
            assert value == expected
            assert gradient.tolist() == expected_gradient.tolist()


def test_rows_of_targets_sum_to_one_to_the_last_digit():
    rounded = np.array([[0.333, 0.333, 0.333], [0.25, 0.5, 0.25]])
    exact = np.array([[1 / 3, 1 / 3, 1 / 3], [0.25, 0.5, 0.25]])
    for loss, Y in ((CrossEntropy(), OPEN[:2]), (SoftmaxCrossEntropy(), NUMBERS[:2])):
        assert loss.value(Y, rounded) == pytest.approx(loss.value(Y, exact), rel=1e-15)


def test_zero_times_the_logarithm_of_zero_is_zero():
    certain, wrong = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    assert CrossEntropy().value(certain, [1]) == 0
    assert CrossEntropy().gradient(certain, [1]).tolist() == [[0, -1]]
    assert BinaryCrossEntropy().value(certain, certain) == 0
    assert BinaryCrossEntropy().gradient(certain, certain).tolist() == [[0.5, -0.5]]
    assert Poisson().value(column(3.0), [0]) == 3
    assert Poisson().gradient(column(3.0), [0]).tolist() == [[1]]
    assert CrossEntropy().value(wrong, [1]) == np.inf
    assert BinaryCrossEntropy().value(wrong, certain) == np.inf


@pytest.mark.parametrize("t", [[0.25, 0.75], [0.0, 1.0]])
def test_what_is_exactly_wrong_is_infinitely_bad(t):
    Y = np.array([[1.0, 0.0]])
    for loss in (CrossEntropy(), BinaryCrossEntropy()):
        value, gradient = loss.value_and_gradient(Y, [t])
        assert value == np.inf
        assert gradient[0, 1] == -np.inf


def test_at_kinks():
    assert MeanAbsoluteError().gradient(column(1, 2), [1, 2]).tolist() == [[0], [0]]
    assert Huber(1.0).gradient(column(1, -1, 3, -3), np.zeros(4)).tolist() == [
        [0.25],
        [-0.25],
        [0.25],
        [-0.25],
    ]


def test_poisson_is_zero_where_the_output_is_the_target():
    Y = column(1, 2, 30)
    assert Poisson().value(Y, Y) == 0
    assert not Poisson().gradient(Y, Y).any()
