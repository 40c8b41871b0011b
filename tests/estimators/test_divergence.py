"""A training that diverges says so, whether its loss becomes infinite or stays finite."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from chainrule import (
    SGD,
    Chain,
    Classifier,
    HalfSquaredError,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    Softplus,
    Tanh,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum", "ignore:lbfgs failed"
)

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 4))
NUMBERS, CLASSES = X[:, 0] - X[:, 1], np.arange(100) % 3
OPTIONS = {"random_state": 0, "n_iter_no_change": 100, "dtype": "float64"}
MODELS = [
    (MLPRegressor(hidden_layer_sizes=(10,), activation="identity", **OPTIONS), NUMBERS),
    (Regressor(Chain(Linear(10)), complete=True, scale_target=True, **OPTIONS), NUMBERS),
    (MLPClassifier((10,), activation="identity", **OPTIONS), CLASSES),
    (Classifier(Chain(Linear(10)), complete=True, **OPTIONS), CLASSES),
]
SAID = r"the loss rose from \S+ at the start to \S+, so that training has diverged: lower the "


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop", SGD(1e5)])
@pytest.mark.parametrize(("model", "t"), MODELS)
def test_a_loss_that_rises_and_stays_finite_is_said(model, t, solver, engine):
    model = clone(model).set_params(solver=solver, engine=engine, max_iter=2, momentum=0)
    model.set_params(learning_rate_init=1e5)
    with pytest.warns(ConvergenceWarning, match=f"Stochastic Optimizer: {SAID}learning rate, from"):
        model.fit(X, t)
    assert 1e4 < model.loss_ < np.inf
    assert model.history_.remarks[0].endswith("such as by scaling")
    assert model.history_.start < 10
    assert np.isfinite(model.chain_.parameters.flat).all()


def test_a_loss_of_1e171_ends_with_advice():
    model = Regressor(Chain(Linear(1)), solver="sgd", momentum=0, **OPTIONS, batch_size=100)
    model.set_params(learning_rate_init=1e28, alpha=0, max_iter=4)
    with pytest.warns(ConvergenceWarning, match=SAID):
        model.fit(X, NUMBERS)
    assert 1e160 < model.loss_ < 1e180


def test_calls_of_partial_fit_are_compared_with_the_first_one():
    model = Regressor(Chain(Linear(1)), solver="sgd", momentum=0, **OPTIONS, batch_size=100)
    model.set_params(learning_rate_init=3.0, alpha=0)
    losses, said = [], []
    for _ in range(14):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            losses.append(model.partial_fit(X, NUMBERS).loss_)
        said.append(any("has diverged" in str(each.message) for each in caught))
    assert max(b / a for a, b in pairwise(losses)) < 100  # call by call
    assert said == sorted(said)
    first = losses[said.index(True)]
    assert 1000 * losses[0] < first < 1e6 * losses[0]


def test_with_early_stopping_the_best_epoch_is_kept_and_it_is_said_too():
    model = clone(MODELS[0][0]).set_params(early_stopping=True, solver="sgd", momentum=0)
    model.set_params(learning_rate_init=2.0, max_iter=4, scoring="loss")
    with pytest.warns(ConvergenceWarning, match=SAID):
        model.fit(X, NUMBERS)
    assert model.history_.kept == 1
    assert model.score(X, NUMBERS) > -100


@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("engine", ["machine", "reference"])
def test_outputs_that_the_loss_refuses_later_are_a_divergence(engine, held_out):
    model = Regressor(Chain(Linear(1), Softplus()), loss="poisson", solver="sgd", engine=engine)
    model.set_params(learning_rate_init=1e6, max_iter=9, random_state=0, momentum=0)
    own = {"X_val": X[:9], "y_val": np.abs(NUMBERS[:9])} if held_out else {}
    with pytest.raises(ValueError, match=r"The (validation )?loss became (inf|nan) in epoch \d"):
        model.fit(X, np.abs(NUMBERS), **own)  # Softplus ends in 0, of which there is no logarithm
    assert model.history_.end == "diverged"
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_held_out_outputs_that_overflow_are_a_divergence_and_no_warning_of_numpy(engine, solver):
    model = MLPRegressor(hidden_layer_sizes=(8,), activation="identity", solver=solver)
    model.set_params(engine=engine, dtype="float32", learning_rate_init=1e3, max_iter=9)
    model.set_params(random_state=0, momentum=0)
    far = X[:9] * np.float32(3e38 / np.abs(X[:9]).max())
    with pytest.raises(ValueError, match=r"The validation loss became (inf|nan) in (epoch|it)"):
        model.fit(X / 100, NUMBERS / 100, X_val=far, y_val=NUMBERS[:9])
    assert np.isfinite(model.predict(X)).all()


def healthy():
    """Yield trainings with large losses that are none's fault, by name."""
    outlier = np.where(np.arange(100)[:, None] == 77, 1e9, X)
    far = np.where(np.arange(100) == 3, 1e8, NUMBERS)
    counts = np.r_[np.zeros(50), np.full(50, 1e6)]  # in order: the first batch has only zeros
    few = {"batch_size": 10, "max_iter": 3}
    yield "outlier in X", MLPRegressor(hidden_layer_sizes=(5,), **few), outlier, NUMBERS
    yield "outlier in y", MLPRegressor(hidden_layer_sizes=(5,), **few), X, far
    sorted_ = MLPRegressor(hidden_layer_sizes=(5,), shuffle=False, **few)
    yield "sorted", sorted_, X, counts
    yield "sorted, one epoch", clone(sorted_).set_params(max_iter=1), X, counts
    yield "large", MLPRegressor(hidden_layer_sizes=(5,), **few), X * 1e6, NUMBERS * 1e9
    yield "dropout", MLPRegressor(hidden_layer_sizes=(50,), dropout=0.9, **few), X, NUMBERS
    quick = {"learning_rate_init": 0.1, "max_iter": 100}
    yield "quick", MLPClassifier((100, 100), **quick), X * 30, CLASSES
    sums = HalfSquaredError(outputs="sum")
    yield "sums", MLPRegressor(sums, (5,), **few), X, np.tile(NUMBERS[:, None], (1, 3000))


