"""From the same random_state our networks are scikit-learn's, up to the last digits of float64."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings, strategies as st
from sklearn import neural_network
from sklearn.base import clone

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore")

NEAR_1 = 1 + 2**-50
"""A few units in float64's last place."""

PAIRS = {
    "classes": (neural_network.MLPClassifier, MLPClassifier),
    "numbers": (neural_network.MLPRegressor, MLPRegressor),
}


@st.composite
def problems(draw):
    """Draw data of some kind: which pair of estimators, X, y, and what the regressor's loss is."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, features, count = draw(st.integers(12, 60)), draw(st.integers(1, 6)), draw(st.integers(2, 4))
    kind = draw(st.sampled_from(["binary", "classes", "labels", "number", "numbers", "counts"]))
    X = rng.normal(size=(n, features))
    if kind in ("binary", "classes"):
        classes = 2 if kind == "binary" else count + 1
        y = np.arange(n) % classes
        return "classes", X, np.array([2, 0, 7, -1, 5])[rng.permutation(y)], {}
    if kind == "labels":
        return "classes", X, np.vstack([rng.integers(0, 2, (n - 2, count)), np.eye(2, count)]), {}
    if kind == "counts":
        return "numbers", X, rng.poisson(2.0, n).astype(float), {"loss": "poisson"}
    return "numbers", X, rng.normal(size=(n, count) if kind == "numbers" else n), {}


@st.composite
def solvers(draw):
    """Draw how to train."""
    if draw(st.booleans()):
        return {
            "solver": "adam",
            "beta_1": draw(st.sampled_from([0.9, 0.5, 0.0])),
            "beta_2": draw(st.sampled_from([0.999, 0.9])),
            "epsilon": draw(st.sampled_from([1e-8, 1e-3])),
        }
    return {
        "solver": "sgd",
        "momentum": draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
        "nesterovs_momentum": draw(st.booleans()),
        "learning_rate": draw(st.sampled_from(["constant", "invscaling", "adaptive"])),
        "power_t": draw(st.sampled_from([0.5, 0.2])),
    }


OPTIONS = st.fixed_dictionaries(
    {
        "hidden_layer_sizes": st.sampled_from([(), (5,), 7, (4, 3)]),
        "activation": st.sampled_from(["identity", "logistic", "tanh", "relu"]),
        "alpha": st.sampled_from([0.0, 1e-4, 0.3, 5.0]),
        "batch_size": st.sampled_from(["auto", 1, 5, 8, 12]),
        "learning_rate_init": st.sampled_from([1e-3, 0.02]),
        "max_iter": st.integers(1, 12),
        "n_iter_no_change": st.sampled_from([1, 2, 10]),
        "tol": st.sampled_from([1e-4, 0.05]),
        "shuffle": st.booleans(),
        "random_state": st.integers(0, 99),
        "early_stopping": st.booleans(),
        "validation_fraction": st.sampled_from([0.3, 0.5]),
    }
)


def assume_tame(train, network):
    """Let scikit-learn train; give the example up if weights or losses grow without end.

    Rounding would grow with them, and scikit-learn clips the probabilities in such losses.
    """
    try:
        train(network)
    except ValueError:  # parameters that are not finite
        reject()
    assume(max(np.abs(W).max() for W in network.coefs_) < 20)
    losses = np.array(getattr(network, "loss_curve_", []))  # L-BFGS has none
    assume(bool(np.all(losses < 1e4)))


def assume_conditioned(expected, near):
    """Give the example up if rounding counts: scikit-learn's networks differ that saw X and X + ε.

    Adam divides by √g²: where g is rounding alone, its sign is anybody's guess. The curves count,
    too: where the best epoch is kept, those after it may have gone anywhere, as with momentum 1.
    """
    assume(near.n_iter_ == expected.n_iter_)
    allowed = tolerance_of(expected) / 100
    pairs = zip(expected.coefs_, near.coefs_, strict=True)
    assume(max(np.abs(one - other).max() for one, other in pairs) < allowed)
    for name in ("loss_curve_", "validation_scores_"):
        one, other = getattr(expected, name), getattr(near, name)
        assume(one is None or np.allclose(one, other, rtol=allowed, atol=1e-14))


def tolerance_of(network):
    """Return how far networks may be apart for float64's rounding."""
    return 1e-9 if network.solver == "sgd" else 1e-7


