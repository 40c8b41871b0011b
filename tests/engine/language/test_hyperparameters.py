"""Hyperparameters are arguments of kernels: another value compiles nothing."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import functions as f, mathematics as m
from chainrule.chain import Chain
from chainrule.engine.kernels import library
from chainrule.engine.running.prediction import Predictor
from chainrule.functions import Elementwise
from chainrule.losses import ElementwiseLoss, Huber, MeanSquaredError
from chainrule.training import SGD, Adam, Plan, RMSProp, train

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(24, 2, 6, 5)), RNG.normal(size=(24, 2))


@dataclass(frozen=True)
class Bent(Elementwise):
    """Uses most of the vocabulary on its numbers, alone and beside x."""

    a: float = 0.5
    b: float = 2.0

    def value(self, x):
        inner = m.maximum(-self.a, x) * self.b**2 - abs(-self.a) / (1 + self.a)
        return m.where(self.b < x, m.exp(-self.a) * x + m.minimum(self.a, self.b), inner)

    def derivative(self, x, y):
        slope = m.where(m.less_equal(x, -self.a), 0, self.b**2)
        return m.where(x > self.b, m.exp(-self.a), slope)


@dataclass(frozen=True)
class Quantile(ElementwiseLoss):
    """Pinball loss of a quantile."""

    quantile: float = 0.5

    def error(self, y, t):
        return m.maximum(self.quantile * (t - y), (self.quantile - 1) * (t - y))

    def derivative(self, y, t):
        return m.where(y > t, 1 - self.quantile, -self.quantile)


@dataclass(frozen=True)
class Branching(Elementwise):
    """Another rule for each side of a number, and uses that only numbers have."""

    a: float = 0.5
    n: int = 2

    def value(self, x):
        t = m.tanh(x)
        return sum(t**k for k in range(1, self.n + 1)) * self.scale()

    def derivative(self, x, y):
        t = m.tanh(x)
        slope = 1 + sum(k * t ** (k - 1) for k in range(2, self.n + 1))
        return slope * (1 - t * t) * self.scale()

    def scale(self):
        return math.exp(-self.a) if self.a > 0.4 else 0.5


@dataclass(frozen=True)
class Power(Elementwise):
    """A whole power, said as a number with a point or without."""

    exponent: float = 2

    def value(self, x):
        return m.tanh(x) ** round(self.exponent)

    def derivative(self, x, y):
        t = m.tanh(x)
        return self.exponent * t ** int(self.exponent - 1) * (1 - t * t)


@pytest.fixture
def compiled(monkeypatch):
    """List the kernels that are compiled or read from the disk; none is known yet."""
    texts, real = [], library.disk.object_code

    def counting(text, target):
        texts.append(text)
        return real(text, target)

    monkeypatch.setattr(library.disk, "object_code", counting)
    library.compiled.cache_clear()
    library.library.cache_clear()
    return texts


def trained(function, loss=None, optimizer=None, engine="machine"):
    """Return what is trained, and predicted of one image and of all, with a function anywhere."""
    images = [function, f.Conv2d(3), function, function, f.MaxPool2d(2), function, f.Flatten()]
    chain = Chain(*images, f.Linear(4), function, function, f.Linear(2))
    chain.initialize(X, seed=1, dtype=np.float64)
    plan = Plan(optimizer or SGD(0.01), batch_size=8, epochs=1)
    history = train(chain, loss or MeanSquaredError(), X, T, plan, engine=engine)
    assert history.engine == engine
    return np.append(chain.parameters.flat, history.losses[-1])


RULES = {
    "LeakyReLU": (f.LeakyReLU, [0.01, 0.0, 1, 0.3, 1e-300]),
    "ELU": (f.ELU, [1.0, 0.25, 2, 0.0]),
    "own": (Bent, [0.5, 0.25, 1.5]),
}


@pytest.mark.parametrize("name", RULES)
def test_a_function_s_kernels_are_compiled_once(name, compiled):
    kind, values = RULES[name]
    trained(kind(values[0]))
    first = len(compiled)
    assert first > 0
    for value in values[1:]:
        assert np.abs(trained(kind(value)) - trained(kind(value), engine="reference")).max() < 1e-12
    assert len(compiled) == first


@pytest.mark.parametrize("kind", [Huber, Quantile])
def test_a_loss_s_kernel_is_compiled_once(kind, compiled):
    trained(f.Tanh(), kind(0.5))
    first = len(compiled)
    for value in (0.25, 1.0, 0.125):
        expected = trained(f.Tanh(), kind(value), engine="reference")
        assert np.abs(trained(f.Tanh(), kind(value)) - expected).max() < 1e-12
    assert len(compiled) == first


@pytest.mark.parametrize(
    "kinds",
    [
        [SGD(0.01, momentum=0.9), SGD(0.02, momentum=0.5)],
        [Adam(0.01), Adam(0.02, beta1=0.5, beta2=0.9, epsilon=1e-3)],
        [RMSProp(0.01), RMSProp(0.02, rho=0.5, epsilon=1e-3)],
    ],
)
def test_an_optimizer_s_kernels_are_compiled_once(kinds, compiled):
    counts = []
    for optimizer in kinds:
        trained(f.Tanh(), optimizer=optimizer)
        counts.append(len(compiled))
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    "function", [Branching(0.3, 3), Branching(0.5, 1), Branching(0.6, 2), Power(2), Power(3.0)]
)
def test_what_only_numbers_can_is_part_of_the_code(function):
    assert np.abs(trained(function) - trained(function, engine="reference")).max() < 1e-12


def test_constants_are_rounded_to_the_type_that_is_computed_in():
    third = f.LeakyReLU(1 / 3)
    for dtype in (np.float32, np.float64):
        x = np.linspace(-3, 3, 50).astype(dtype).reshape(-1, 1)
        chain = Chain(third, f.Linear(1, bias=False)).initialize(x, dtype=dtype)
        chain.parameters.flat[:] = 1
        assert np.array_equal(Predictor(chain)(x), third.forward(x, {}))
