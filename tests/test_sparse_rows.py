"""Sparse matrices are checked wherever they come in: none is read beyond its arrays."""

import re
import warnings

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    Chain,
    Classifier,
    CrossEntropy,
    EmbeddingBag,
    Flatten,
    GradientNorms,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Plan,
    ReLU,
    Softmax,
    check_function,
    check_gradients,
    notation,
    train,
)
from chainrule.engine.running.forward import Forward
from chainrule.engine.running.prediction import Predictor
from chainrule.engine.running.steps import Steps
from chainrule.sparse_rows import check_arrays
from chainrule.training import SGD
from malformed import DENSE, MALFORMED, ODD

LOSS, T = CrossEntropy(), np.array([0, 1, 0])
FIRST = (Linear(2), EmbeddingBag(2), EmbeddingBag(2, mode="mean"))
LINE = notation.parse("Y[n,o] = X[n,i] W[i,o]")
W = np.ones((4, 2))
DY = np.ones((3, 2))


def network(first=FIRST[1]):
    return Chain(first, Linear(2), Softmax()).initialize((4,), dtype=np.float64)


def own_of(function):
    return {name: np.ones(shape) for name, shape in function.parameter_shapes((4,)).items()}


def traced(X):
    chain = network()
    _, *values = chain.trace(DENSE)
    return chain.backprop([X, *values], values[-1])


CHAINS = {
    "chain.forward": lambda X: network().forward(X),
    "chain.trace": lambda X: network().trace(X),
    "chain.loss": lambda X: network().loss(LOSS, X, T),
    "chain.gradient": lambda X: network().gradient(LOSS, X, T),
    "chain.input_gradient": lambda X: network().input_gradient(LOSS, X, T),
    "chain.differentiate": lambda X: network().differentiate(LOSS, X, T, input_gradient=True),
    "chain.jacobian": lambda X: network().jacobian(X),
    "chain.jacobians": lambda X: network().jacobians(X),
    "chain of Linear": lambda X: network(FIRST[0]).forward(X),
    "chain of means": lambda X: network(FIRST[2]).forward(X),
    "check_function": lambda X: check_function(FIRST[0], X, own_of(FIRST[0])),
    "check_gradients": lambda X: check_gradients(network(), LOSS, X, T),
    "train, reference": lambda X: train(network(), LOSS, X, T, Plan(epochs=1), engine="reference"),
    "train, machine": lambda X: train(network(), LOSS, X, T, Plan(epochs=1), engine="machine"),
    "train, validation": lambda X: train(
        network(), LOSS, DENSE, T, Plan(epochs=1), validation=(X, T)
    ),
    "GradientNorms": lambda X: GradientNorms(network(), LOSS, X, T),
    "Steps": lambda X: Steps(network(), LOSS, SGD(0.1), X, T),
    "Predictor": lambda X: Predictor(network())(X),
    "Forward": lambda X: Forward(network())(X),
    "Forward in NumPy": lambda X: Forward(Chain(FIRST[1], Own()).initialize((4,)))(X),
}
"""What also refuses NaN."""

FUNCTIONS = {
    **{f"{each}.forward": lambda X, f=each: f.forward(X, own_of(f)) for each in FIRST},
    **{f"{each}.backprop": lambda X, f=each: f.backprop(DY, X, DY, own_of(f)) for each in FIRST},
    **{f"{each}.jacobian": lambda X, f=each: f.jacobian(X, own_of(f)) for each in FIRST},
    **{f"{each}.jacobian A": lambda X, f=each: f.jacobian(X, own_of(f), "A") for each in FIRST[1:]},
    "chain.backprop": traced,
    "evaluate": lambda X: notation.evaluate(LINE, {"X": X, "W": W}),
    "backprop": lambda X: notation.backprop(LINE, {"X": X, "W": W}, DY, by="W"),
    "dense_jacobian": lambda X: notation.dense_jacobian(LINE, {"X": X, "W": W}, by="X"),
}


class Own(ReLU):
    """A function that the engine has no kernels for."""

    def forward(self, X, parameters, key=None):
        return super().forward(X, parameters, key)


