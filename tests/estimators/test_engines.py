"""Estimators by the engine agree with the reference: training by L-BFGS, and predictions."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Dropout,
    Flatten,
    Identity,
    Linear,
    MaxPool2d,
    Regressor,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from chainrule.engine.running import forward, prediction

RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 36))
HELD = np.stack([X[:, 0] > 0, X[:, 1] + X[:, 2] > 0.5], axis=1).astype(int)
KINDS = HELD @ [1, 2]

ESTIMATORS = {
    "softmax": (Classifier(Chain(Linear(12), Tanh(), Linear(4), Softmax())), KINDS),
    "sigmoid": (Classifier(Chain(Linear(12), ReLU(), Linear(1), Sigmoid())), HELD[:, 0]),
    "labels": (Classifier(Chain(Linear(12), Tanh(), Linear(2), Sigmoid())), HELD),
    "numbers": (Regressor(Chain(Linear(12), Tanh(), Linear(2)), loss="huber"), X[:, :2] ** 2),
    "images": (
        Classifier(
            Chain(Conv2d(4, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(4), Softmax()),
            image_shape=(6, 6),
        ),
        KINDS,
    ),
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(params=ESTIMATORS)
def problem(request):
    estimator, y = ESTIMATORS[request.param]
    return clone(estimator).set_params(random_state=0), y


def test_second_order_training_agrees(problem):
    estimator, y = problem
    weights = RNG.uniform(0.5, 2, len(X))
    by = {}
    for engine in ("machine", "reference"):
        model = clone(estimator).set_params(solver="lbfgs", max_iter=6, engine=engine)
        by[engine] = model.fit(X, y, sample_weight=weights)
        assert model.engine_ == engine
    curves = [model.loss_curve_ for model in by.values()]
    np.testing.assert_allclose(*curves, rtol=1e-8)
    flats = [model.chain_.parameters.flat for model in by.values()]
    np.testing.assert_allclose(*flats, rtol=1e-6, atol=1e-8)


def test_second_order_training_draws_the_same_masks():
    chain, curves = Chain(Linear(12), Tanh(), Dropout(0.3), Linear(4), Softmax()), []
    model = Classifier(chain, solver="lbfgs", max_iter=6, random_state=0)
    for engine in ("machine", "reference"):
        curves.append(clone(model).set_params(engine=engine).fit(X, KINDS).loss_curve_)
    np.testing.assert_allclose(*curves, rtol=1e-8)


def test_second_order_training_has_the_same_bits_on_any_number_of_threads(problem):
    estimator, y = problem
    flats = []
    for n_jobs in (1, 2, 3):
        model = clone(estimator).set_params(solver="lbfgs", max_iter=3, n_jobs=n_jobs).fit(X, y)
        flats.append(model.chain_.parameters.flat)
    np.testing.assert_array_equal(flats[0], flats[1])
    np.testing.assert_array_equal(flats[0], flats[2])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_predictions_agree(problem, dtype, monkeypatch):
    estimator, y = problem
    monkeypatch.setattr(forward, "ROWS_OF_NUMPY", 256)
    used = []
    called = prediction.Predictor.__call__
    monkeypatch.setattr(
        prediction.Predictor, "__call__", lambda self, X: used.append(1) or called(self, X)
    )
    model = estimator.set_params(max_iter=2).fit(X.astype(dtype), y)
    methods = ["predict"]
    if isinstance(model, Classifier):
        methods += ["predict_proba", "decision_function"]
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    for method in methods:
        used.clear()
        got = getattr(model.set_params(engine="auto"), method)(X.astype(dtype))
        assert used
        used.clear()
        expected = getattr(model.set_params(engine="reference"), method)(X.astype(dtype))
        assert not used
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def test_predictions_follow_the_parameters():
    estimator, y = ESTIMATORS["softmax"]
    model = clone(estimator).set_params(max_iter=1, random_state=0).fit(X, y)
    before = model.predict_proba(X)
    model.chain_.parameters.flat[...] *= 2
    after = model.predict_proba(X)
    assert not np.allclose(before, after)
    np.testing.assert_allclose(after, model.chain_.forward(X), rtol=1e-9)


def test_what_the_engine_cannot_do_is_trained_by_the_reference(capsys):
    class Halved(Identity):
        def forward(self, X, parameters, key=None):
            return X / 2

        def backprop(self, dY, X, Y, parameters, key=None, *, input_gradient=True):
            return dY / 2, {}

    chain = Chain(Linear(5), Halved(), Linear(4), Softmax())
    model = Classifier(chain, solver="lbfgs", max_iter=3, random_state=0)
    assert model.fit(X, KINDS).engine_ == "reference"
    assert model.predict(X).shape == (700,)
    model.set_params(solver="adam", verbose=True).fit(X, KINDS)
    assert "Trained in NumPy, for Halved" in capsys.readouterr().out
    with pytest.raises(ValueError, match="Halved"):
        model.set_params(engine="machine").fit(X, KINDS)


def test_sparse_samples_agree():
    S = sparse.csr_matrix(np.where(np.abs(X) > 1, X, 0))
    estimator, y = ESTIMATORS["softmax"]
    for kind in (S, S.tocsc()):
        model = clone(estimator).set_params(max_iter=3, random_state=0).fit(kind, y)
        dense = clone(model).fit(S.toarray(), y)
        np.testing.assert_allclose(
            model.predict_proba(kind), dense.predict_proba(S.toarray()), rtol=1e-4, atol=1e-6
        )