@pytest.mark.parametrize(("model", "X", "t"), [pytest.param(*c[1:], id=c[0]) for c in healthy()])
def test_a_healthy_training_is_not_said_to_diverge(model, X, t):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.set_params(random_state=0).fit(X, t)
    assert not [each for each in caught if "diverged" in str(each.message)]
    assert not model.history_.remarks


def test_going_on_from_a_perfect_network_is_no_rise():
    model = Regressor(Chain(Linear(1)), solver="lbfgs", alpha=0, warm_start=True, **OPTIONS)
    model.set_params(tol=1e-12).fit(X, NUMBERS)
    assert model.loss_ < 1e-10
    model.set_params(solver="adam", learning_rate_init=1e-2, max_iter=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, NUMBERS)
    assert model.loss_ > 1e4 * model.loss_curve_[-4]
    assert not [each for each in caught if "diverged" in str(each.message)]


# L-BFGS


@pytest.mark.parametrize("engine", ["machine", "reference"])
@pytest.mark.parametrize(("model", "t"), MODELS[:2])
def test_lbfgs_refuses_a_loss_that_is_not_finite_at_the_start(model, t, engine):
    model = clone(model).set_params(solver="lbfgs", engine=engine)
    with pytest.raises(ValueError, match=r"non-finite .* The loss became (inf|nan) in iteration 1"):
        model.fit(X * 1e200, t)
    assert model.history_.end == "diverged"
    assert model.history_.describe() == "diverged after 0 epochs"
    assert np.isfinite(model.chain_.parameters.flat).all()
    assert isinstance(model.history_.trouble, str)


class SteepError(HalfSquaredError):
    """Half the squared error, which is NaN as soon as it is small."""

    def errors(self, Y, T):
        errors = super().errors(Y, T)
        return errors if errors.mean() > 0.06 else errors * np.nan


@pytest.mark.parametrize("early", [False, True])
def test_lbfgs_leaves_the_last_good_iteration(early):
    chain = Chain(Linear(5), Tanh(), Linear(1))
    model = Regressor(chain, solver="lbfgs", loss=SteepError(), early_stopping=early, **OPTIONS)
    own = {"X_val": X[:50], "y_val": NUMBERS[:50]} if early else {}
    if early:  # the best is kept, as other solvers keep it
        with pytest.warns(ConvergenceWarning, match=r"lbfgs: the loss became nan in iteration"):
            model.fit(X, NUMBERS, **own)
    else:
        with pytest.raises(ValueError, match=r"loss became nan in iteration .*or raise alpha") as e:
            model.fit(X, NUMBERS)
        assert f"those of iteration {len(model.history_.epochs)}." in str(e.value)
    count = len(model.history_.epochs)
    assert count >= 1
    assert np.isfinite(model.loss_curve_).all()
    there = clone(model).set_params(loss="squared_error", max_iter=model.history_.kept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there.set_params(early_stopping=False).fit(X, NUMBERS)
    np.testing.assert_allclose(model.predict(X), there.predict(X), rtol=1e-6)


@pytest.mark.parametrize("early", [False, True])
def test_lbfgs_refuses_a_validation_loss_that_is_not_finite(early):
    model = clone(MODELS[0][0]).set_params(solver="lbfgs", early_stopping=early)
    with pytest.raises(ValueError, match="The validation loss became inf in iteration 1: bring"):
        model.fit(X, NUMBERS, X_val=X * 1e200, y_val=NUMBERS)
    assert (model.history_.end, model.history_.kept) == ("diverged", 0)
    start = clone(MODELS[0][0]).set_params(learning_rate_init=1e-300, max_iter=1).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.coefs_[0], start.coefs_[0])


def test_lbfgs_that_begins_at_its_minimum_has_a_loss():
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, warm_start=True, tol=1e-3)
    model.fit(X, NUMBERS)
    for again in (model, MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", tol=1e9)):
        again.fit(X, NUMBERS)
        assert again.n_iter_ == 0
        expected = np.mean((again.predict(X) - NUMBERS) ** 2) / 2
        assert again.loss_ == pytest.approx(expected, rel=1e-3)
