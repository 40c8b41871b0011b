"""Files of estimators at the command line: shown, drawn and checked like those of train."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from chainrule import (
    Chain,
    Classifier,
    Conv2d,
    Flatten,
    Linear,
    MLPClassifier,
    ReLU,
    Softmax,
)
from cli.runs import chainrule
from cli.test_output import golden
from files.saved_networks import NETWORKS, fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris()
SPECIES = IRIS.target_names[IRIS.target]
DIGITS = load_digits()
IMAGES = DIGITS.images[:100] / 16


def saved(model, path):
    model.save(path)
    return path


def iris(**parameters):
    options = {"max_iter": 4, "random_state": 0} | parameters
    return MLPClassifier((7,), **options).fit(IRIS.data, SPECIES)


def with_names(model, names):
    model.inputs_ = replace(model.inputs_, names=tuple(names))
    return model


def test_an_estimator_is_shown(tmp_path):
    model = iris(early_stopping=True)
    run = chainrule("show", saved(model, tmp_path / "m"))
    assert (run.code, run.err) == (0, "")
    lines = [line.rstrip() for line in run.out.splitlines()]
    assert lines[:8] == golden("""
Softmax(Linear(W1, b1; ReLU(Linear(W0, b0; x))))

   function   output  parameters       count
0  Linear(7)  7       W0 4 × 7, b0 7      35
1  ReLU()     7
2  Linear(3)  3       W1 7 × 3, b1 3      24
3  Softmax()  3
                      in all, float64     59
