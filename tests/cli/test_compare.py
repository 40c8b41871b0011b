"""Two libraries on the same folds: figures, order, errors and interruption."""

import warnings

import numpy as np
import pytest
import sklearn
from scipy import special
from sklearn.neural_network import MLPClassifier

import chainrule as package
from chainrule import __version__
from chainrule.cli.comparing import _logits
from cli.runs import chainrule, house_rows, written
from cli.test_images import digits as idx_files, pictures


@pytest.fixture(scope="module")
def iris():
    return chainrule("compare", "iris", "--folds", 3, "-e", 4, "--layers", "7", "--json").json


def test_each_library_fits_each_fold_by_turns(iris):
    order = [(fit["fold"], fit["library"]) for fit in iris["fits"]]
    ours, theirs = "chainrule", "scikit-learn"
    assert order == [(1, ours), (1, theirs), (2, theirs), (2, ours), (3, ours), (3, theirs)]
    assert iris["versions"]["chainrule"] == __version__
    assert iris["versions"]["scikit-learn"] == sklearn.__version__
    assert iris["parameters"]["hidden_layer_sizes"] == [7]
    assert all(fit["epochs"] == 4 for fit in iris["fits"])


def test_equal_seeds_and_parameters_give_equal_scores(iris):
    for fold in (1, 2, 3):
        ours, theirs = (fit["scores"] for fit in iris["fits"] if fit["fold"] == fold)
        assert ours == pytest.approx(theirs, rel=1e-3)


def test_the_summary_is_that_of_the_fits(iris):
    for library in ("chainrule", "scikit-learn"):
        values = [fit["scores"]["log loss"] for fit in iris["fits"] if fit["library"] == library]
        told = iris["summary"]["log loss"][library]
        assert told["mean"] == pytest.approx(np.mean(values))
        assert told["deviation"] == pytest.approx(np.std(values, ddof=1))
    assert set(iris["summary"]) == {"accuracy", "log loss", "fit, seconds", "epochs"}


def test_people_get_a_table(tmp_path):
    path = written(tmp_path / "houses.csv", house_rows())
    run = chainrule(
        "compare", path, "-t", "price", "--folds", 2, "-e", 3, "--optimizer", "momentum"
    )
    header, *rows = run.out.splitlines()
    assert header.split("  ")[0] == "mean ± deviation of 2 folds"
    assert f"chainrule {__version__}" in header
    assert f"scikit-learn {sklearn.__version__}" in header
    names = [row.split("  ")[0] for row in rows]
    assert names == [
        "R²",
        "mean absolute error",
        "root mean squared error",
        "fit, seconds",
        "epochs",
    ]
    assert "solver='sgd'" in run.err
    assert "momentum=0.9, nesterovs_momentum=False" in run.err
    assert "scikit-learn's fit uses the threads of NumPy's" in run.err


@pytest.mark.parametrize("kind", ["folders", "IDX"])
def test_images_are_compared_as_rows_of_pixels(tmp_path, kind):
    data = pictures(tmp_path / "pets") if kind == "folders" else idx_files(tmp_path / "mnist")
    told = chainrule("compare", data, "--folds", 2, "-e", 2, "--json").json
    assert len(told["fits"]) == 4
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
    assert run.err == "interrupted before both had fitted a fold\n"


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
    assert error.startswith("chainrule: Solver produced non-finite parameter weights")


def test_repeats_cut_the_data_in_other_ways():
    arguments = ("compare", "iris", "--folds", 2, "--layers", "7", "-e", 40, "--json")
    once, twice = (chainrule(*arguments, "--repeats", count).json for count in (1, 2))
    assert (once["folds"], twice["folds"]) == (2, 4)
    scores = [fit["scores"]["log loss"] for fit in twice["fits"] if fit["library"] == "chainrule"]
    assert len(set(scores)) == 4
    first = [fit["scores"]["log loss"] for fit in once["fits"] if fit["library"] == "chainrule"]
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
    Z = _logits(model, X)
    own = special.softmax(Z, axis=1) if classes == 3 else special.expit(Z)
    np.testing.assert_allclose(own, P if classes == 3 else P[:, 1:], rtol=1e-6)


def test_f1_names_its_class(tmp_path):
    rows = [[*row[:2], "xy"[k % 2], row[3]] for k, row in enumerate(house_rows())]
    path = written(tmp_path / "houses.csv", rows)
    arguments = ("compare", path, "-t", "kind", "--folds", 2, "-e", 2)
    assert "\nF1 of 'y' " in chainrule(*arguments).out
    assert chainrule(*arguments, "--json").json["positive"] == "y"


def test_lbfgs_is_in_both():
    told = chainrule("compare", "iris", "--folds", 2, "--optimizer", "lbfgs", "--json").json
    assert told["parameters"]["solver"] == "lbfgs"
    assert "learning_rate_init" not in told["parameters"]
    accuracies = told["summary"]["accuracy"]
    assert all(accuracies[library]["mean"] > 0.9 for library in ("chainrule", "scikit-learn"))
