"""The loss differentiated function by function: as by differences of the loss, and at kinks."""

import numpy as np
import pytest

from chainrule import (
    Chain,
    CrossEntropy,
    Dropout,
    Linear,
    MeanSquaredError,
    RandomKey,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    check_gradients,
    finite_difference,
)
from chainrule.checking.loss_path import LossPath
from chainrule.cli.networks import build_chain
from chainrule.cli.options import CommandLineOptions
from chainrule.functions import AvgPool2d


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.mark.parametrize(
    ("last", "loss", "t"),
    [
        ([Softmax()], CrossEntropy(), [0, 1, 1, 0]),
        ([Sigmoid()], MeanSquaredError(), np.ones((4, 2))),
    ],
)
def test_it_is_the_difference_of_the_loss(rng, last, loss, t):
    chain = Chain(Tanh(), Linear(5), Tanh(), Dropout(0.4), Linear(2), *last)
    chain.initialize((3,), dtype=np.float64, seed=1)
    X, weights, key = rng.normal(size=(4, 3)), rng.uniform(0.5, 2, 4), RandomKey(3, 5)
    path = LossPath.of(chain, loss, X, t, weights, key)
    for position, array in ((0, X), (1, chain.parameters["W0"]), (4, chain.parameters["b1"])):
        before = array.copy()

        def value(at, array=array, before=before):
            array[...] = at
            found = chain.loss(loss, X, t, weights, key)
            array[...] = before
            return found

        expected = finite_difference(value, before).reshape(-1)
        found = list(path.differences(position, array, np.arange(array.size)))
        np.testing.assert_allclose([d.values for d in found], expected, rtol=1e-8, atol=1e-11)
        assert {d.size for d in found} == {chain.loss(loss, X, t, weights, key)}
        assert np.array_equal(array, before)


def test_functions_before_a_parameter_are_not_computed_again(rng, monkeypatch):
    calls = []
    pool = AvgPool2d.forward
    monkeypatch.setattr(AvgPool2d, "forward", lambda *a, **k: calls.append(1) or pool(*a, **k))
    options = CommandLineOptions("", model="cnn", layers="0", activation="relu")
    chain, loss = build_chain(options, task="multiclass", classes=3, input_shape=(1, 70, 9))
    chain.initialize((1, 70, 9), dtype=np.float64)
    path = LossPath.of(chain, loss, rng.normal(size=(2, 1, 70, 9)), [0, 2])
    assert len(calls) == 1
    list(path.differences(1, chain.parameters["W0"], np.arange(3)))
    assert len(calls) == 1


def test_a_large_convolutional_network_on_faint_images_is_right(rng):
    # Averages of many random pixels are faint, so thousands of units lie close to their kinks.
    options = CommandLineOptions("", model="cnn", layers="16", activation="relu")
    chain, loss = build_chain(options, task="multiclass", classes=3, input_shape=(3, 65, 130))
    chain.initialize((3, 65, 130), seed=3)
    X = rng.normal(size=(4, 3, 65, 130)) / 30
    report = check_gradients(chain, loss, X, [0, 1, 2, 1], samples=3, seed=3)
    assert report.passed
    assert report.largest_error < 1e-8
    assert sum(entry.kinks for entry in report.entries) <= 2


def test_a_number_that_meets_a_kink_has_no_derivative():
    chain = Chain(Linear(2), ReLU(), Linear(1)).initialize((2,), dtype=np.float64)
    chain.parameters["b0"][...] = 0, 1
    path = LossPath.of(chain, MeanSquaredError(), np.zeros((3, 2)), np.ones(3))
    found = path.differences(0, chain.parameters["b0"], np.arange(2))
    assert [bool(difference.kinks) for difference in found] == [True, False]
    still = list(path.differences(0, chain.parameters["W0"], np.arange(4)))
    assert [float(d.values) for d in still] == [0] * 4
