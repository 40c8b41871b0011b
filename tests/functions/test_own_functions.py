"""Functions of one's own: what may be written."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import special
from sklearn.base import clone

from chainrule import (
    Chain,
    Classifier,
    CrossEntropy,
    Elementwise,
    ExplicitFunction,
    Linear,
    Plan,
    Residual,
    Softmax,
    Tanh,
    check_function,
    check_gradients,
    mathematics as m,
    train,
)

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(30, 4)), np.arange(30) % 2


def elementwise(value, derivative, name="Own"):
    """Return a function with these two rules, without a docstring."""
    methods = {
        "value": lambda self, x: value(x),
        "derivative": lambda self, x, y: derivative(x, y),
    }
    return dataclass(frozen=True)(type(name, (Elementwise,), methods))()


def network(function, width=3):
    return Chain(Linear(width), function, Linear(2), Softmax())


# ---- NumPy's functions in rules

WITH_NUMPY = {
    "y = tanh(x)": (np.tanh, lambda x, y: 1 - np.square(y)),
    "y = max(x, 0)": (lambda x: np.maximum(x, 0), lambda x, y: np.where(x > 0, 1.0, 0.0)),
    "y = x*(1 if x > 0 else 0)": (lambda x: x * (x > 0), lambda x, y: (x > 0) * 1.0),
    "y = x if x > 0 else 0.1*x": (
        lambda x: np.where(np.greater(x, 0), x, np.float64(0.1) * x),
        lambda x, y: np.where(x > 0, np.ones_like(x), np.full_like(x, 0.1)),
    ),
    "y = max(x, 0) + log(exp(-|x|) + 1)": (
        lambda x: np.logaddexp(0, x),
        lambda x, y: special.expit(x),
    ),
    "y = |x|": (abs, lambda x, y: np.sign(x)),
    "y = min(max(x, -1), 1)": (
        lambda x: np.clip(x, -1, 1),
        lambda x, y: np.where((x > -1) & (x < 1), 1.0, np.zeros_like(x)),
    ),
    "y = exp(-x^2)": (lambda x: np.exp(-np.power(x, 2)), lambda x, y: np.multiply(-2.0, x) * y),
    "y = sqrt(1 + x^2)": (lambda x: np.sqrt(1 + x * x), lambda x, y: x * np.reciprocal(y)),
    "y = log(2 + |x|)": (lambda x: np.log(2 + np.abs(x)), lambda x, y: np.sign(x) / (2 + abs(x))),
    "y = log(1 + x^2)": (lambda x: np.log1p(x * x), lambda x, y: 2 * x / np.add(1, x * x)),
    "y = -1 + exp(x)": (np.expm1, lambda x, y: np.add(y, 1.0)),
    "y = erf(x)": (special.erf, lambda x, y: 2 / np.sqrt(np.pi) * np.exp(-x * x)),
    "y = -1 + 0.5*x": (
        lambda x: np.float32(0.5) * x - np.float64(1),
        lambda x, y: np.array(0.5) * np.ones_like(x),
    ),
}


@pytest.mark.parametrize("definition", WITH_NUMPY)
def test_numpy_in_a_rule_is_machine_code_and_formula(definition):
    function = elementwise(*WITH_NUMPY[definition])
    assert function.formulas().definition == (definition,)
    assert check_function(function, X).passed
    flats = []
    for engine in ("auto", "reference"):
        chain = network(function).initialize(X, dtype=np.float64)
        history = train(chain, CrossEntropy(), X, T, Plan(epochs=2), engine=engine)
        assert history.engine == ("machine" if engine == "auto" else "reference")
        flats.append(chain.parameters.flat)
    np.testing.assert_allclose(*flats, rtol=0, atol=1e-15)


BEYOND = {
    "np.sinh is not among the functions of chainrule.mathematics": np.sinh,
    "np.add.reduce is not among": lambda x: x + 0 * np.add.reduce(x),
    "np.cumsum is not among": lambda x: x + 0 * np.cumsum(x).reshape(np.shape(x)),
    r"an array of shape \(3,\) in a rule of single numbers": lambda x: x * np.ones(3),
    "np.exp with where in a rule": lambda x: np.exp(x, where=True),
}


@pytest.mark.parametrize("reason", BEYOND)
def test_what_the_engine_cannot_read_is_trained_in_numpy_and_said(reason, capsys):
    function = elementwise(BEYOND[reason], lambda x, y: BEYOND[reason](x))
    history = train(network(function), CrossEntropy(), X, T, Plan(epochs=1))
    assert history.engine == "reference"
    with pytest.raises(ValueError, match=f"Own.*cannot read.*{reason}"):
        train(network(function), CrossEntropy(), X, T, Plan(epochs=1), engine="machine")
    assert f"in NumPy, for {history.reason}" in history.describe()
    assert isinstance(function.formulas().definition, tuple)


# ---- classes of any manner


class Plain(Elementwise):
    def value(self, x):
        return m.tanh(x)

    def derivative(self, x, y):
        return 1 - y * y


class Initialized(Elementwise):
    def __init__(self, slope):
        self.slope = slope
        self._cache = {}

    def value(self, x):
        return self.slope * x

    def derivative(self, x, y):
        return self.slope + 0 * x


class Named(Plain):
    def __repr__(self):
        return "tanh"


@dataclass
class Thawed(Elementwise):
    slope: float = 2.0

    def value(self, x):
        return self.slope * x

    def derivative(self, x, y):
        return self.slope + 0 * x


@dataclass(frozen=True)
class WithTable(Elementwise):
    table: np.ndarray = field(default_factory=lambda: np.array([1.0, 2.0]))

    def value(self, x):
        return float(self.table[1]) * x

    def derivative(self, x, y):
        return float(self.table[1]) + 0 * x


@dataclass(frozen=True)
class Wrapper(Elementwise):
    """Its fields have names of which others might think more."""

    inner: Elementwise
    chain: int = 3

    def value(self, x):
        return self.inner.value(x)

    def derivative(self, x, y):
        return self.inner.derivative(x, y)


class Slots(Elementwise):
    __slots__ = ("slope",)

    def __init__(self):
        self.slope = 2.0

    def value(self, x):
        return self.slope * x

    def derivative(self, x, y):
        return self.slope + 0 * x


class Renamed(ExplicitFunction):
    """Its arguments have other names than those of the library's own."""

    def parameter_shapes(self, shape_of_x):
        return {"w": shape_of_x}

    def fans(self, shape_of_x):
        return 1, 1

    def output_shape(self, shape_of_x):
        return shape_of_x

    def forward(self, x, weights, step=None):
        return x * weights["w"]

    def backprop(self, up, x, y, weights, step=None, *, input_gradient=True):
        return up * weights["w"], {"w": (up * x).sum(axis=0)}

    def jacobian(self, x, weights, by="X", key=None):
        n, k = x.shape
        J = np.zeros((n, k, k))
        J[:, range(k), range(k)] = weights["w"] if by == "X" else x
        return J


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (Plain(), "Plain()"),
        (Initialized(2), "Initialized(slope=2)"),
        (Named(), "tanh"),
        (Thawed(), "Thawed()"),
        (Thawed(3.0), "Thawed(slope=3.0)"),
        (WithTable(), "WithTable(array([1., 2.]))"),
        (Wrapper(Tanh()), "Wrapper(Tanh())"),
        (Slots(), "Slots()"),
        (Renamed(), "Renamed()"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_classes_of_any_manner_work(function, text):
    chain = network(function)
    assert repr(chain) == f"Chain(Linear(3), {text}, Linear(2), Softmax())"
    model = clone(Classifier(chain, max_iter=2, random_state=0)).fit(X, T)
    assert text in str(model.chain_)
    assert text in repr(model.chain_)
    assert text in model.chain_._repr_html_().replace("&#x27;", "'")
    assert set(model.get_params()) > {"chain__0__outputs"}
    exact = model.chain_.astype(np.float64)
    assert check_gradients(exact, CrossEntropy(), X, T).passed
    parameters = {"w": np.array([1.0, 2, 3, 4])} if isinstance(function, Renamed) else {}
    assert check_function(function, X, parameters).passed
    assert isinstance(function.formulas().definition, tuple)
    block = Chain(Residual(function), Linear(2), Softmax()).initialize(X)
    assert train(block, CrossEntropy(), X, T, Plan(epochs=1)).epochs


@pytest.mark.parametrize("function", [Initialized(2.0), Thawed(2.0)])
def test_machine_code_follows_what_a_function_holds(function):
    values = []
    for slope in (2.0, 5.0):
        function.slope = slope
        chain = network(function).initialize(X, dtype=np.float64)
        history = train(chain, CrossEntropy(), X, T, Plan(epochs=1))
        assert history.engine == "machine"
        values.append(history.losses[0])
    assert values[0] != values[1]


def test_a_rule_without_formulas_says_where_they_are_written():
    class HyperbolicSine(Elementwise):
        def value(self, x):
            return np.sinh(x)

        def derivative(self, x, y):
            return np.cosh(x)

    told = "no formulas: its docstring has no Definition: and Derivative:"
    assert repr(HyperbolicSine().formulas()) == told
    assert told in repr(Chain(HyperbolicSine()).formulas())
    assert told in Chain(HyperbolicSine()).formulas()._repr_html_()
    assert Chain(HyperbolicSine()).formulas().lines(latex=True)[-1].strip() == told
