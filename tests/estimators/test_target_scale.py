"""Targets far from the scale of a network: what is said where a fit fails for it, and only then."""

import warnings

import numpy as np
import pandas
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from chainrule import (
    Chain,
    ElementwiseLoss,
    Linear,
    MLPClassifier,
    MLPRegressor,
    Regressor,
    ReLU,
)

X, Y = load_diabetes(return_X_y=True)
X = StandardScaler().fit_transform(X)
PRICES = 1000 * Y
rng = np.random.default_rng(0)
NOISE = rng.normal(size=len(X))
SHORT = {"max_iter": 30, "random_state": 0, "hidden_layer_sizes": (20,)}


def said(model, X, y, **given):
    """Return what a fit says about the scale of its targets."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **given)
    told = [each for each in caught if "no better than" in str(each.message)]
    assert all(each.category is ConvergenceWarning for each in told)
    assert all(each.filename == __file__ for each in told)
    assert len(told) <= 1
    return str(told[0].message) if told else ""


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"engine": "reference"}])
def test_prices_are_told_to_be_scaled(loss, options):
    model = MLPRegressor(loss, **SHORT, **options)
    told = said(model, X, PRICES)
    assert model.score(X, PRICES) < -1
    for part in (
        "MLPRegressor predicts y no better than its mean would: on training samples the loss is ",
        "With a mean of 1.52e+05 and a deviation of 7.7e+04, y is far from what a network starts",
        "TransformedTargetRegressor(model, transformer=StandardScaler())",
        "Regressor(…, scale_target=True)",
    ):
        assert part in told
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    assert not said(scaled, X, PRICES)
    assert scaled.score(X, PRICES) > 0.3


def test_the_losses_that_are_compared_are_those_of_the_training():
    model = MLPRegressor(**SHORT, alpha=0.0)
    told = said(model, X, PRICES, sample_weight=np.ones(len(X)))
    error = ((model.predict(X) - PRICES) ** 2).mean() / 2
    assert f"the loss is {error:.3g}, that of the mean {PRICES.var() / 2:.3g}." in told


@pytest.mark.parametrize(
    ("y", "fails"),
    [
        (Y, True),  # a mean of 152
        (Y / 100, False),
        (PRICES - PRICES.mean(), True),  # no better than 0
        (1e-4 * X[:, 0], True),
        (NOISE, False),  # there is nothing to learn, at any scale in reach
        (30 * NOISE, False),
        (100 + NOISE, True),
        (np.full(len(X), 1e5), False),  # which no scale changes
        (10 * X[:, 0], False),
    ],
)
def test_it_is_said_where_a_fit_fails_and_nowhere_else(y, fails):
    assert bool(said(MLPRegressor(**SHORT), X, y)) == fails


@pytest.mark.parametrize(
    "options",
    [{"solver": "lbfgs"}, {"learning_rate_init": 0.3}, {"solver": "sgd", "max_iter": 300}],
    ids=str,
)
def test_a_fit_that_reaches_its_targets_hears_nothing(options):
    model = MLPRegressor(**{**SHORT, **options})
    assert not said(model, X, Y)
    assert model.score(X, Y) > 0.3


def test_the_column_that_is_far_is_named():
    told = said(MLPRegressor(**SHORT), X, np.c_[X[:, 0], 1e6 * X[:, 1]])
    assert "column 1 of y is far" in told
    assert not said(MLPRegressor(**SHORT), X, np.c_[X[:, 0], X[:, 1]])


def test_counts_are_divided_and_never_shifted():
    counts = rng.poisson(5000, size=len(X))
    told = said(MLPRegressor("poisson", **SHORT), X, counts)
    assert told.endswith("Train on y divided by its mean, as Regressor(…, scale_target=True) does.")
    model = Regressor(Chain(Linear(20), ReLU()), complete=True, loss="poisson", scale_target=True)
    assert not said(model.set_params(max_iter=30, random_state=0), X, counts)


def test_an_error_of_a_training_that_leads_nowhere_says_it_too():
    model = MLPRegressor(solver="sgd", learning_rate_init=0.1, **SHORT)
    with pytest.raises(ValueError, match=r"non-finite parameter weights.*With a mean of 1.52e\+08"):
        model.fit(X, 1e6 * Y)
    with pytest.raises(ValueError, match="non-finite parameter weights") as caught:
        model.set_params(learning_rate_init=1e30).fit(X, NOISE)
    assert "With a mean" not in str(caught.value)


def test_no_one_else_hears_of_scales():
    class Mine(ElementwiseLoss):
        def error(self, y, t):
            return (y - t) * (y - t)

        def derivative(self, y, t):
            return 2 * (y - t)

    assert not said(MLPRegressor(Mine(), **SHORT), X, PRICES)  # of which nothing is known
    assert not said(MLPClassifier(**SHORT), X, Y > 150)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPRegressor(**SHORT).partial_fit(X, PRICES)  # there will be more of them


def test_weights_count_in_what_is_compared():
    y, weights = np.where(np.arange(len(X)) < 200, 1e6, X[:, 0]), np.ones(len(X))
    weights[:200] = 0
    model = MLPRegressor(**{**SHORT, "max_iter": 100})
    assert not said(model, X, y, sample_weight=weights)
    assert said(model, X, y)


TABLE = pandas.DataFrame(X, columns=[f"x{k}" for k in range(X.shape[1])])


def table_regressor(**options):
    chain = Chain(Linear(20), ReLU())
    return Regressor(chain, complete=True, inputs="table", max_iter=30, random_state=0, **options)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_regressors_of_tables_scale_their_target():
    model = table_regressor().fit(TABLE, PRICES)
    assert model.targets_.mean == (pytest.approx(PRICES.mean()),)
    assert model.score(TABLE, PRICES) > 0.3
    again = table_regressor(scale_target=True).fit(TABLE, PRICES)
    np.testing.assert_array_equal(model.predict(TABLE), again.predict(TABLE))
    assert table_regressor(scale_target=False).fit(TABLE, PRICES).targets_.mean is None
    counts = rng.poisson(5000, size=len(X))
    assert table_regressor(loss="poisson").fit(TABLE, counts).targets_.mean == (0.0,)
    assert table_regressor().fit(TABLE, np.ones(len(X))).targets_.mean is None
    both = table_regressor().fit(TABLE, np.c_[PRICES, np.ones(len(X))])
    assert both.targets_.mean is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_others_scale_where_they_are_asked():
    for inputs in (None, "rows"):
        model = Regressor(Chain(Linear(20)), complete=True, inputs=inputs, max_iter=3)
        assert model.fit(X, Y).targets_.mean is None
        assert model.set_params(scale_target=True).fit(X, Y).targets_.mean is not None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_table_s_scale_stays_where_a_fit_goes_on():
    model = table_regressor(warm_start=True).fit(TABLE, PRICES)
    scale = model.targets_.scale
    assert model.fit(TABLE, PRICES / 2).targets_.scale == scale
    assert model.partial_fit(TABLE, PRICES).targets_.scale == scale
    with pytest.raises(ValueError, match="scale_target"):
        model.set_params(scale_target=False).fit(TABLE, PRICES)
