"""Losses, optimizers, schedules and augmentations of one's own: their mistakes are named."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import (
    SGD,
    Chain,
    ElementwiseLoss,
    Linear,
    MeanSquaredError,
    Noise,
    Optimizer,
    Plan,
    check_gradients,
    check_loss,
    train,
)
from chainrule.losses import Loss
from chainrule.training import Augmentation, Schedule

X = np.random.default_rng(0).normal(size=(20, 3))
T = X[:, :2]


def fit(loss=None, **plan):
    chain = Chain(Linear(2)).initialize(X, dtype=np.float64)
    before = chain.parameters.flat.copy()
    try:
        return train(chain, loss or MeanSquaredError(), X, T, Plan(epochs=2, **plan))
    except Exception:
        assert np.array_equal(chain.parameters.flat, before)
        raise


class Absolute(Loss):
    """A loss that is no dataclass, and right; what follows makes one mistake each."""

    def targets(self, t, Y):
        return self._like(t, Y)

    def errors(self, Y, T):
        return np.abs(Y - T).sum(axis=1)

    def error_gradients(self, Y, T):
        return np.sign(Y - T)


def test_a_loss_that_is_no_dataclass_works():
    history = fit(Absolute())
    assert history.losses[1] < history.losses[0]
    assert check_loss(Absolute(), X[:, 1:], T).passed


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (
            {"errors": lambda self, Y, T: np.abs(Y - T)},
            r"Own: expected errors to return shape \(2,\), .* got shape \(2, 2\)",
        ),
        (
            {"errors": lambda self, Y, T: np.abs(Y - T).sum()},
            r"Own: expected errors to return shape \(2,\), .* got shape \(\)",
        ),
        (
            {"error_gradients": lambda self, Y, T: np.sign(Y - T).sum(axis=1)},
            r"Own: expected error_gradients to return shape \(2, 2\), got shape \(2,\)",
        ),
        (
            {"error_gradients": lambda self, Y, T: Y.__isub__(T)},
            "Own: its gradient fails: expected arrays to stay as they are",
        ),
        ({"errors": lambda self, Y: 0}, "Own: its gradient fails: .*positional argument"),
        ({"errors": lambda self, Y, T: {}[0]}, r"Own: its gradient fails: 0"),
    ],
)
def test_a_wrong_loss_is_named_before_work(methods, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fit(type("Own", (Absolute,), methods)())


@dataclass(frozen=True)
class WithNumpy(ElementwiseLoss):
    """A loss whose rules are NumPy's."""

    def error(self, y, t):
        return np.log1p(np.square(y - t))

    def derivative(self, y, t):
        return 2 * (y - t) / (1 + np.square(y - t))


def test_a_loss_may_call_numpy():
    assert fit(WithNumpy()).engine == "machine"
    assert WithNumpy().formulas().definition[0] == "err = log(1 + (y - t)^2)"


@dataclass(frozen=True)
class Rooted(Optimizer):
    """An optimizer whose rule is NumPy's."""

    learning_rate: float = 0.01

    @property
    def slots(self):
        return ("v",)

    def rule(self, w, g, state, rate, step):
        v = state[0] + np.square(g)
        return w - rate * g / (np.sqrt(v) + 1e-8), (v,)


def test_an_optimizer_may_call_numpy():
    history = fit(optimizer=Rooted())
    assert history.engine == "machine"
    assert history.losses[1] < history.losses[0]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda self, w, g, state, rate, step: w - rate * g, "Own: its rule fails"),
        (lambda self, w, g, state, rate, step: None, "Own: its rule fails: cannot unpack"),
        (lambda self, w, g, state, rate, step: (w, (w,)), "Own: expected rule .* 0 arrays"),
        (lambda self, w, g: (w, ()), "Own: its rule fails: .*positional argument"),
        (
            lambda self, w, g, state, rate, step: (np.ones(2), ()),
            r"Own: expected rule to return the parameter, of shape \(3,\), .* got shape \(2,\)",
        ),
    ],
)
def test_a_wrong_optimizer_is_named(rule, message):
    with pytest.raises(ValueError, match=message):
        fit(optimizer=dataclass(frozen=True)(type("Own", (SGD,), {"rule": rule}))(0.1))


@pytest.mark.parametrize("factor", [None, "0.1", np.nan, np.inf, np.ones(2), 1j])
def test_a_wrong_schedule_is_named(factor):
    class Own(Schedule):
        def factor(self, at):
            return factor

    with pytest.raises(ValueError, match="Own: expected factor to return a finite number, got"):
        fit(schedule=Own())


@pytest.mark.parametrize(
    ("words", "change", "message"),
    [
        (1, lambda X: X[:, :2], r"expected apply to return samples of shape \(20, 3\), got \(20, "),
        (1, lambda X: None, r"expected apply to return samples of shape \(20, 3\), got \(\)"),
        (None, lambda X: X, "expected words to return a number >= 0, got None"),
        (-1, lambda X: X, "expected words to return a number >= 0, got -1"),
        (1.5, lambda X: X, r"expected words to return a number >= 0, got 1\.5"),
    ],
)
def test_a_wrong_augmentation_is_named(words, change, message):
    class Own(Augmentation):
        def words(self, shape):
            return words

        def apply(self, X, drawn):
            return change(X)

        def __repr__(self):
            return "Own()"

    with pytest.raises(ValueError, match=r"Own\(\): " + message):
        fit(augmentation=(Own(),))


def test_one_augmentation_alone_is_refused():
    with pytest.raises(TypeError, match=r"Plan: expected augmentation .*got Noise\(.*0.1\)"):
        Plan(augmentation=Noise(0.1))


@pytest.mark.parametrize("loss", [MeanSquaredError, lambda Y, t: 0.0, "mse", None, np.square])
def test_what_is_no_loss_is_refused(loss):
    chain = Chain(Linear(2)).initialize(X, dtype=np.float64)
    calls = (
        lambda: train(chain, loss, X, T),
        lambda: chain.loss(loss, X, T),
        lambda: chain.gradient(loss, X, T),
        lambda: check_loss(loss, T, T),
        lambda: check_gradients(chain, loss, X, T),
    )
    for call in calls:
        with pytest.raises(TypeError, match=r"expected a loss such as CrossEntropy\(\), got"):
            call()
