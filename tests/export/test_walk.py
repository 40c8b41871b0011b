"""The walk: what it says of every kind of estimator leads to that estimator's answers."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule import (
    Chain,
    Classifier,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    TableClassifier,
    TableRegressor,
    Tanh,
    TextClassifier,
)
from chainrule.export.walk import walk

X, y = load_iris(return_X_y=True)
PLAIN = {"solver": "lbfgs", "max_iter": 2000, "tol": 0.01, "random_state": 0}
TABLE = {"max_iter": 2, "members": 3, "random_state": 0}
HIDDEN = Chain(Linear(4), Tanh())
LABELS = np.c_[y == 0, y > 0].astype(int)


@pytest.mark.parametrize(
    ("model", "t"),
    [
        (MLPClassifier((4,), **PLAIN), y),
        (MLPClassifier((4,), **PLAIN), np.where(y == 1, "one", "other")),
        (MLPClassifier((4,), **PLAIN), LABELS),
        (Classifier(HIDDEN, complete=True, **PLAIN), y),
        (TableClassifier(**TABLE), y),
        (TableClassifier(**TABLE), y == 1),
    ],
)
def test_classifiers(model, t):
    model.fit(X, t)
    network, encoded = walk(model), model._encoded(X)
    np.testing.assert_allclose(network.compute(encoded), model.predict_proba(X), rtol=2e-5)
    chosen = network.answers.chosen(network.compute(encoded, "scores"))
    expected = chosen if network.answers.kind == "labels" else model.classes_[chosen]
    assert (expected == model.predict(X)).all()


@pytest.mark.parametrize(
    ("model", "t"),
    [
        (MLPRegressor("squared_error", (4,), **PLAIN), y),
        (MLPRegressor("poisson", (4,), **PLAIN), y),
        (Regressor(HIDDEN, complete=True, scale_target=True, **PLAIN), X[:, :2]),
        (TableRegressor(**TABLE), y),
        (TableRegressor(**TABLE), X[:, :2]),
        (TableRegressor(output_range="seen", **TABLE), X[:, :2]),
    ],
)
def test_regressors(model, t):
    model.fit(X, t)
    found = walk(model).compute(model._encoded(X))
    np.testing.assert_allclose(found, model.predict(X).reshape(found.shape), rtol=2e-5)


def test_quantiles():
    model = TableRegressor(quantiles=(0.1, 0.9), output_range="seen", **TABLE).fit(X, X[:, 2])
    network = walk(model)
    found = network.compute(model._encoded(X))
    np.testing.assert_allclose(found, model.predict_quantiles(X), rtol=1e-5)
    assert network.answers.quantiles == (0.1, 0.5, 0.9)


@pytest.mark.parametrize("loss", ["softmax", "ova"])
def test_texts(loss):
    texts, labels = ["a fine film", "so bad", "really fine", "bad, so bad"], ["+", "-", "+", "0"]
    model = TextClassifier(8, loss=loss, random_state=0).fit(texts, labels)
    found = walk(model).compute(model._encoded(texts).toarray())
    np.testing.assert_allclose(found, model.predict_proba(texts), rtol=1e-5)


def test_a_rare_score_keeps_its_digits():
    model = MLPClassifier((), **PLAIN).fit(X, y == 1)
    model.coefs_[0][...] = 0
    model.intercepts_[0][...] = -30
    np.testing.assert_allclose(walk(model).compute(X[:1])[0, 1], np.exp(-30.0), rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLPClassifier(), "MLPClassifier: expected a fitted estimator; call fit first"),
        (Chain(Linear(2)), r"Chain: call initialize\(X\) first"),
        ("model", "str: expected a chain or an estimator of one"),
    ],
)
def test_what_is_no_trained_network(model, message):
    with pytest.raises(ValueError, match=message):
        walk(model)
