"""The parameter ``precision`` of estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from chainrule import (
    Chain,
    Classifier,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
    load,
)

X, Y = load_digits(return_X_y=True)
X = X / 16
HIDDEN = Chain(Linear(16), ReLU())
OPTIONS = {"precision": "bfloat16", "max_iter": 4, "random_state": 0}
MODELS = [
    MLPClassifier((16,), **OPTIONS),
    MLPRegressor(hidden_layer_sizes=(16,), **OPTIONS),
    Classifier(HIDDEN, complete=True, **OPTIONS),
    Regressor(HIDDEN, complete=True, **OPTIONS),
    MLPClassifier((16,), **{**OPTIONS, "precision": "bfloat16_blocks"}),
]
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{type(m).__name__}, {m.precision}")
def test_every_estimator_has_it(model, tmp_path):
    fitted = clone(model).fit(X[:300], Y[:300])
    assert fitted.get_params()["precision"] == model.precision
    assert fitted.history_.engine == "machine"
    plain = clone(model).set_params(precision="float32", dtype="float32").fit(X[:300], Y[:300])
    assert fitted.loss_ != plain.loss_
    assert fitted.loss_ == pytest.approx(plain.loss_, rel=0.02)
    fitted.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert again.precision == model.precision
    assert np.array_equal(again.predict(X), fitted.predict(X))


def test_predictions_are_those_of_float32_with_the_same_parameters():
    model = MLPClassifier((16,), **OPTIONS).fit(X.astype(np.float32)[:300], Y[:300])
    probabilities = model.predict_proba(X.astype(np.float32))
    other = clone(model).set_params(precision="float32").fit(X.astype(np.float32)[:300], Y[:300])
    other.coefs_, other.intercepts_ = model.coefs_, model.intercepts_
    assert np.array_equal(other.predict_proba(X.astype(np.float32)), probabilities)


def test_fits_that_go_on():
    whole = MLPClassifier((16,), **OPTIONS).set_params(warm_start=True, max_iter=1)
    losses = [whole.fit(X[:300], Y[:300]).loss_ for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 4
    parts = MLPClassifier((16,), precision="bfloat16", random_state=0)
    for _ in range(3):
        parts.partial_fit(X[:300], Y[:300], classes=np.arange(10))
    assert parts.loss_curve_ == sorted(parts.loss_curve_, reverse=True)


def test_early_stopping():
    model = MLPClassifier((16,), **OPTIONS).set_params(early_stopping=True, max_iter=15)
    model.set_params(learning_rate_init=0.01).fit(X, Y)
    assert model.best_validation_score_ > 0.9
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_a_fit_in_float64_goes_on_in_bfloat16():
    model = MLPClassifier((16,), dtype="float64", random_state=0)
    model.partial_fit(X[:300], Y[:300], classes=np.arange(10))
    before = model.loss_
    model.set_params(dtype=None, precision="bfloat16").partial_fit(X[:300], Y[:300])
    assert model.loss_ < before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "lbfgs"}, "steps on batches for precision='bfloat16', got solver='lbfgs'"),
        ({"dtype": "float64"}, "dtype float32 or None with precision='bfloat16', got 'float64'"),
        (
            {"solver": "lbfgs", "precision": "bfloat16_blocks"},
            "steps on batches for precision='bfloat16_blocks', got solver='lbfgs'",
        ),
        ({"engine": "reference"}, "engine auto or machine with .*, got 'reference'"),
        ({"precision": "half"}, "'precision' parameter of MLPClassifier must be"),
    ],
)
def test_what_it_does_not_go_with_leaves_the_estimator(options, message):
    model = MLPClassifier((16,), **{**OPTIONS, **options})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "chain_")