def both(kind, X, y, options, sample_weight=None, **own):
    """Return scikit-learn's network and ours, fitted."""
    theirs, ours = PAIRS[kind]
    expected = theirs(**options)
    assume_tame(lambda network: network.fit(X, y, sample_weight=sample_weight), expected)
    if expected.solver != "lbfgs":
        assume_conditioned(expected, theirs(**options).fit(X * NEAR_1, y, sample_weight))
    found = ours(**options, **own).fit(X, y, sample_weight=sample_weight)
    return expected, found


def assert_same_network(expected, found):
    """Compare all that is known of two fitted networks, to float64's rounding."""
    tolerance = tolerance_of(expected)
    assert found.n_iter_ == expected.n_iter_
    assert found.t_ == expected.t_
    assert found.out_activation_ == expected.out_activation_
    for name in ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_"):
        one, other = getattr(expected, name), getattr(found, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_allclose(other, one, rtol=tolerance, atol=1e-12, err_msg=name)
    for one, other in zip(
        expected.coefs_ + expected.intercepts_, found.coefs_ + found.intercepts_, strict=True
    ):
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)


@settings(max_examples=100, deadline=None)
@given(problems(), OPTIONS, solvers(), st.booleans(), st.sampled_from(["auto", "reference"]))
def test_curves_scores_and_parameters_are_scikit_learns(problem, options, solver, weighted, engine):
    kind, X, y, loss = problem
    weights = np.random.default_rng(3).uniform(0.5, 2.0, len(X)) if weighted else None
    options = {**options, **solver, **loss}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, found = both(kind, X, y, options, weights, dtype="float64", engine=engine)
    assert found.engine_ == ("machine" if engine == "auto" else "reference")
    assert_same_network(expected, found)


@settings(max_examples=25, deadline=None)
@given(problems(), OPTIONS, solvers())
def test_calls_of_partial_fit_add_up_to_scikit_learns(problem, options, solver):
    kind, X, y, loss = problem
    assume(kind != "classes" or y.ndim == 1)  # scikit-learn's cannot take several labels
    options = {**options, **solver, **loss, "early_stopping": False}
    theirs, ours = (cls(**options) for cls in PAIRS[kind])
    found = ours.set_params(dtype="float64")
    classes = np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])
    first = {"classes": classes} if kind == "classes" else {}
    near = clone(theirs)
    for rows in (slice(None), slice(0, 9), slice(5, None), slice(0, 9)):
        given = {"X": X[rows], "y": y[rows], **first}
        assume_tame(lambda network, given=given: network.partial_fit(**given), theirs)
        near.partial_fit(**given | {"X": X[rows] * NEAR_1})
        found.partial_fit(**given)
        first = {}
    assume_conditioned(theirs, near)
    assert_same_network(theirs, found)


@settings(max_examples=25, deadline=None)
@given(problems(), OPTIONS, solvers())
def test_warm_starts_go_on_as_scikit_learns(problem, options, solver):
    kind, X, y, loss = problem
    theirs, ours = (cls(**{**options, **solver, **loss}, warm_start=True) for cls in PAIRS[kind])
    found = ours.set_params(dtype="float64")
    near = clone(theirs)
    for _ in range(3):
        assume_tame(lambda network: network.fit(X, y), theirs)
        near.fit(X * NEAR_1, y)
        found.fit(X, y)
    assume_conditioned(theirs, near)
    assert_same_network(theirs, found)


@pytest.mark.parametrize("kind", PAIRS)
def test_float32_follows_within_its_rounding(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 8))
    y = X[:, 0] - X[:, 1] > 0 if kind == "classes" else X[:, 0] - X[:, 1]
    options = {"random_state": 1, "max_iter": 20, "hidden_layer_sizes": (30, 10)}
    expected, found = both(kind, X, y, options, dtype="float32")
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-5)
    assert found.coefs_[0].dtype == np.float64


def test_lbfgs_finds_as_good_a_minimum():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 4)), rng.integers(0, 3, 80)
    options = {"solver": "lbfgs", "alpha": 0.1, "random_state": 0, "max_iter": 2000, "tol": 1e-6}
    options["hidden_layer_sizes"] = (20,)
    expected, found = both("classes", X, y, {**options, "activation": "tanh"})
    assert found.loss_ <= expected.loss_ * 1.05
    assert found.n_iter_ == len(found.loss_curve_)
    assert np.all(np.diff(found.loss_curve_) <= 0)
