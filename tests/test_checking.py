"""The checker accepts right rules and rejects wrong ones."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.chain import Chain
from chainrule.checking import check_function, check_gradients
from chainrule.functions import Conv2d, Flatten, Linear, MaxPool2d, Moment, ReLU, Softmax, Tanh
from chainrule.losses import CrossEntropy


def test_a_convolutional_chain_is_right():
    chain = Chain(Conv2d(3), Tanh(), MaxPool2d(2), Flatten(), Linear(4), Softmax())
    X = np.random.default_rng(0).normal(size=(3, 2, 7, 6))
    chain.initialize(X, seed=1)
    assert check_gradients(
        chain, CrossEntropy(), X, np.array([0, 3, 1]), moment=Moment(0, 0)
    ).passed


@dataclass(frozen=True)
class TooSteep(Tanh):
    def derivative(self, x, y):
        return 1.001 * super().derivative(x, y)


@dataclass(frozen=True)
class WrongSign(Tanh):
    def derivative(self, x, y):
        return -super().derivative(x, y)


@pytest.mark.parametrize("function", [TooSteep(), WrongSign()])
def test_wrong_rules_are_rejected(function):
    X = np.random.default_rng(0).normal(size=(5, 3))
    assert check_function(Tanh(), X).passed
    assert not check_function(function, X).passed


def test_a_kink_is_reported_and_not_judged():
    report = check_function(ReLU(), np.array([[0.0, 1.0, -2.0]]))
    assert report.passed
    assert report.entries[0].kinks == 1


def test_wrong_features_are_named():
    chain = Chain(Linear(128)).initialize((64,))
    with pytest.raises(ValueError, match=r"Linear\(128\): expected X with 64 features, got 63"):
        chain.forward(np.zeros((5, 63)))
