"""Two libraries on the same folds: figures, order, errors and interruption."""

import re
import warnings
from functools import partial

import numpy as np
import pytest
import sklearn
from scipy import special
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier

import chainrule as package
from chainrule import __version__
from chainrule.cli import contestants
from chainrule.cli.comparing import Comparison
from chainrule.cli.comparisons import comparison_json, comparison_table, verdict
from chainrule.cli.contestants import Fit, Perceptron
from cli.runs import chainrule, house_rows, written
from cli.test_images import digits as idx_files, pictures


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Let the ensemble and boosting be small: how well they learn is tested elsewhere."""
    ours = contestants.table_estimator

    def small(*arguments):
        return ours(*arguments).set_params(members=2, hidden_layer_sizes=[8], max_iter=12)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contestants, "table_estimator", small)
        for kind in (HistGradientBoostingClassifier, HistGradientBoostingRegressor):
            patch.setattr(f"sklearn.ensemble.{kind.__name__}", partial(kind, max_iter=4))
        yield


@pytest.fixture(scope="module")
def iris():
    return chainrule("compare", "iris", "--folds", 3, "-e", 4, "--layers", "7", "--json").json


MLPS = ("chainrule's MLP", "scikit-learn's MLP")
MODELS = ["chainrule", *MLPS, "logistic regression", "HistGradientBoosting"]


def test_each_model_fits_each_fold_by_turns(iris):
    order = [(fit["fold"], fit["model"]) for fit in iris["fits"]]
    turns = [MODELS[fold:] + MODELS[:fold] for fold in range(3)]
    assert order == [(fold, model) for fold, turn in enumerate(turns, 1) for model in turn]
    assert iris["models"] == MODELS
    assert iris["versions"]["chainrule"] == __version__
    assert iris["versions"]["scikit-learn"] == sklearn.__version__
    assert iris["parameters"]["hidden_layer_sizes"] == [7]
    epochs = {fit["model"]: fit["epochs"] for fit in iris["fits"]}
    assert [epochs[model] for model in MODELS[1:]] == [4, 4, None, None]
    assert epochs["chainrule"] > 4


def test_equal_seeds_and_parameters_give_equal_scores(iris):
    for fold in (1, 2, 3):
        ours, theirs = (
            fit["scores"]
            for fit in iris["fits"]
            if fit["fold"] == fold and fit["model"] in MLPS
        )
        assert ours == pytest.approx(theirs, rel=1e-3)


def test_the_summary_is_that_of_the_fits(iris):
    for model in MODELS:
        values = [fit["scores"]["log loss"] for fit in iris["fits"] if fit["model"] == model]
        told = iris["summary"]["log loss"][model]
        assert told["mean"] == pytest.approx(np.mean(values))
        assert told["deviation"] == pytest.approx(np.std(values, ddof=1))
    assert set(iris["summary"]) == {"accuracy", "log loss", "fit, seconds", "epochs"}


def test_people_get_a_table(tmp_path):
    path = written(tmp_path / "houses.csv", house_rows())
    run = chainrule(
        "compare", path, "-t", "price", "--folds", 2, "-e", 3, "--optimizer", "momentum"
    )
    header, *rows = (re.split("  +", line.strip()) for line in run.out.splitlines())
    assert header == [
        "mean ± deviation of 2 folds",
        "R²",
        "mean absolute error",
        "root mean squared error",
        "fit, seconds",
        "epochs",
    ]
    models = ["chainrule", *MLPS, "ridge regression", "HistGradientBoosting"]
    assert [row[0] for row in rows] == models
    assert [len(row) for row in rows] == [6, 6, 6, 5, 5]
    assert "ridge regression won: its root mean squared error is lower, " in run.err
    assert re.search(r"\nchainrule's MLP trains [\d.]+ times (fast|slow)er than sci", run.err)
    assert "solver='sgd'" in run.err
    assert "momentum=0.9, nesterovs_momentum=False" in run.err
    assert "scikit-learn's fit uses the threads of NumPy's" in run.err


@pytest.mark.parametrize("kind", ["folders", "IDX"])
def test_images_are_compared_as_rows_of_pixels(tmp_path, kind):
    data = pictures(tmp_path / "pets") if kind == "folders" else idx_files(tmp_path / "mnist")
    told = chainrule("compare", data, "--folds", 2, "-e", 2, "--json").json
    assert [fit["model"] for fit in told["fits"]] == [*MLPS, *MLPS[::-1]]
    assert told["parameters"]["hidden_layer_sizes"] == [256, 128]


def test_an_interrupted_comparison_tells_what_is_known(monkeypatch):
    fit, count = MLPClassifier.fit, [0]

    def fit_thrice(self, X, y):
        count[0] += 1
        if count[0] == 4:  # one before the clock runs, then one a fold
            raise KeyboardInterrupt
        return fit(self, X, y)

    monkeypatch.setattr(MLPClassifier, "fit", fit_thrice)
    run = chainrule("compare", "iris", "--folds", 5, "-e", 2)
    assert run.code == 0
    assert run.out.startswith("mean ± deviation of 2 folds")
    assert "interrupted after 2 of 5 folds\n" in run.err


def test_ctrl_c_that_scikit_learn_makes_a_warning_of_ends_the_comparison(monkeypatch):
    def interrupted(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_backprop", interrupted)
    run = chainrule("compare", "iris", "--folds", 2, "-e", 2)
    assert (run.code, run.out) == (130, "")
    assert run.err == "interrupted before all had fitted a fold\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--folds", 1), "--folds: expected a number from 2 to 100, got 1"),
        (("--repeats", 0), "--repeats: expected a number from 1 to 100, got 0"),
        (("--folds", 100), "iris: expected two rows or more for each of 100 folds, got 150 in all"),
        (("--activation", "gelu"), "--activation: expected one of relu, tanh, sigmoid, identity, "),
        (("--optimizer", "rmsprop"), "--optimizer: expected one of adam, sgd, momentum, nesterov"),
        (("-t", "colour"), "no column 'colour' among 'sepal length (cm)'"),
        (("--epochs", 0), "--epochs: expected a number >= 1, got 0"),
    ],
)
def test_an_option_without_sense_is_named(options, message):
    assert message in chainrule("compare", "iris", *options).error


def test_a_class_with_one_row_is_named(tmp_path):
    rows = house_rows()
    rows[4][2] = "castle"
    path = written(tmp_path / "houses.csv", rows)
    error = chainrule("compare", path, "-t", "kind", "--folds", 3).error
    assert error.endswith("of each class, in different folds, got too few of 'castle'")


def test_a_library_that_cannot_fit_is_named():
    error = chainrule("compare", "diabetes", "--optimizer", "sgd", "-l", 1e30, "-e", 3).error
    assert error.startswith("chainrule's MLP, fold 1: Solver produced non-finite parameter weights")


def test_repeats_cut_the_data_in_other_ways():
    arguments = ("compare", "iris", "--folds", 2, "--layers", "7", "-e", 9, "--json")
    once, twice = (chainrule(*arguments, "--repeats", count).json for count in (1, 2))
    assert (once["folds"], twice["folds"]) == (2, 4)
    scores = [fit["scores"]["log loss"] for fit in twice["fits"] if fit["model"] == MLPS[0]]
    assert len(set(scores)) == 4
    first = [fit["scores"]["log loss"] for fit in once["fits"] if fit["model"] == MLPS[0]]
    assert scores[:2] == first


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", [package.MLPClassifier, MLPClassifier])
def test_logits_are_what_the_probabilities_are_made_of(kind, classes, activation):
    X = np.random.default_rng(0).normal(size=(30, 4))
    model = kind(hidden_layer_sizes=(5, 3), activation=activation, max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        P = model.fit(X, np.arange(30) % classes).predict_proba(X)
    Z = Perceptron("MLP", {}).logits(model, X)
    own = special.softmax(Z, axis=1) if classes == 3 else special.expit(Z)
    np.testing.assert_allclose(own, P if classes == 3 else P[:, 1:], rtol=1e-6)


def test_f1_names_its_class(tmp_path):
    rows = [[*row[:2], "xy"[k % 2], row[3]] for k, row in enumerate(house_rows())]
    path = written(tmp_path / "houses.csv", rows)
    arguments = ("compare", path, "-t", "kind", "--folds", 2, "-e", 2)
    assert "  F1 of 'y'  " in chainrule(*arguments).out
    assert chainrule(*arguments, "--json").json["positive"] == "y"


def test_lbfgs_is_in_both():
    options = "--optimizer", "lbfgs", "--layers", "16"
    told = chainrule("compare", "iris", "--folds", 2, *options, "--json").json
    assert told["parameters"]["solver"] == "lbfgs"
    assert "learning_rate_init" not in told["parameters"]
    accuracies = told["summary"]["accuracy"]
    assert all(accuracies[model]["mean"] > 0.9 for model in MLPS)


def compared(task, name, scores):
    fits = [
        Fit(model, fold, {name: value}, 0.1)
        for model, values in scores.items()
        for fold, value in enumerate(values, 1)
    ]
    folds = max(map(len, scores.values()))
    return Comparison("y", task, tuple(scores), folds, {}, {}, (), fits)


@pytest.mark.parametrize(
    ("task", "name", "scores", "winner", "sentence"),
    [
        (
            "binary",
            "accuracy",
            {"a": [0.9, 0.8], "b": [0.8, 0.71], "c": [0.5, 0.5]},
            "a",
            "a won: its accuracy is higher, 0.8500 to b's 0.7550; the difference, 0.0950, is "
            "larger than its deviation over 2 folds, 0.0071",
        ),
        (
            "multiclass",
            "accuracy",
            {"a": [0.9, 0.8], "b": [0.8, 0.89]},
            None,
            "no clear winner: a's accuracy is higher, 0.8500 to b's 0.8450, but the difference, "
            "0.0050, is within its deviation over 2 folds, 0.1344",
        ),
        (
            "regression",
            "root mean squared error",
            {"a": [5000.0, 4000.0], "b": [4000.0, 3100.0]},
            "b",
            "b won: its root mean squared error is lower, 3,550.0 to a's 4,500.0; the difference, "
            "950.0000, is larger than its deviation over 2 folds, 70.7107",
        ),
        (
            "regression",
            "root mean squared error",
            {"a": [5e-6, 4e-6], "b": [4e-6, 3.1e-6]},
            "b",
            "b won: its root mean squared error is lower, 3.55e-06 to a's 4.5e-06; the difference, "
            "9.5e-07, is larger than its deviation over 2 folds, 7.071e-08",
        ),
        (
            "binary",
            "accuracy",
            {"a": [1.0], "b": [0.5]},
            None,
            "no clear winner: a's accuracy is higher, 1.0000 to b's 0.5000, but one fold says "
            "nothing of how it varies",
        ),
        (
            "binary",
            "accuracy",
            {"a": [1.0, 1.0], "b": [1.0, 1.0]},
            None,
            "no clear winner: a and b have the same accuracy, 1.0000",
        ),
    ],
)
def test_who_won_is_said_with_the_spread(task, name, scores, winner, sentence):
    won = verdict(compared(task, name, scores))
    assert (won.score, won.winner, won.sentence) == (name, winner, sentence)


def test_small_and_large_scores_keep_their_digits():
    found = compared("regression", "root mean squared error", {"a": [1e-6, 3e-6], "b": [2e9, 4e9]})
    column = comparison_table(found).columns[1]
    assert list(column.cells) == ["2e-06 ± 1.4e-06", "3e+09 ± 1.4e+09"]


def test_deviations_of_numbers_of_any_size():
    scores = {"a": [3e300, 5e300], "b": [3e-300, 5e-300]}
    told = comparison_json(compared("regression", "mean absolute error", scores))
    found = told["summary"]["mean absolute error"]
    assert found["a"]["deviation"] == pytest.approx(2**0.5 * 1e300, rel=1e-12)
    assert found["b"]["deviation"] == pytest.approx(2**0.5 * 1e-300, rel=1e-12)


def test_nobody_has_won_where_no_fold_is_whole():
    comparison = compared("binary", "accuracy", {"a": [1.0], "b": []})
    assert verdict(comparison) is None


def test_boosting_gets_categories_and_missing_cells_as_they_are(tmp_path, monkeypatch):
    rows = [["" if k % 9 == 4 else row[0], *row[1:]] for k, row in enumerate(house_rows())]
    seen = []

    class Boosting(HistGradientBoostingRegressor):
        def fit(self, X, y):
            seen.append((X, self.categorical_features))
            return self.set_params(max_iter=4) and super().fit(X, y)

    monkeypatch.setattr("sklearn.ensemble.HistGradientBoostingRegressor", Boosting)
    path = written(tmp_path / "houses.csv", rows)
    assert chainrule("compare", path, "-t", "price", "--folds", 2, "-e", 1).code == 0
    X, categorical = seen[-1]
    assert categorical == [False, False, True]
    assert 0 < np.isnan(X[:, 0]).sum() < 9
    assert not np.isnan(X[:, 1:]).any()
    assert set(X[:, 2]) == {0, 1, 2}


def test_groups_and_dropped_columns_count_in_folds(tmp_path):
    rows = [[f"street {k % 8}", *row] for k, row in enumerate(house_rows())]
    path = written(tmp_path / "houses.csv", rows, "street,rooms,area,kind,price")
    arguments = ("compare", path, "-t", "price", "--folds", 2, "-e", 1)
    told = chainrule(*arguments, "--group", "street", "--drop", "kind", "--json").json
    assert told["folds"] == 2
    assert "--group: no column 'x' among" in chainrule(*arguments, "--group", "x").error
