"""The checker accepts right rules and rejects wrong ones."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.chain import Chain
from chainrule.checking import check_function, check_gradients, check_loss
from chainrule.functions import Conv2d, Flatten, Linear, MaxPool2d, Moment, ReLU, Softmax, Tanh
from chainrule.losses import CrossEntropy, MeanSquaredError


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


def example(seed=0):
    rng = np.random.default_rng(seed)
    chain = Chain(Linear(4), Tanh(), Linear(3), Softmax())
    X = rng.normal(size=(5, 2))
    return chain.initialize(X, seed=1, dtype=np.float64), X, np.array([0, 2, 1, 1, 0])


class Transposed(Linear):
    """The gradient by the weights comes out transposed, and then made to fit."""

    def backprop(self, dY, X, Y, parameters, moment=None, *, input_gradient=True):
        dX, own = super().backprop(dY, X, Y, parameters, moment, input_gradient=input_gradient)
        return dX, {**own, "W": own["W"].T.reshape(own["W"].shape)}


class WithoutBias(Linear):
    def backprop(self, dY, X, Y, parameters, moment=None, *, input_gradient=True):
        dX, own = super().backprop(dY, X, Y, parameters, moment, input_gradient=input_gradient)
        return dX, {**own, "b": 0 * own["b"]}


class Mixing(Tanh):
    """Each sample's value depends on the first sample, which no derivative says."""

    def forward(self, X, parameters, moment=None):
        return super().forward(X, parameters) + 1e-3 * X[:1]


class NotANumber(Tanh):
    def derivative(self, x, y):
        return super().derivative(x, y) * float("nan")


class SumInsteadOfMean(CrossEntropy):
    def gradient(self, Y, t, sample_weight=None):
        return len(Y) * super().gradient(Y, t, sample_weight)


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (Transposed(3), {"dW"}),
        (WithoutBias(3), {"db"}),
        (Mixing(), {"∂Y/∂X", "dX"}),
        (NotANumber(), {"∂Y/∂X", "dX"}),
    ],
)
def test_what_is_wrong_is_named(function, wrong):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(5, 2))
    shapes = function.parameter_shapes((2,))
    report = check_function(function, X, {k: rng.normal(size=v) for k, v in shapes.items()})
    assert {entry.name for entry in report.entries if not entry.passed} == wrong
    assert str(report).endswith("WRONG: tolerance 1e-07")


def test_a_missing_mean_is_noticed():
    Y = np.random.default_rng(5).dirichlet(np.ones(3), 4)
    t = np.array([0, 2, 1, 1])
    assert check_loss(CrossEntropy(), Y, t, [1.0, 2, 0.5, 1]).passed
    report = check_loss(SumInsteadOfMean(), Y, t)
    assert not report.passed
    assert report.largest_error == pytest.approx(0.75, rel=1e-6)  # 4 against 1


@dataclass(frozen=True)
class OneWrongEntry(Linear):
    def backprop(self, dY, X, Y, parameters, moment=None, *, input_gradient=True):
        dX, own = super().backprop(dY, X, Y, parameters, moment, input_gradient=input_gradient)
        own["W"][1, 2] *= 1 + 1e-5
        return dX, own


def test_the_place_of_an_error_is_told():
    _, X, t = example()
    chain = Chain(OneWrongEntry(4), Tanh(), Linear(3), Softmax())
    chain.initialize(X, seed=1, dtype=np.float64)
    report = check_gradients(chain, CrossEntropy(), X, t)
    (entry,) = (entry for entry in report.entries if not entry.passed)
    assert (entry.name, entry.where) == ("dW0", (1, 2))
    assert entry.error == pytest.approx(1e-5, rel=0.01)
    assert entry.analytic == pytest.approx(entry.numeric * (1 + 1e-5), rel=1e-9)


def test_float32_chains_are_checked_in_float64():
    chain, X, t = example()
    report = check_gradients(chain.astype(np.float32), CrossEntropy(), X.astype(np.float32), t)
    assert report.passed
    assert report.largest_error < 1e-8


def test_a_large_array_is_sampled_by_the_seed():
    rng = np.random.default_rng(6)
    chain = Chain(Linear(40), Tanh(), Linear(2)).initialize((9,), dtype=np.float64)
    X, t = rng.normal(size=(3, 9)), rng.normal(size=(3, 2))
    first, again, other, every = (
        check_gradients(chain, MeanSquaredError(), X, t, seed=seed, samples=samples)
        for seed, samples in ((1, 10), (1, 10), (2, 10), (1, None))
    )
    assert [e.checked for e in first.entries] == [10, 10, 10, 2, 10]
    assert str(first) == str(again) != str(other)
    assert [e.checked for e in every.entries] == [360, 40, 80, 2, 27]
    assert every.passed


def test_parameters_that_do_not_belong_are_named():
    X = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"Linear\(4\): missing or unknown parameters: b, c"):
        check_function(Linear(4), X, {"W": np.zeros((3, 4)), "c": 1.0})


def test_zero_gradients_are_right_and_not_divided_by():
    dead = Chain(Linear(3), ReLU(), Linear(1)).initialize((2,), dtype=np.float64)
    dead.parameters["b0"][...] = -100
    X, t = np.ones((4, 2)), np.ones(4)
    report = check_gradients(dead, MeanSquaredError(), X, t)
    assert report.passed
    assert report.entries[0].analytic == 0


def test_the_report_as_a_person_reads_it():
    report = check_function(Linear(2), np.array([[1.0, 2.0, -1.0]]), {"W": W, "b": [0.5, 1.0]})
    lines = str(report).splitlines()
    head = ["array", "checked", "largest", "error", "at", "backprop", "finite", "difference"]
    assert lines[0].split() == head
    assert [line.split()[0] for line in lines[1:-1]] == [
        *("∂Y/∂X", "dX", "∂Y/∂W", "dW", "∂Y/∂b", "db")
    ]
    assert lines[1].split()[1:4] == ["6", "of", "6"]
    assert lines[-1] == "all right: tolerance 1e-07"


W = [[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]]
