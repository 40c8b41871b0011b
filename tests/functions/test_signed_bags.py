"""Bags that are averaged take no negative weights: the same error wherever samples come in."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    Chain,
    Classifier,
    CrossEntropy,
    EmbeddingBag,
    Linear,
    Plan,
    Softmax,
    check_gradients,
    train,
)
from chainrule.engine.running.forward import Forward
from chainrule.engine.running.prediction import Predictor

COUNTS = np.array([[1.0, 0, 2, 0], [0, 0, 0, 3], [0, 1, 1, 0]])
SIGNED = np.array([[1.0, 0, 2, 0], [0, 0, 0, 3], [0, 1, -1, -0.5]])
T, LOSS = np.array([0, 1, 0]), CrossEntropy()
MESSAGE = (
    r"EmbeddingBag\(2, mode='mean'\): expected weights of tokens >= 0 in X, since a mean divides "
    r"by their sum, got 2 below, -1 for token 2 of sample 2 the first; mode=\"sum\" takes any"
)
KINDS = {"dense": np.asarray, "csr": sparse.csr_array, "csc": sparse.csc_matrix}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def network(mode="mean", dtype=np.float64):
    functions = EmbeddingBag(2, mode=mode), Linear(2), Softmax()
    return Chain(*functions).initialize((4,), dtype=dtype)


def trained(X, engine="auto", validation=None):
    return train(network(), LOSS, X, T, Plan(epochs=1), engine=engine, validation=validation)


WAYS = {
    "forward": lambda X: network().forward(X),
    "loss": lambda X: network().loss(LOSS, X, T),
    "input_gradient": lambda X: network().input_gradient(LOSS, X, T),
    "jacobian": lambda X: network().jacobian(X),
    "check_gradients": lambda X: check_gradients(network(), LOSS, X, T),
    "machine": lambda X: trained(X, "machine"),
    "reference": lambda X: trained(X, "reference"),
    "validation": lambda X: trained(COUNTS, validation=(X, T)),
    "Predictor": lambda X: Predictor(network(dtype=np.float32))(X),
    "Forward": lambda X: Forward(network())(X),
}


@every_kind
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_mean_of_signed_weights_is_refused(way, kind):
    way(kind(COUNTS))
    with pytest.raises(ValueError, match=MESSAGE):
        way(kind(SIGNED))


METHODS = {
    "fit": lambda model, X: model.fit(X, T),
    "partial_fit": lambda model, X: model.partial_fit(X, T),
    "predict": lambda model, X: model.predict(X),
    "predict_proba": lambda model, X: model.predict_proba(X),
    "score": lambda model, X: model.score(X, T),
}


@every_kind
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_estimators_refuse_it(engine, solver, kind):
    chain = Chain(EmbeddingBag(2, mode="mean"))
    model = Classifier(chain, complete=True, solver=solver, engine=engine, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(kind(COUNTS), T)
    for name, method in METHODS.items():
        if (name, solver) == ("partial_fit", "lbfgs"):
            continue
        with pytest.raises(ValueError, match=MESSAGE):
            method(model, kind(SIGNED))


@every_kind
def test_a_sum_takes_any_numbers(kind):
    chain = network("sum")
    expected = Softmax().forward(
        SIGNED @ chain.parameters["A0"] @ chain.parameters["W1"], {}
    )
    np.testing.assert_allclose(chain.forward(kind(SIGNED)), expected, rtol=1e-14)
