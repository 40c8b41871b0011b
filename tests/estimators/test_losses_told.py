"""Losses of training and of a validation set are told on one scale, which is scikit-learn's."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier, MLPRegressor as TheirRegressor

from chainrule import (
    Chain,
    Classifier,
    Exp,
    HalfSquaredError,
    Huber,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Poisson,
    Regressor,
    Sigmoid,
    Softmax,
    Tanh,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(11)
N, K = 60, 3
X = rng.normal(size=(N, 5))
T = X[:, :K] + 2 * rng.normal(size=(N, K))
WEIGHTS = rng.uniform(0.2, 3.0, N)
OPTIONS = {"alpha": 0, "max_iter": 4, "random_state": 0, "shuffle": False, "batch_size": N}
OPTIONS |= {"learning_rate_init": 0.01}
ANSWERS = {
    "numbers": T,
    "number": T[:, 0],
    "counts": np.abs(T),
    "classes": np.arange(N) % K,
    "halves": np.arange(N) % 2,
    "labels": (T > 0).astype(int),
}


def chain(last, outputs=K):
    return Chain(Linear(9), Tanh(), Linear(outputs), *([] if last is None else [last]))


CASES = [
    *((MLPRegressor(loss, (9,)), "numbers") for loss in ("squared_error", "huber")),
    (MLPRegressor("absolute_error", (9,)), "numbers"),
    (MLPRegressor("poisson", (9,)), "counts"),
    (MLPRegressor(Huber(outputs="mean"), (9,)), "numbers"),
    (MLPRegressor(HalfSquaredError(outputs="sum"), (9,)), "numbers"),
    (MLPRegressor(hidden_layer_sizes=(9,)), "number"),
    (Regressor(chain(None)), "numbers"),
    (Regressor(chain(None), loss="huber", scale_target=True), "numbers"),
    (Regressor(chain(Exp()), loss=Poisson(outputs="mean")), "counts"),
    *((MLPClassifier((9,)), kind) for kind in ("classes", "halves", "labels")),
    (MLPClassifier((9,), class_weight={1: 3.0}), "classes"),
    (Classifier(chain(Softmax())), "classes"),
    (Classifier(chain(Sigmoid())), "labels"),
]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(("model", "kind"), CASES)
def test_of_the_same_samples_both_losses_are_the_same(model, kind, solver, weights):
    t = ANSWERS[kind]
    model.set_params(**OPTIONS, solver=solver, dtype="float64")
    model.fit(X, t, weights, X_val=X, y_val=t, sample_weight_val=weights)
    training, held_out = model.loss_curve_, model.validation_loss_curve_
    if solver != "lbfgs":  # there training's is from before the step
        training, held_out = training[1:], held_out[:-1]
    np.testing.assert_allclose(held_out, training, rtol=1e-9)


def at_the_same_parameters(theirs, ours, t, alpha):
    """Return scikit-learn's loss at the parameters of a fitted network of ours, for one batch."""
    theirs.set_params(solver="sgd", learning_rate_init=1e-300, max_iter=1, warm_start=True)
    theirs.set_params(hidden_layer_sizes=(9,), activation="tanh", alpha=alpha, batch_size=N)
    theirs.fit(X, t)
    theirs.coefs_ = [W.copy() for W in ours.coefs_]
    theirs.intercepts_ = [b.copy() for b in ours.intercepts_]
    return theirs.fit(X, t).loss_


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize("kind", ["numbers", "number", "counts", "classes", "labels"])
def test_the_loss_is_scikit_learns_at_the_same_parameters(kind, solver, alpha):
    regression = kind in ("numbers", "number", "counts")
    loss = {"loss": "poisson"} if kind == "counts" else {}
    theirs = TheirRegressor(**loss) if regression else TheirClassifier()
    own = {**OPTIONS, **loss, "hidden_layer_sizes": (9,), "activation": "tanh", "alpha": alpha}
    ours = (MLPRegressor if regression else MLPClassifier)(**own, solver=solver)
    ours.fit(X, ANSWERS[kind])
    if solver == "sgd":  # its loss is from before the step
        ours.set_params(warm_start=True, max_iter=1, learning_rate_init=1e-300)
        ours.fit(X, ANSWERS[kind])
    expected = at_the_same_parameters(theirs, ours, ANSWERS[kind], alpha)
    assert ours.loss_ == pytest.approx(expected, rel=1e-9)
    assert ours.loss_ == ours.loss_curve_[-1]


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_lbfgs_tells_half_the_mean_squared_error_and_the_penalty(engine):
    model = MLPRegressor(hidden_layer_sizes=(9,), solver="lbfgs", alpha=0.5, engine=engine)
    model.set_params(random_state=0, max_iter=30).fit(X, T)
    squares = sum(np.sum(W**2) for W in model.coefs_)
    expected = np.mean((model.predict(X) - T) ** 2) / 2 + 0.5 / 2 * squares / N
    assert model.loss_ == pytest.approx(expected, rel=1e-9)


def test_tol_is_compared_with_the_loss_that_is_told():
    # An epoch gains less than tol; of the sum over 30 outputs it would be more.
    many = np.repeat(T[:, :1], 30, axis=1)
    options = {"early_stopping": True, "scoring": "loss", "n_iter_no_change": 2, "tol": 1e-3}
    model = MLPRegressor(hidden_layer_sizes=(9,), **{**OPTIONS, "max_iter": 50}, **options)
    model.set_params(solver="sgd", learning_rate_init=1e-5)
    model.fit(X, many, X_val=X, y_val=many)
    gains = -np.diff(model.validation_loss_curve_)
    assert 30 * gains.max() > 1e-3 > gains.max() > 0
    assert model.history_.end == "validation"
    assert model.n_iter_ < 10
