"""Functions of one's own: each mistake is named, before work begins."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import (
    Chain,
    Classifier,
    CrossEntropy,
    Elementwise,
    ElementwiseLoss,
    ExplicitFunction,
    Linear,
    Multilinear,
    Regressor,
    Residual,
    Softmax,
    Tanh,
    check_function,
    mathematics as m,
    train,
)

X, T = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 2


def network(function):
    return Chain(Linear(3), function, Linear(2), Softmax())


class Plain(Elementwise):
    def value(self, x):
        return m.tanh(x)

    def derivative(self, x, y):
        return 1 - y * y


def elementwise(value, derivative):
    methods = {
        "value": lambda self, x: value(x),
        "derivative": lambda self, x, y: derivative(x, y),
    }
    return dataclass(frozen=True)(type("Own", (Elementwise,), methods))()



@dataclass(frozen=True)
class Right(ExplicitFunction):
    """Twice X; what follows makes one mistake each."""

    def output_shape(self, input_shape):
        return input_shape

    def forward(self, X, parameters, key=None):
        return 2 * X

    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        return 2 * dY, {}

    def jacobian(self, X, parameters, by="X", key=None):
        return np.broadcast_to(2 * np.eye(X.shape[1]), (len(X), X.shape[1], X.shape[1]))


def mistaken(**methods):
    return dataclass(frozen=True)(type("Own", (Right,), methods))()


def in_place(self, X, parameters, key=None):
    X *= 2
    return X


ARGUMENTS = {
    r"Own.forward: expected the arguments \(self, X, parameters, key=None\), got \(self, X\)": {
        "forward": lambda self, X: X
    },
    r"Own.backprop: expected .*, \*, input_gradient=True\), got \(self, dY, X, Y, p, key\)": {
        "backprop": lambda self, dY, X, Y, p, key: (dY, {})
    },
    r"Own.jacobian: expected .* key=None\), got \(self, X, parameters, by='X'\)": {
        "jacobian": lambda self, X, parameters, by="X": X
    },
    r"Own.output_shape: expected the arguments \(self, input_shape\), got \(self\)": {
        "output_shape": lambda self: (3,)
    },
    r"Own.parameter_shapes: expected the arguments \(self, input_shape\), got \(self\)": {
        "parameter_shapes": lambda self: {}
    },
    r"Own.forward: expected a method, got 3": {"forward": 3},
}


@pytest.mark.parametrize("message", ARGUMENTS)
def test_wrong_arguments_are_named_when_a_chain_is_made(message):
    function = mistaken(**ARGUMENTS[message])
    for call in (network, Residual, lambda own: check_function(own, X)):
        with pytest.raises(TypeError, match=message):
            call(function)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"value": lambda self: 1}, r"Own.value: expected the arguments \(self, x\), got \(self\)"),
        ({"derivative": lambda self, x: 1}, r"Own.derivative: .*\(self, x, y\), got \(self, x\)"),
    ],
)
def test_wrong_arguments_of_a_rule_are_named(methods, message):
    with pytest.raises(TypeError, match=message):
        network(dataclass(frozen=True)(type("Own", (Plain,), methods))())


def test_a_line_with_wrong_arguments_is_named():
    class Own(Multilinear):
        def text(self, letter):
            return "Y[n,i] = X[n,i]"

    with pytest.raises(TypeError, match=r"Own.text: expected the arguments \(self\), got .*letter"):
        network(Own())


def test_missing_methods_are_named():
    class Own(Elementwise):
        def value(self, x):
            return x

    with pytest.raises(TypeError, match=r"Own .*derivative"):
        Own()


@pytest.mark.parametrize("given", [lambda x: x, np.tanh, "relu", None, 3, Plain])
def test_what_is_no_function_is_refused(given):
    with pytest.raises(TypeError, match=r"Chain: (expected functions, got|write Plain\(…\))"):
        network(given)


RETURNS = {
    r"Own\(\): expected parameter_shapes to return a dict of shapes by name, got None": {
        "parameter_shapes": lambda self, shape: None
    },
    r"Own\(\): .* whole numbers >= 0 as shape of w, got 3": {
        "parameter_shapes": lambda self, shape: {"w": 3}
    },
    r"Own\(\): .* as shape of w, got \(3.0,\)": {
        "parameter_shapes": lambda self, shape: {"w": (3.0,)}
    },
    r"Own\(\): expected output_shape to return the shape of one sample, .* got 3": {
        "output_shape": lambda self, shape: 3
    },
    r"Own\(\): expected forward to return Y of shape \(2, 3\), .* got shape \(2, 2\)": {
        "forward": lambda self, X, parameters, key=None: X[:, :2]
    },
    r"Own\(\): expected forward to return an array of numbers, got None": {
        "forward": lambda self, X, parameters, key=None: None
    },
    r"Own\(\): expected forward to return an array of numbers, got .*complex": {
        "forward": lambda self, X, parameters, key=None: X * 1j
    },
    r"Own\(\): its forward fails: expected arrays to stay as they are, got one that is wr": {
        "forward": in_place
    },
    r"Own\(\): its forward fails: 'no such thing'": {
        "forward": lambda self, X, parameters, key=None: {}["no such thing"]
    },
    r"Own\(\): expected backprop to return the gradient by X and a dict .* got array": {
        "backprop": lambda self, dY, X, Y, p, key=None, *, input_gradient=True: 2 * dY
    },
    r"Own\(\): expected dX of shape \(2, 3\), got \(2, 2\)": {
        "backprop": lambda self, dY, X, Y, p, key=None, *, input_gradient=True: (dY[:, :2], {})
    },
    r"Own\(\): expected dX of shape \(2, 3\), got None": {
        "backprop": lambda self, dY, X, Y, p, key=None, *, input_gradient=True: (None, {})
    },
    r"Own\(\): expected gradients by nothing, got W": {
        "backprop": lambda self, dY, X, Y, p, key=None, *, input_gradient=True: (dY, {"W": dY})
    },
}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("message", RETURNS)
def test_wrong_results_are_named_before_work(message, solver):
    function = mistaken(**RETURNS[message])
    model = Classifier(network(function), solver=solver, max_iter=3)
    before = dict(vars(model))
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(X, T)
    assert vars(model) == before


RULES = {
    r"Own\(\): its forward fails: .*truth value": (lambda x: x if x > 0 else 0, lambda x, y: 1.0),
    r"Own\(\): expected forward to return Y of shape \(2, 3\)": (np.sum, lambda x, y: 1.0),
    r"Own\(\): expected derivative to return numbers, got None": (lambda x: x, lambda x, y: None),
    r"Own\(\): its backprop fails: .*undefined": (lambda x: x, lambda x, y: undefined),  # noqa: F821
}


@pytest.mark.parametrize("message", RULES)
def test_wrong_rules_are_named_before_work(message):
    chain = network(elementwise(*RULES[message])).initialize(X)
    before = chain.parameters.flat.copy()
    with pytest.raises((TypeError, ValueError), match=message):
        train(chain, CrossEntropy(), X, T)
    assert np.array_equal(chain.parameters.flat, before)


def test_the_check_names_a_function_that_changes_its_input():
    with pytest.raises(ValueError, match=r"Own\(\): expected forward to leave X as it is"):
        check_function(mistaken(forward=in_place), X)


@pytest.mark.parametrize("J", [None, np.ones(3), 2.0])
def test_the_check_names_a_jacobian_of_a_wrong_shape(J):
    own = mistaken(jacobian=lambda self, X, parameters, by="X", key=None: J)
    with pytest.raises(ValueError, match=r"Own\(\): expected a Jacobian \(30, 4, 4\) by X, got"):
        check_function(own, X)


def test_float64_of_a_function_stays_out_of_a_float32_network():
    own = mistaken(forward=lambda self, X, parameters, key=None: 2.0 * X.astype(np.float64))
    chain = network(own).initialize(X, dtype=np.float32)
    assert chain.forward(X).dtype == np.float32


def test_a_file_names_the_class_that_it_cannot_keep(tmp_path):
    model = Regressor(Chain(Linear(3), Plain()), complete=True, max_iter=1)
    with pytest.warns(UserWarning, match="iteration"):
        model.fit(X, X[:, 0])
    with pytest.raises(ValueError, match="expected a dataclass, so that it can be saved, got Plai"):
        model.save(tmp_path / "model")


@pytest.mark.parametrize("given", [np.tanh, Plain, None])
def test_the_check_refuses_what_is_no_function(given):
    with pytest.raises(TypeError, match=r"expected a function such as Tanh\(\), got"):
        check_function(given, X)


def test_weights_of_which_nothing_says_how_they_are_drawn_are_named():
    own = mistaken(parameter_shapes=lambda self, shape: {"W": (shape[0], 2)})
    with pytest.raises(NotImplementedError, match=r"Own\(\) .*expected fans\(.*\) or start"):
        network(own).initialize(X)


class Keeps(Elementwise):
    """A rule that remembers its input, as modules of other libraries do."""

    def value(self, x):
        self.seen = x
        return m.tanh(x)

    def derivative(self, x, y):
        return 1 - m.tanh(self.seen) ** 2


class KeepsError(ElementwiseLoss):
    def error(self, y, t):
        self.seen = y - t
        return self.seen**2

    def derivative(self, y, t):
        return 2 * self.seen


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("how", [{"chain": Chain(Linear(3), Keeps())}, {"loss": KeepsError()}])
def test_a_rule_that_keeps_numbers_for_a_later_call_is_trained_by_numpy(how):
    options = {"chain": Chain(Linear(3), Tanh()), "max_iter": 3, "random_state": 0, "tol": 0}
    plain = Regressor(**options, complete=True, engine="reference").fit(X, X[:, 0])
    own = Regressor(**{**options, **how}, complete=True).fit(X, X[:, 0])
    assert "it keeps seen from one call for another" in own.history_.reason
    if "chain" in how:
        assert np.allclose(own.predict(X), plain.predict(X), rtol=1e-12)
    with pytest.raises(ValueError, match="it keeps seen from one call for another"):
        Regressor(**{**options, **how}, complete=True, engine="machine").fit(X, X[:, 0])


def back(change):
    def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
        return change(dY), {"g": np.zeros(3)}

    return backprop


def own_scale(**methods):
    """Return a function with a parameter g (3,), some of whose methods are others."""
    given = {"parameter_shapes": lambda self, shape: {"g": (3,)}, "backprop": back(np.copy)}
    return mistaken(**{**given, **methods})


@pytest.mark.parametrize(
    ("methods", "error", "message"),
    [
        ({"backprop": back(lambda dY: dY * 1j)}, TypeError, "numbers as dX, got complex128"),
        ({"backprop": back(lambda dY: dY.astype(str))}, TypeError, "numbers as dX, got <U"),
        ({"backprop": back(lambda dY: dY.astype(object))}, TypeError, "numbers as dX, got object"),
        ({"starts": lambda self, s: ["g"]}, TypeError, r"starts to return a dict .*got \['g'\]"),
        (
            {"learning_rate_factors": lambda self: None},
            TypeError,
            "learning_rate_factors to return a dict by the names of parameters, got None",
        ),
        (
            {"learning_rate_factors": lambda self: {"g": "fast"}},
            ValueError,
            "a learning rate factor >= 0 of g, got 'fast'",
        ),
        ({"observe": lambda self, X: {}}, TypeError, r"observe: expected the arguments \(self, X,"),
        ({"observe": lambda self, X, p, key: None}, TypeError, "observe to return a dict"),
        ({"observe": lambda self, X, p, key: {"h": 1}}, ValueError, "values of g, got one of 'h'"),
        (
            {"observe": lambda self, X, p, key: {"g": np.ones(4)}},
            ValueError,
            r"observe to return g of shape \(3,\), got \(4,\)",
        ),
    ],
)
def test_what_a_function_says_of_its_parameters_is_checked(methods, error, message):
    with pytest.raises(error, match=message):
        train(network(own_scale(**methods)).initialize(X, dtype=np.float64), CrossEntropy(), X, T)


def test_a_line_that_is_no_text_is_named():
    class Nothing(Multilinear):
        def text(self):
            return None

    with pytest.raises(TypeError, match=r"Nothing\(\): expected text to return a line .*got None"):
        Chain(Nothing()).initialize((3,))


@pytest.mark.parametrize("made", [None, "much", 1j])
@pytest.mark.parametrize("method", ["error", "derivative"])
def test_a_loss_that_makes_no_numbers_is_named(method, made):
    rules = {
        "error": lambda self, y, t: (y - t) ** 2,
        "derivative": lambda self, y, t: 2 * (y - t),
    }
    changed = {method: lambda self, y, t: made if made != 1j else made * y}
    own = type("Own", (ElementwiseLoss,), {**rules, **changed})()
    with pytest.raises(TypeError, match=f"Own: expected {method} to return numbers, got"):
        Regressor(Chain(Linear(1)), loss=own).fit(X, X[:, 0])
