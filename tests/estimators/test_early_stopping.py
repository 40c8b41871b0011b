"""Early stopping keeps the best network, whatever the solver, and tells which it was."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from chainrule import Chain, Classifier, Linear, MLPClassifier, MLPRegressor, Regressor, ReLU
from chainrule.estimators import scoring as scores

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X, NOISE = rng.normal(size=(160, 20)), rng.integers(0, 3, 160)  # there is nothing to learn
TRAINING, HELD_OUT = slice(0, 80), slice(80, 160)
VALIDATION = {"X_val": X[HELD_OUT], "y_val": NOISE[HELD_OUT]}
OPTIONS = {"early_stopping": True, "alpha": 0, "random_state": 0, "learning_rate_init": 0.01}
MODELS = [
    MLPClassifier((20,), **OPTIONS),
    MLPRegressor(hidden_layer_sizes=(20,), **OPTIONS),
    Classifier(Chain(Linear(20), ReLU()), complete=True, **OPTIONS),
    Regressor(Chain(Linear(20), ReLU()), complete=True, scale_target=True, **OPTIONS),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


def fitted(model, solver, **options):
    model = clone(model).set_params(solver=solver, **options)
    return model.fit(X[TRAINING], NOISE[TRAINING], **VALIDATION)


def distance(model, X, y):
    return -np.mean(np.abs(model.predict(X) - y))


@pytest.mark.parametrize("scoring", [None, "loss", distance])
@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@every_model
def test_the_best_of_what_is_watched_is_kept(model, solver, scoring):
    model = fitted(model, solver, scoring=scoring)
    losses, found = model.validation_loss_curve_, model.validation_scores_
    best = int(np.argmin(losses) if scoring == "loss" else np.argmax(found))
    assert best < len(losses) - 1  # else this shows nothing
    assert model.history_.kept == best + 1
    assert model.best_validation_score_ == found[best]
    assert model.best_loss_ is None
    kept = (distance if scoring is distance else type(model).score)(model, *VALIDATION.values())
    assert kept == pytest.approx(found[best], abs=1e-6)


@every_model
def test_lbfgs_keeps_what_it_had_after_the_best_iteration(model):
    early = fitted(model, "lbfgs", scoring="loss")
    best = early.history_.kept
    there = fitted(model, "lbfgs", scoring="loss", early_stopping=False, max_iter=best)
    np.testing.assert_array_equal(there.chain_.parameters.flat, early.chain_.parameters.flat)
    assert there.best_loss_ == min(there.loss_curve_)
    assert there.best_validation_score_ is None
    assert early.loss_curve_[:best] == there.loss_curve_


@every_model
def test_lbfgs_stops_when_patience_is_out(model):
    model = fitted(model, "lbfgs", scoring="loss", n_iter_no_change=3, tol=1e-9)
    history = model.history_
    assert (history.end, model.n_iter_) == ("validation", history.kept + 4)  # more than three
    assert history.describe() == (
        f"stopped after {model.n_iter_} epochs, kept the best, epoch {history.kept}"
    )
    patient = fitted(model, "lbfgs", n_iter_no_change=np.inf, max_iter=40, tol=1e-9)
    assert patient.n_iter_ > model.n_iter_
    assert patient.history_.end != "validation"


def test_without_early_stopping_lbfgs_keeps_the_last_iteration():
    model = fitted(MODELS[0], "lbfgs", early_stopping=False)
    assert model.history_.kept == model.n_iter_
    last = model.score(X[HELD_OUT], NOISE[HELD_OUT])
    assert last == pytest.approx(model.validation_scores_[-1])


@every_model
def test_lbfgs_sets_a_part_aside_if_it_is_given_none(model):
    model = clone(model).set_params(solver="lbfgs", validation_fraction=0.25, tol=1e-9)
    model.fit(X, NOISE)
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
    with pytest.raises(ValueError, match="The validation set is too small"):
        clone(model).set_params(validation_fraction=0.005).fit(X, NOISE)


def test_ctrl_c_leaves_the_best_iteration_so_far(monkeypatch):
    whole = fitted(MODELS[0], "lbfgs", scoring="loss", n_iter_no_change=np.inf)
    best = whole.history_.kept
    heard = []

    def interrupted(self, epoch):
        heard.append(epoch)
        if len(heard) == best + 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(scores.Printer, "finished", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = fitted(MODELS[0], "lbfgs", scoring="loss", verbose=True)
    assert (model.history_.end, model.history_.kept) == ("interrupted", best)
    np.testing.assert_array_equal(model.coefs_[0], whole.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_a_warm_start_that_finds_no_better_network_keeps_the_one_it_had(solver, scoring):
    model = fitted(MODELS[1], solver, scoring=scoring, warm_start=True, n_iter_no_change=2)
    best, before = model.best_validation_score_, model.chain_.parameters.flat.copy()
    model.set_params(learning_rate_init=0.5)  # from here on it can only get worse
    model.fit(X[TRAINING], NOISE[TRAINING], **VALIDATION)
    if model.history_.kept:  # L-BFGS, which begins anew, may yet find a better one
        assert model.best_validation_score_ > best
    else:
        np.testing.assert_array_equal(model.chain_.parameters.flat, before)
        assert model.best_validation_score_ == pytest.approx(best)
        assert model.history_.describe().endswith("kept the network of before")
    kept = model.score(X[HELD_OUT], NOISE[HELD_OUT])
    assert kept == pytest.approx(model.best_validation_score_)


def test_a_warm_start_compares_on_the_validation_set_at_hand():
    easy = {"X_val": X[TRAINING], "y_val": NOISE[TRAINING]}
    model = clone(MODELS[1]).set_params(warm_start=True, max_iter=60)
    model.fit(X[TRAINING], NOISE[TRAINING], **easy)
    high = model.best_validation_score_
    model.fit(X[HELD_OUT], NOISE[HELD_OUT], **VALIDATION)  # whose scores begin far below
    assert model.history_.kept > 0
    assert model.validation_scores_[60] < high
    assert model.best_validation_score_ == max(model.validation_scores_[60:])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_another_score_does_not_compare_with_the_one_before(solver):
    model = clone(MODELS[0]).set_params(solver=solver, warm_start=True, validation_fraction=0.5)
    model.fit(X, NOISE)
    before, accuracy = len(model.validation_scores_), model.best_validation_score_
    model.set_params(scoring="neg_log_loss").fit(X, NOISE)
    best = model.best_validation_score_
    assert best < 0 < accuracy
    assert best >= max(model.validation_scores_[before:])


def test_what_is_said_of_lbfgs_comes_after_the_network_is_there():
    model = clone(MODELS[0]).set_params(solver="lbfgs", early_stopping=False, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning, match=r"lbfgs failed to converge after 3 iter"):
            model.fit(X, NOISE)
    assert model.predict(X).shape == (160,)


def test_the_table_of_a_solver_without_a_learning_rate_has_no_column_of_it():
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = Regressor(Chain(Linear(1)), solver="lbfgs", random_state=0).fit(X, X.sum(axis=1))
    heading = repr(model.history_).splitlines()[0]
    assert heading.split() == ["epoch", "loss", "seconds"]
    assert "nan" not in repr(model.history_) + repr(model.history_.epochs[0])