def fitted(kind, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(*arguments, max_iter=2, random_state=0, **options).fit(DENSE, T)


MODELS = {
    "MLPClassifier": fitted(MLPClassifier, hidden_layer_sizes=(3,)),
    "MLPRegressor": fitted(MLPRegressor, hidden_layer_sizes=(3,), engine="reference"),
    "Classifier": fitted(Classifier, Chain(FIRST[1]), complete=True),
    "lbfgs": fitted(MLPClassifier, hidden_layer_sizes=(3,), solver="lbfgs"),
}


def method(name, *others):
    return lambda model, X: getattr(model, name)(X, *others)


METHODS = {
    "fit": method("fit", T),
    "validation": lambda model, X: model.fit(DENSE, T, X_val=X, y_val=T),
    "partial_fit": method("partial_fit", T),
    "predict": method("predict"),
    "predict_proba": method("predict_proba"),
    "decision_function": method("decision_function"),
    "score": method("score", T),
    "input_gradient": method("input_gradient", T),
    "jacobian": method("jacobian"),
    "check_gradients": method("check_gradients", T),
}
PAIRS = [(m, way) for m in MODELS for way in METHODS if hasattr(MODELS[m], way) or way[0] == "v"]


def refused(call, name, message):
    """Check that a call refuses a matrix, in words that say what is wrong with it."""
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert name not in ("NaN", "infinity") or "conver" not in str(error.value)


@pytest.mark.parametrize("way", CHAINS)
def test_chains_refuse_them(way):
    for name, (make, message) in MALFORMED.items():
        refused(lambda make=make: CHAINS[way](make()), name, message)


@pytest.mark.parametrize("way", FUNCTIONS)
def test_functions_and_lines_refuse_them(way):
    for name, (make, message) in MALFORMED.items():
        if name not in ("NaN", "infinity"):  # which functions pass on
            refused(lambda make=make: FUNCTIONS[way](make()), name, message)


@pytest.mark.parametrize(("model", "way"), PAIRS)
def test_estimators_refuse_them_and_stay_as_they_are(model, way):
    estimator = MODELS[model]
    before = estimator.chain_.parameters.flat.copy()
    for name, (make, message) in MALFORMED.items():
        refused(lambda make=make: METHODS[way](estimator, make()), name, message)
    np.testing.assert_array_equal(estimator.chain_.parameters.flat, before)


IMAGES = fitted(Classifier, Chain(Flatten(), Linear(2)), complete=True, image_shape=(2, 2))


@pytest.mark.parametrize("model", [IMAGES, MODELS["Classifier"]], ids=["images", "rows"])
def test_inputs_refuse_them_and_take_all_others(model):
    for name, (make, message) in MALFORMED.items():
        refused(lambda make=make: model.inputs_.encode(make()), name, message)
        refused(lambda make=make: model.predict(make()), name, message)
    for make in ODD.values():
        X = model.inputs_.encode(make())
        dense = X.toarray() if sparse.issparse(X) else X
        np.testing.assert_array_equal(dense.reshape(3, 4), DENSE)


def indicators():
    """Return sparse answers (3, 2) of which one points outside."""
    y = sparse.csc_array(np.eye(3, 2, dtype=np.int64))
    y.indices[1] = 7
    return y


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.fit(DENSE, indicators()),
        lambda model: model.partial_fit(DENSE, indicators(), classes=[0, 1]),
        lambda model: model.fit(DENSE, np.eye(3, 2), X_val=DENSE, y_val=indicators()),
        lambda model: model.score(DENSE, indicators()),
        lambda model: model.input_gradient(DENSE, indicators()),
        lambda model: model.check_gradients(DENSE, indicators()),
    ],
)
def test_sparse_answers_are_checked_alike(ask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((3,), max_iter=1).fit(DENSE, np.eye(3, 2, dtype=int))
    message = "MLPClassifier: expected row numbers from 0 to 2 in y, got 7 in column 1"
    with pytest.raises(ValueError, match=message):
        ask(model)


@pytest.mark.parametrize("axes", [1, 3])
def test_matrices_have_two_axes(axes):
    X = sparse.coo_array(np.ones((4,) * axes))
    message = re.escape(f"expected a sparse X of shape (n, f), got {(4,) * axes}")
    for way in CHAINS.values():
        with pytest.raises(ValueError, match=message):
            way(X)
    with pytest.raises(ValueError, match="MLPClassifier: " + message):
        MODELS["MLPClassifier"].predict(X)


@pytest.mark.parametrize("kind", ODD)
def test_what_is_odd_but_whole_is_taken(kind):
    chain = network()
    X = ODD[kind]()
    np.testing.assert_allclose(chain.forward(X), chain.forward(DENSE), rtol=1e-12)
    np.testing.assert_allclose(Forward(chain)(ODD[kind]()), chain.forward(DENSE), rtol=1e-12)
    found = chain.input_gradient(LOSS, ODD[kind](), T)
    np.testing.assert_allclose(found, chain.input_gradient(LOSS, DENSE, T), rtol=1e-12)
    model = MODELS["MLPClassifier"]
    np.testing.assert_allclose(
        model.predict_proba(ODD[kind]()), model.predict_proba(DENSE), rtol=1e-12
    )
    assert check_gradients(chain, LOSS, ODD[kind](), T).passed


def test_another_format_is_named():
    class Other:
        ndim, shape, format = 2, (3, 4), "own"

    with pytest.raises(ValueError, match="f: expected a format of SciPy's for X, got 'own'"):
        check_arrays("f", Other())
