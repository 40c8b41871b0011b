"""A score that is no number, or fails, never loses the training."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from chainrule import Chain, Classifier, Linear, MLPClassifier, MLPRegressor, Regressor, ReLU
from chainrule.pictures import LearningCurveDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
NUMBERS, CLASSES = X[:, 0], np.arange(60) % 3
OPTIONS = {"max_iter": 6, "random_state": 0}
REGRESSORS = [
    MLPRegressor(hidden_layer_sizes=(5,), **OPTIONS),
    Regressor(Chain(Linear(5), ReLU(), Linear(1)), **OPTIONS),
]
CLASSIFIERS = [
    MLPClassifier((5,), **OPTIONS),
    Classifier(Chain(Linear(5), ReLU()), complete=True, **OPTIONS),
]
SOLVERS = ["adam", "lbfgs"]
by_name = {"ids": lambda model: type(model).__name__}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"scoring": "r2"},
        {"scoring": "loss"},
        {"early_stopping": True},
        {"scoring": "loss", "early_stopping": True},
        {"engine": "reference", "early_stopping": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("model", REGRESSORS, **by_name)
def test_r_squared_of_one_sample_is_nan_and_said(model, solver, parameters):
    model = clone(model).set_params(solver=solver, **parameters)
    with pytest.warns(UserWarning, match="R² needs two samples, and the validation set has one"):
        model.fit(X[1:], NUMBERS[1:], X_val=X[:1], y_val=NUMBERS[:1])
    losses = model.validation_loss_curve_
    assert np.isfinite(losses).all()
    assert len(losses) == len(model.validation_scores_) == model.n_iter_
    assert np.isnan(model.validation_scores_).all()
    best = int(np.argmin(losses)) if "early_stopping" in parameters else len(losses) - 1
    assert model.history_.kept == best + 1
    loss = (model.predict(X[:1]) - NUMBERS[:1]) ** 2 / 2
    assert loss == pytest.approx(losses[best], rel=1e-4)
    if "early_stopping" in parameters:
        pytest.importorskip("matplotlib")
        assert LearningCurveDisplay.from_estimator(model).kept == best + 1


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("model", CLASSIFIERS, **by_name)
def test_one_sample_has_an_accuracy(model, solver):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        model = clone(model).set_params(solver=solver, early_stopping=True)
        model.fit(X[1:], CLASSES[1:], X_val=X[:1], y_val=CLASSES[:1])
    assert set(model.validation_scores_) <= {0.0, 1.0}
    assert not [each for each in caught if "NaN" in str(each.message)]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("model", REGRESSORS, **by_name)
def test_equal_answers_in_the_validation_set_have_an_r_squared(model, solver):
    model = clone(model).set_params(solver=solver, early_stopping=True)
    model.fit(X, NUMBERS, X_val=X[:5], y_val=np.full(5, 2.0))
    assert set(model.validation_scores_) == {0.0}  # as scikit-learn's r2_score has it
    assert np.isfinite(model.validation_loss_curve_).all()


class Failing:
    """A scorer that works until an epoch comes: then it returns or raises something."""

    def __init__(self, last, what):
        self.last, self.what, self.calls = last, what, 0

    def __call__(self, estimator, X, y):
        self.calls += 1
        if self.calls <= self.last:
            return 1.0 + self.calls
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], **by_name)
@pytest.mark.parametrize(
    ("what", "said"),
    [
        (np.nan, "scoring: the validation score is NaN in 3 of 6 epochs, the first.* epoch 4"),
        (ZeroDivisionError("none left"), r"NaN in 3 of 6 epochs.*; ZeroDivisionError: none left"),
        ("a word", "NaN in 3 of 6 epochs.*; ValueError: expected a number from scoring, got 'a w"),
    ],
    ids=["nan", "raises", "word"],
)
def test_a_score_that_fails_late_keeps_the_training(model, solver, early, what, said):
    t = NUMBERS if model in REGRESSORS else CLASSES
    model = clone(model).set_params(solver=solver, early_stopping=early, scoring=Failing(3, what))
    with pytest.warns(UserWarning, match=said):
        model.fit(X, t, X_val=X[:9], y_val=t[:9])
    assert model.validation_scores_[:3] == [2.0, 3.0, 4.0]
    assert np.isnan(model.validation_scores_[3:]).all()
    assert model.history_.kept == (3 if early else 6)
    assert model.best_validation_score_ == (4.0 if early else None)
    there = clone(model).set_params(scoring=None, early_stopping=False)
    there.set_params(max_iter=3 if early else 6).fit(X, t)
    assert np.array_equal(there.chain_.parameters.flat, model.chain_.parameters.flat)


def test_epochs_without_a_score_are_no_improvement():
    options = {**OPTIONS, "max_iter": 50, "n_iter_no_change": 4, "early_stopping": True}
    model = MLPClassifier((5,), **options, scoring=Failing(2, np.nan))
    with pytest.warns(UserWarning, match="NaN in 5 of 7 epochs"):
        model.fit(X, CLASSES)
    assert (model.n_iter_, model.history_.kept, model.history_.end) == (7, 2, "validation")


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("model", CLASSIFIERS, **by_name)
def test_a_score_that_never_works_is_an_error_of_the_first_epoch(model, solver):
    model = clone(model).set_params(solver=solver, early_stopping=True)
    with pytest.raises(ValueError, match="expected a number as score of epoch 1, got NaN"):
        model.set_params(scoring=Failing(0, np.nan)).fit(X, CLASSES)
    with pytest.raises(ZeroDivisionError, match="none left"):
        model.set_params(scoring=Failing(0, ZeroDivisionError("none left"))).fit(X, CLASSES)
    assert not hasattr(model, "chain_")
    model.set_params(early_stopping=False, scoring=Failing(0, np.nan))  # which decides nothing
    with pytest.warns(UserWarning, match="NaN in 6 of 6 epochs"):
        model.fit(X, CLASSES, X_val=X[:9], y_val=CLASSES[:9])


@pytest.mark.parametrize("score", [None, "high", np.array([1.0, 2.0]), 1j], ids=str)
def test_a_scorer_that_gives_no_number_is_named(score):
    model = MLPClassifier((5,), **OPTIONS, scoring=lambda *_: score, early_stopping=True)
    with pytest.raises(ValueError, match="expected a number from scoring, got"):
        model.fit(X, CLASSES)


@pytest.mark.parametrize("score", [2, np.float32(2), np.array(2.0), True, np.inf], ids=str)
def test_a_scorer_gives_numbers_of_any_type(score):
    model = MLPClassifier((5,), **OPTIONS, scoring=lambda *_: score, early_stopping=True)
    assert model.fit(X, CLASSES).best_validation_score_ == float(score)


def test_a_warning_that_is_made_an_error_comes_after_the_network_is_there():
    model = MLPClassifier((5,), **OPTIONS, scoring=Failing(3, np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with pytest.raises(UserWarning, match=r"reached|NaN in 3 of 6"):
            model.fit(X, CLASSES, X_val=X[:9], y_val=CLASSES[:9])
    assert model.predict(X).shape == (60,)
