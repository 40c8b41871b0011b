import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from chainrule.training import accuracy, r_squared

N, K = 17, 3


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def test_accuracy_of_classes_is_that_of_scikit_learn(rng):
    Y, t = rng.dirichlet(np.ones(K), N), rng.integers(0, K, N)
    expected = accuracy_score(t, Y.argmax(axis=1))
    assert 0 < expected < 1
    assert accuracy(Y, t) == expected
    assert accuracy(Y, np.eye(K)[t]) == expected


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_accuracy_of_two_classes_is_that_of_scikit_learn(rng, shape):
    Y, t = rng.uniform(size=(N, 1)), rng.integers(0, 2, N)
    expected = accuracy_score(t, Y[:, 0] > 0.5)
    assert 0 < expected < 1
    assert accuracy(Y, t.reshape(shape)) == expected
    assert accuracy(Y, t.astype(float).reshape(shape)) == expected


def test_a_probability_of_one_half_is_no_yes():
    assert accuracy(np.array([[0.5], [0.5], [0.5]]), np.array([0, 0, 1])) == 2 / 3


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_r_squared_is_that_of_scikit_learn(rng, shape):
    Y, t = rng.normal(size=(N, 1)), rng.normal(size=N) + 5
    assert r_squared(Y, t.reshape(shape)) == pytest.approx(r2_score(t, Y[:, 0]), rel=1e-14)


def test_r_squared_of_several_outputs_weighs_them_by_their_variance(rng):
    T = rng.normal(size=(N, K)) * [1, 2, 30]
    Y = T + rng.normal(size=(N, K))
    expected = r2_score(T, Y, multioutput="variance_weighted")
    assert abs(expected - r2_score(T, Y)) > 0.01
    assert r_squared(Y, T) == pytest.approx(expected, rel=1e-14)


def test_r_squared_of_targets_without_variance_is_that_of_scikit_learn():
    t = np.full(5, 2.0)
    for Y in (np.full((5, 1), 2.0), np.full((5, 1), 2.5)):
        assert r_squared(Y, t) == r2_score(t, Y[:, 0])


def test_r_squared_of_integers_and_single_precision(rng):
    t, Y = np.arange(N), (np.arange(N)[:, None] + rng.normal(size=(N, 1))).astype(np.float32)
    assert r_squared(Y, t) == pytest.approx(r2_score(t, Y[:, 0]), rel=1e-6)
