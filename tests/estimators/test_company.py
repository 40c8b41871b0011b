"""In company: pipelines, searches, workers, routed metadata, sparse matrices, tables."""

import warnings
from inspect import signature

import numpy as np
import pandas
import polars
import pytest
import sklearn
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier as TheirClassifier, MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor
from chainrule.functions import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = (X @ rng.normal(size=4) > 0).astype(int)
SHORT = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0}


@pytest.mark.parametrize("pair", [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_parameters_are_scikit_learns_and_keywords_of_ours(pair):
    ours, theirs = (signature(kind).parameters for kind in pair)
    names = list(theirs)
    assert list(ours)[: len(names)] == names
    for name in names:
        assert ours[name].default == theirs[name].default, name
        assert ours[name].kind == theirs[name].kind, name
    assert all(ours[name].kind.name == "KEYWORD_ONLY" for name in list(ours)[len(names) :])


@pytest.mark.parametrize("pair", [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_fitted_attributes_are_scikit_learns(pair, solver):
    ours, theirs = (set(vars(kind(**SHORT, solver=solver).fit(X, y))) for kind in pair)
    assert {name for name in theirs if name.endswith("_")} <= ours


WRONG = [
    {"hidden_layer_sizes": -1},
    {"hidden_layer_sizes": (3, 0)},
    {"solver": "newton"},
    {"alpha": -1.0},
    {"alpha": "none"},
    {"batch_size": 0},
    {"learning_rate": "slow"},
    {"learning_rate_init": 0.0},
    {"max_iter": 0},
    {"shuffle": "yes"},
    {"tol": -0.1},
    {"momentum": 1.5},
    {"validation_fraction": 1.0},
    {"beta_1": 1.0},
    {"epsilon": 0.0},
    {"n_iter_no_change": 0},
    {"activation": "step"},
    {"random_state": "seed"},
    {"early_stopping": True, "validation_fraction": 0.001},
]


@pytest.mark.parametrize("parameters", WRONG, ids=str)
@pytest.mark.parametrize("pair", [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_the_same_mistakes_are_the_same_errors(parameters, pair):
    errors = []
    for kind in pair:
        with pytest.raises(ValueError) as caught:
            kind(**parameters).fit(X, y)
        errors.append(caught.value)
    ours, theirs = errors
    assert type(ours) is type(theirs)
    assert str(ours)[:40] == str(theirs)[:40]


DATA = {
    "lengths": (X, y[:-1], None),
    "missing": (np.where(X > 2, np.nan, X), y, None),
    "one row": (X[0], y[:1], None),
    "no rows": (X[:0], y[:0], None),
    "three axes": (X[None], y, None),
    "no y": (X, None, None),
    "words": (np.full((60, 4), "word"), y, None),
    "weights of others": (X, y, np.ones(59)),
    "weights that are none": (X, y, np.full(60, np.nan)),
}


@pytest.mark.parametrize("what", DATA)
@pytest.mark.parametrize("pair", [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_wrong_data_are_the_same_errors(what, pair):
    messages = []
    for kind in pair:
        with pytest.raises(ValueError) as caught:
            kind(**SHORT).fit(DATA[what][0], DATA[what][1], DATA[what][2])
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("pair", [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_wrong_data_after_fitting_are_the_same_errors(pair):
    fitted = [kind(**SHORT).fit(X, y) for kind in pair]
    for call in (
        lambda m: m.predict(X[:, :2]),
        lambda m: m.score(X, y[:-1]),
        lambda m: m.partial_fit(X[:, :2], y),
        lambda m: type(m)().predict(X),
    ):
        messages = []
        for model in fitted:
            with pytest.raises(ValueError) as caught:
                call(model)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]


@pytest.mark.parametrize("container", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_data_give_the_dense_network(container, solver):
    dense = np.where(np.abs(X) > 0.7, X, 0.0)
    thin = getattr(sparse, container)(dense)
    options = {**SHORT, "solver": solver, "batch_size": 16}
    expected = MLPClassifier(**options).fit(dense, y)
    found = MLPClassifier(**options).fit(thin, y)
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.predict_proba(thin), expected.predict_proba(dense), rtol=1e-9)
    early = MLPRegressor(**SHORT, early_stopping=True).fit(thin, y)
    assert early.jacobian(thin[:2]).shape == (2, 1, 4)
    assert early.input_gradient(thin, y).shape == X.shape


@pytest.mark.parametrize("jobs", [None, 2])
def test_a_grid_search_over_our_parameters(jobs):
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=5, random_state=0))
    grid = {"mlpclassifier__dropout": [0.0, 0.3], "mlpclassifier__solver": ["adam", "lbfgs"]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=jobs, error_score="raise").fit(X, y)
    alone = cross_val_score(pipeline.set_params(**search.best_params_), X, y, cv=2).mean()
    assert search.best_score_ == alone


def test_weights_are_routed():
    weights = np.linspace(0.1, 3, 60)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**SHORT).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        params = {"sample_weight": weights}
        search = cross_validate(model, X, y, cv=2, params=params, return_estimator=True)
        both = MultiOutputClassifier(model).fit(X, np.c_[y, 1 - y], sample_weight=weights)
    unweighted = cross_validate(model, X, y, cv=2, return_estimator=True)
    pairs = zip(search["estimator"], unweighted["estimator"], strict=True)
    assert not any(np.array_equal(one.coefs_[0], other.coefs_[0]) for one, other in pairs)
    direct = MLPClassifier(**SHORT).fit(X, y, weights)
    np.testing.assert_array_equal(both.estimators_[0].coefs_[0], direct.coefs_[0])


@pytest.mark.parametrize("frames", [pandas, polars])
def test_tables_and_names_of_features(frames):
    names = ["a", "b", "c", "d"]
    table = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        scored = MLPClassifier(**SHORT, early_stopping=True, scoring="roc_auc")
        scored.fit(table, y)
    model = MLPClassifier(**SHORT, early_stopping=True).fit(table, y)
    assert model.feature_names_in_.tolist() == names
    np.testing.assert_array_equal(model.predict(table), model.predict(table))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


def test_every_elementwise_function_is_an_activation():
    for name in ACTIVATIONS:
        model = MLPClassifier(**{**SHORT, "max_iter": 1}, activation=name).fit(X, y)
        assert type(model.chain_.functions[1]).__name__.lower() == name


def test_a_report_of_itself():
    assert repr(MLPClassifier((5,), dropout=0.1)) == (
        "MLPClassifier(dropout=0.1, hidden_layer_sizes=(5,))"
    )
    assert "MLPClassifier" in MLPClassifier()._repr_html_()