""")
    assert "    backprop    dX[n,i] = dY[n,o] W[i,o]" in lines
    assert "CrossEntropy" in lines
    assert lines[-2:] == [
        "MLPClassifier predicts one of 3 classes: setosa, versicolor, virginica",
        f"trained for 4 epochs by adam, last loss {model.loss_:.4g}, "
        f"best validation accuracy {model.best_validation_score_:.4f}",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two", "Classifier predicts one of two classes: False, True"),
        ("counts", "MLPRegressor predicts a number"),
        ("numbers", "Regressor predicts 2 numbers"),
    ],
)
def test_what_an_estimator_predicts_is_told(tmp_path, name, line):
    assert line in chainrule("show", saved(fitted(name)[0], tmp_path / "m")).out


def test_labels_of_which_any_may_hold_are_told(tmp_path):
    held = np.c_[IRIS.target == 0, IRIS.target > 0, IRIS.data[:, 0] > 5].astype(int)
    model = MLPClassifier((3,), max_iter=2, random_state=0).fit(IRIS.data, held)
    path = saved(model, tmp_path / "m")
    assert "predicts any of 3 labels: 0, 1, 2\n" in chainrule("show", path).out
    assert chainrule("show", path, "--json").json["task"] == "multilabel"
    assert chainrule("check", path, "--entries", 4).code == 0


def test_one_class_and_many_are_told(tmp_path):
    alone = MLPClassifier((3,), max_iter=1).fit(IRIS.data, ["only"] * 150)
    path = saved(alone, tmp_path / "m")
    assert "predicts the one class: only\n" in chainrule("show", path).out
    assert chainrule("check", path, "--entries", 4).code == 0
    many = MLPClassifier((3,), max_iter=1).fit(IRIS.data, np.arange(150) % 15)
    shown = chainrule("show", saved(many, tmp_path / "m")).out
    assert "one of 15 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …\n" in shown


def test_iterations_of_lbfgs_are_no_epochs(tmp_path):
    model = iris(solver="lbfgs")
    shown = chainrule("show", saved(model, tmp_path / "m")).out
    assert shown.endswith(f"trained for 4 iterations by lbfgs, last loss {model.loss_:.4g}\n")


def test_an_estimator_is_shown_to_programs(tmp_path):
    model = iris(early_stopping=True)
    told = chainrule("show", saved(model, tmp_path / "m"), "--json").json
    assert (told["estimator"], told["task"]) == ("MLPClassifier", "multiclass")
    assert told["classes"] == ["setosa", "versicolor", "virginica"]
    assert "target" not in told
    assert (told["input_shape"], told["parameters"], told["dtype"]) == ([4], 59, "float64")
    training = told["training"]
    assert (training["epochs"], training["solver"], training["seed"]) == (4, "adam", 0)
    assert training["loss"] == model.loss_
    assert training["best_validation_score"] == model.best_validation_score_
    assert training["history"] == {
        "loss": model.loss_curve_,
        "validation_loss": model.validation_loss_curve_,
        "validation_score": model.validation_scores_,
        "score": "accuracy",
        "kept": int(np.argmax(model.validation_scores_)) + 1,
    }


def test_the_best_score_is_told_without_early_stopping_too(tmp_path):
    model = MLPClassifier((7,), max_iter=4, random_state=0)
    model.fit(IRIS.data, SPECIES, X_val=IRIS.data[::7], y_val=SPECIES[::7])
    best = max(model.validation_scores_)
    path = saved(model, tmp_path / "m")
    assert f"best validation accuracy {best:.4f}\n" in chainrule("show", path).out
    model.validation_scores_, model.best_validation_score_ = [], 0.25
    assert "best validation score 0.2500\n" in chainrule("show", saved(model, path)).out
    model.best_validation_score_ = -math.inf
    assert "best" not in chainrule("show", saved(model, path)).out.splitlines()[-1]


def test_numbers_that_are_not_finite_are_null_for_programs(tmp_path):
    model = iris()
    model.loss_curve_ = [1.0, math.nan, math.inf]
    run = chainrule("show", saved(model, tmp_path / "m"), "--json")
    told = json.loads(run.out, parse_constant=pytest.fail)
    assert told["training"]["history"]["loss"] == [1.0, None, None]
    assert told["training"]["loss"] is None


@pytest.mark.parametrize("name", NETWORKS)
def test_every_estimator_is_shown_checked_and_drawn(name, tmp_path):
    path = saved(fitted(name)[0], tmp_path / "m")
    assert chainrule("show", path, "--latex").code == 0
    assert chainrule("check", path, "--entries", 3, "--json").json["passed"]
    assert chainrule("plot", path, "-o", tmp_path / "p.svg").code == 0


def picture(path, *options):
    output = path.with_name("p.svg")
    run = chainrule("plot", path, "-o", output, "--force", *options)
    assert run.code == 0, run.err
    return output.read_text()


def test_curves_of_an_estimator_are_drawn(tmp_path):
    model = iris(early_stopping=True, scoring="balanced_accuracy", learning_rate_init=0.05)
    text = picture(saved(model, tmp_path / "m"), "--part", "curve")
    kept = int(np.argmax(model.validation_scores_)) + 1
    for words in ("loss", "validation", "balanced_accuracy", f"kept: epoch {kept}"):
        assert words in text
    assert "validation" not in picture(saved(iris(), tmp_path / "m"), "--part", "curve")


def test_weights_have_the_names_of_an_estimator_s_features(tmp_path):
    model = with_names(iris(), IRIS.feature_names)
    text = picture(saved(model, tmp_path / "m"), "--part", "weights")
    assert "petal length (cm)" in text
    assert "input 3" in picture(saved(iris(), tmp_path / "m"), "--part", "weights")


def test_rows_of_pixels_are_images_only_where_their_names_say_so(tmp_path):
    model = MLPClassifier((5,), max_iter=2, random_state=0).fit(DIGITS.data, DIGITS.target)
    bare = picture(saved(model, tmp_path / "m"))
    assert "weights of Linear(5), of the 40 longest among 64 features" in bare
    assert "input 36" in bare
    named = picture(saved(with_names(model, DIGITS.feature_names), tmp_path / "m"))
    assert "weights of Linear(5)" in named
    for word in ("features", "input 36", "pixel"):
        assert word not in named


@pytest.mark.parametrize(
    ("functions", "words"),
    [
        ([Conv2d(4, 3), ReLU(), Flatten()], "weights of Conv2d(4)"),
        ([Flatten(), Linear(6), ReLU()], "weights of Linear(6)"),
    ],
)
def test_weights_for_images_are_drawn_as_images(tmp_path, functions, words):
    chain = Chain(*functions, Linear(10), Softmax())
    model = Classifier(chain, max_iter=1, random_state=0).fit(IMAGES, DIGITS.target[:100])
    text = picture(saved(model, tmp_path / "m"), "--part", "weights")
    assert words in text
    assert "input 1" not in text


def test_an_estimator_without_a_whole_epoch_has_no_curve(tmp_path):
    model = iris()
    model.loss_curve_ = []
    path = saved(model, tmp_path / "m")
    error = chainrule("plot", path, "-o", tmp_path / "p.png", "--part", "curve").error
    assert error == "this model has no learning curve: it was not trained for a whole epoch"
    assert error in chainrule("plot", path, "-o", tmp_path / "p.png").err
