"""What scikit-learn's networks do not have."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.utils.class_weight import compute_sample_weight

from chainrule import (
    SGD,
    Cosine,
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MLPClassifier,
    MLPRegressor,
    Softplus,
    WarmUp,
)
from chainrule.engine.running.gradients import Gradients
from chainrule.estimators import scoring
from chainrule.estimators.stopping import Shuffles
from chainrule.targets import Classes

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
Z = X @ rng.normal(size=(4, 3))
CLASSES = np.array(["a", "b", "c"])[Z.argmax(axis=1)]
LABELS = (Z > 0.5).astype(int)
NUMBERS = Z[:, 0] + 0.1 * rng.normal(size=90)
SHORT = {"hidden_layer_sizes": (8,), "max_iter": 6, "random_state": 0, "batch_size": 20}


def assert_equal_networks(one, other, tolerance=1e-12):
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=tolerance)
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("weight", ["balanced", {"a": 3.0, "c": 0.5}], ids=str)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_weights_of_classes_are_weights_of_samples(solver, weight, early_stopping):
    own = np.linspace(0.5, 2, len(X))
    options = {**SHORT, "solver": solver, "early_stopping": early_stopping}
    by_class = MLPClassifier(**options, class_weight=weight).fit(X, CLASSES, own)
    weights = own * compute_sample_weight(weight, CLASSES)
    assert_equal_networks(by_class, MLPClassifier(**options).fit(X, CLASSES, weights))
    plain = MLPClassifier(**options).fit(X, CLASSES, own)
    assert not np.allclose(by_class.coefs_[0], plain.coefs_[0])


def test_weights_of_several_labels_multiply():
    each = [{0: 1.0, 1: 2.0}, {0: 1.0, 1: 3.0}, {0: 1.0, 1: 1.0}]
    weights = np.where(LABELS[:, 0], 2.0, 1.0) * np.where(LABELS[:, 1], 3.0, 1.0)
    found = MLPClassifier(**SHORT, class_weight=each).fit(X, LABELS)
    assert_equal_networks(found, MLPClassifier(**SHORT).fit(X, LABELS, weights))


def test_balanced_weights_need_all_samples():
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(X, CLASSES, classes=["a", "b", "c"])


def test_samples_of_weight_zero_are_as_if_they_were_not_there():
    weights = np.r_[np.zeros(30), np.ones(60)]
    found = MLPClassifier(**SHORT).fit(X, CLASSES, weights)
    assert_equal_networks(found, MLPClassifier(**SHORT).fit(X[30:], CLASSES[30:], np.ones(60)))


def test_dropout_changes_training_but_not_prediction():
    model = MLPClassifier(**SHORT, dropout=0.5).fit(X, CLASSES)
    assert "Dropout" in model.chain_.formula()
    assert not np.allclose(model.coefs_[0], MLPClassifier(**SHORT).fit(X, CLASSES).coefs_[0])
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    again = MLPClassifier(**SHORT, dropout=0.5, engine="reference").fit(X, CLASSES)
    assert_equal_networks(model, again, 1e-9)
    assert again.engine_ == "reference"


def test_smooth_labels_are_soft_targets():
    soft = Classes.fit(CLASSES).soften(np.array([0, 2]), 0.3)
    np.testing.assert_allclose(soft, [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
    soft = Classes.fit(LABELS).soften(np.array([[True, False, True]]), 0.2)
    np.testing.assert_allclose(soft, [[0.9, 0.1, 0.9]])
    certain = {"solver": "lbfgs", "max_iter": 300, "alpha": 0.0, "random_state": 0}
    plain = MLPClassifier((30,), **certain).fit(X, CLASSES).predict_proba(X).max()
    smooth = MLPClassifier((30,), **certain, label_smoothing=0.3).fit(X, CLASSES)
    assert plain > 0.99
    assert smooth.predict_proba(X).max() < 0.9


def test_a_validation_set_of_ones_own():
    model = MLPClassifier(**SHORT).fit(X[:60], CLASSES[:60], X_val=X[60:], y_val=CLASSES[60:])
    assert_equal_networks(model, MLPClassifier(**SHORT).fit(X[:60], CLASSES[:60]))
    assert model.validation_scores_[-1] == model.score(X[60:], CLASSES[60:])
    probabilities = model.predict_proba(X[60:])
    hit = probabilities[np.arange(30), np.searchsorted(model.classes_, CLASSES[60:])]
    assert model.validation_loss_curve_[-1] == pytest.approx(-np.log(hit).mean(), rel=1e-9)
    assert len(model.validation_loss_curve_) == model.n_iter_
    assert model.best_loss_ == min(model.loss_curve_)


def test_the_best_epoch_on_a_validation_set_of_ones_own_is_kept():
    options = {**SHORT, "early_stopping": True, "solver": "sgd", "learning_rate_init": 2.0}
    model = MLPClassifier(**options).set_params(max_iter=30)
    weights = np.linspace(1, 2, 30)
    validation = {"X_val": X[60:], "y_val": CLASSES[60:], "sample_weight_val": weights}
    model.fit(X[:60], CLASSES[:60], **validation)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.score(X[60:], CLASSES[60:], weights) == pytest.approx(model.best_validation_score_)
    assert model.validation_scores_[-1] < model.best_validation_score_
    assert model.t_ == 60 * model.n_iter_  # nothing was set aside


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_regressors_have_validation_curves(solver):
    model = MLPRegressor(**SHORT, solver=solver)
    model.fit(X[:60], NUMBERS[:60], X_val=X[60:], y_val=NUMBERS[60:])
    errors = model.predict(X[60:]) - NUMBERS[60:]
    assert model.validation_loss_curve_[-1] == pytest.approx(np.mean(errors**2) / 2, rel=1e-9)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X[60:], NUMBERS[60:]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_val": X}, "X_val is provided, but y_val was not provided"),
        ({"y_val": CLASSES}, "y_val is provided, but X_val was not provided"),
        ({"sample_weight_val": np.ones(9)}, "sample_weight_val is provided, but X_val was not"),
        ({"X_val": X[:, :2], "y_val": CLASSES}, "X has 2 features, but MLPClassifier is expecting"),
        ({"X_val": X[:3], "y_val": CLASSES[:2]}, "inconsistent numbers of samples"),
        ({"X_val": X[:2], "y_val": ["a", "z"]}, "has classes not in"),
    ],
)
def test_validation_sets_that_do_not_fit(given, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**SHORT).fit(X, CLASSES, **given)


def test_partial_fit_learns_several_labels():
    model = MLPClassifier((30,), learning_rate_init=0.02, random_state=0)
    for _ in range(60):
        model.partial_fit(X, LABELS, classes=[0, 1, 2])
    assert model.score(X, LABELS) > 0.9
    assert model.predict(X).shape == (90, 3)


@pytest.mark.parametrize(
    ("loss", "own"),
    [
        ("huber", Huber(outputs="sum")),
        ("absolute_error", MeanAbsoluteError(outputs="sum")),
        ("squared_error", HalfSquaredError(outputs="sum")),
    ],
)
def test_losses_by_name_and_in_person(loss, own):
    named = MLPRegressor(loss, **SHORT).fit(X, Z)
    assert_equal_networks(named, MLPRegressor(own, **SHORT).fit(X, Z))
    error = own.value(named.predict(X), Z) / 3
    penalty = named.alpha / 2 / len(X) * sum((W**2).sum() for W in named.coefs_)
    full = MLPRegressor(loss, **{**SHORT, "batch_size": 90, "warm_start": True, "max_iter": 1})
    full.fit(X, Z)
    parts = zip(full.coefs_ + full.intercepts_, named.coefs_ + named.intercepts_, strict=True)
    for view, array in parts:
        view[...] = array
    assert full.fit(X, Z).loss_curve_[-1] == pytest.approx(error + penalty, rel=1e-9)


def test_outliers_pull_less_with_huber():
    y = NUMBERS.copy()
    y[::15] = 1000.0
    options = {"hidden_layer_sizes": (), "solver": "lbfgs", "max_iter": 2000, "random_state": 0}
    rest = np.arange(90) % 15 != 0
    scores = [
        MLPRegressor(loss, **options).fit(X, y).score(X[rest], NUMBERS[rest])
        for loss in ("huber", "squared_error")
    ]
    assert scores[0] > 0.9 > scores[1]


def test_optimizers_schedules_and_functions_in_person():
    named = MLPClassifier(**SHORT, solver="sgd", momentum=0.5, nesterovs_momentum=False)
    person = MLPClassifier(**SHORT, solver=SGD(0.001, 0.5))
    assert_equal_networks(named.fit(X, CLASSES), person.fit(X, CLASSES))
    named = MLPClassifier(**SHORT, activation="softplus", learning_rate="cosine")
    person = MLPClassifier(**SHORT, activation=Softplus(), learning_rate=Cosine())
    assert_equal_networks(named.fit(X, CLASSES), person.fit(X, CLASSES))
    slow = MLPClassifier(**SHORT, learning_rate=WarmUp(100)).fit(X, CLASSES)
    fast = MLPClassifier(**SHORT).fit(X, CLASSES)
    assert slow.loss_curve_[-1] > fast.loss_curve_[-1]


@pytest.mark.parametrize("solver", ["adamw", "rmsprop", "adagrad"])
def test_other_optimizers_learn(solver):
    model = MLPClassifier((20,), solver=solver, learning_rate_init=0.01, random_state=0)
    assert model.fit(X, CLASSES).score(X, CLASSES) > 0.9


def test_gradients_are_kept_short():
    options = {**SHORT, "solver": "sgd", "learning_rate_init": 1.0, "momentum": 0.0}
    model = MLPRegressor(**{**options, "max_iter": 1, "batch_size": 90}, clip_norm=0.01)
    start = MLPRegressor(**{**options, "max_iter": 1}, alpha=0).set_params(learning_rate_init=1e-30)
    moved, drawn = model.fit(X, 100 * NUMBERS), start.fit(X, NUMBERS)
    both = (zip(m.coefs_ + m.intercepts_, strict=False) for m in (moved, drawn))
    length = np.sqrt(sum(np.sum((a[0] - b[0]) ** 2) for a, b in zip(*both, strict=True)))
    assert length == pytest.approx(0.01, rel=1e-6)


def test_views_act():
    model = MLPRegressor(**SHORT).fit(X, NUMBERS)
    model.coefs_[1][...] = 0
    assert np.all(model.predict(X) == model.intercepts_[1])
    model.intercepts_[1] = np.array([7.0])  # another array in the place of the view
    assert np.all(model.predict(X) == 7)
    model.coefs_ = [np.ones((4, 2)), np.ones((2, 1))]  # a network of another shape
    model.intercepts_ = [np.zeros(2), np.zeros(1)]
    expected = 2 * np.maximum(X.sum(axis=1), 0)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12, atol=1e-12)


def test_small_problems_train_in_float64_and_large_ones_in_float32():
    many = np.tile(X, (200, 1))
    options = {"hidden_layer_sizes": (60,), "max_iter": 1, "random_state": 0}
    for data, dtype in ((X, np.float64), (many, np.float32)):
        model = MLPRegressor(**options).fit(data, np.resize(NUMBERS, len(data)))
        assert model._optimizer.dtype == dtype
        assert model.coefs_[0].dtype == np.float64
    model = MLPRegressor(**options).fit(many * 1e9, np.resize(NUMBERS, len(many)))
    assert model._optimizer.dtype == np.float64
    model = MLPRegressor(**options, dtype="float32").fit(X, NUMBERS)
    assert model._optimizer.dtype == np.float32


def test_input_gradients_and_jacobians_are_differences():
    model = MLPClassifier(**SHORT, activation="tanh", dropout=0.3).fit(X, CLASSES)
    step = 1e-6 * np.eye(4)
    jacobian = model.jacobian(X[:3])
    for i in range(4):
        slope = (model.predict_proba(X[:3] + step[i]) - model.predict_proba(X[:3] - step[i])) / 2e-6
        np.testing.assert_allclose(jacobian[:, :, i], slope, atol=1e-8)

    def loss(at):
        Y = model.predict_proba(at)
        return -np.log(Y[np.arange(5), np.searchsorted(model.classes_, CLASSES[:5])]).mean()

    gradient = model.input_gradient(X[:5], CLASSES[:5])
    for i in range(4):
        moved = X[:5].copy()
        moved[2, i] += 1e-6
        difference = (loss(moved) - loss(X[:5])) / 1e-6
        assert gradient[2, i] == pytest.approx(difference, abs=1e-5)


@pytest.mark.parametrize("y", [CLASSES, LABELS, CLASSES == "a"], ids=["classes", "labels", "two"])
def test_gradients_pass_the_check(y):
    model = MLPClassifier(**SHORT, activation="tanh").fit(X, y)
    assert model.check_gradients(X[:10], y[:10]).passed
    assert MLPRegressor("poisson", **SHORT).fit(X, LABELS).check_gradients(X, LABELS).passed


def test_decisions_are_what_probabilities_are_made_of():
    two = MLPClassifier(**SHORT).fit(X, CLASSES == "a")
    odds = two.decision_function(X)
    assert odds.shape == (90,)
    np.testing.assert_allclose(two.predict_proba(X)[:, 1], 1 / (1 + np.exp(-odds)), rtol=1e-12)
    assert MLPClassifier(**SHORT).fit(X, CLASSES).decision_function(X).shape == (90, 3)
    assert MLPClassifier(**SHORT).fit(X, LABELS).decision_function(X).shape == (90, 3)


def test_a_bar_instead_of_lines(capsys):
    MLPClassifier(**SHORT, verbose="bar").fit(X, CLASSES)
    printed = capsys.readouterr()
    assert "epoch 6/6" in printed.err
    assert not printed.out


def test_ctrl_c_leaves_a_network_that_works(monkeypatch):
    draw = Shuffles.__call__

    def interrupted(self, count, epoch):
        if epoch == 3:
            raise KeyboardInterrupt
        return draw(self, count, epoch)

    monkeypatch.setattr(Shuffles, "__call__", interrupted)
    model = MLPClassifier(**SHORT)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, CLASSES)
    assert model.predict(X).shape == (90,)
    assert model.n_iter_ == len(model.loss_curve_) == 2


@pytest.mark.parametrize("iterations", [0, 3])
def test_ctrl_c_leaves_the_network_of_the_last_iteration_of_lbfgs(monkeypatch, iterations):
    losses = []

    def interrupted(self, epoch):
        losses.append(epoch.loss)
        if len(losses) == iterations:
            raise KeyboardInterrupt

    def at_once(self, epochs, samples):
        monkeypatch.setattr(Gradients, "__call__", raising)

    def raising(self, flat):
        raise KeyboardInterrupt

    monkeypatch.setattr(scoring.Printer, "finished", interrupted)
    if not iterations:
        monkeypatch.setattr(scoring.Printer, "started", at_once)
    model = MLPClassifier(**{**SHORT, "solver": "lbfgs"}, verbose=True)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, CLASSES)
    assert model.n_iter_ == len(model.loss_curve_) == iterations
    assert model.history_.end == "interrupted"
    assert np.isfinite(model.predict_proba(X)).all()
    if iterations:
        again = MLPClassifier(**{**SHORT, "solver": "lbfgs", "max_iter": iterations})
        np.testing.assert_array_equal(quiet(again).coefs_[0], model.coefs_[0])


def quiet(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, CLASSES)


def test_a_loss_that_becomes_infinite_is_an_error():
    options = {**SHORT, "solver": "sgd", "learning_rate_init": 1e6, "activation": "identity"}
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor(**options).fit(X, NUMBERS)


def test_after_that_error_the_network_is_that_of_the_last_good_epoch():
    options = {"hidden_layer_sizes": (), "solver": "sgd", "learning_rate_init": 2.0}
    options |= {"n_iter_no_change": 100, "dtype": "float32", "random_state": 0}
    model = MLPRegressor(**options)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        model.fit(X, NUMBERS)
    assert model.history_.end == "diverged"
    assert model.history_.trouble
    assert np.isfinite(model.predict(X)).all()
    good = MLPRegressor(**options, max_iter=model.history_.kept)
    with pytest.warns(ConvergenceWarning):
        good.fit(X, NUMBERS)
    np.testing.assert_array_equal(good.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_history_tells_of_each_epoch(solver):
    model = quiet(MLPClassifier(**{**SHORT, "solver": solver}))
    history = model.history_
    assert history.losses == model.loss_curve_
    assert len(history.epochs) == model.n_iter_
    assert (history.engine, history.end) == (model.engine_, "epochs")
    assert history.seconds > 0


def test_the_watched_score_may_be_any_of_scikit_learns():
    options = {**SHORT, "early_stopping": True, "max_iter": 30, "n_iter_no_change": 3}
    model = quiet(MLPClassifier(**options, scoring="neg_log_loss"))
    assert model.validation_scores_ == pytest.approx([-x for x in model.validation_loss_curve_])
    assert model.best_validation_score_ == max(model.validation_scores_)
    by_name = quiet(MLPClassifier(**options, scoring="accuracy"))
    usual = quiet(MLPClassifier(**options))
    own = quiet(MLPClassifier(**options, scoring=lambda m, X, y: np.mean(m.predict(X) == y)))
    for other in (by_name, own):
        assert other.validation_scores_ == usual.validation_scores_
        np.testing.assert_array_equal(other.coefs_[0], usual.coefs_[0])


def test_the_watched_score_is_that_of_the_fitted_network():
    held_out, y = X[:30], CLASSES[:30]
    model = MLPClassifier(**SHORT, scoring="f1_macro", class_weight="balanced")
    with pytest.warns(ConvergenceWarning):
        model.fit(X, CLASSES, X_val=held_out, y_val=y)
    weights = compute_sample_weight("balanced", y)
    expected = f1_score(y, model.predict(held_out), average="macro", sample_weight=weights)
    assert model.validation_scores_[-1] == pytest.approx(expected)


def test_with_the_loss_as_score_the_epoch_of_the_lowest_loss_is_kept():
    options = {**SHORT, "early_stopping": True, "learning_rate_init": 0.1, "n_iter_no_change": 4}
    model = quiet(MLPClassifier(**{**options, "max_iter": 60}, scoring="loss"))
    curve = model.validation_loss_curve_
    lowest = int(np.argmin(curve))
    assert 0 < lowest < len(curve) - 1  # else this shows nothing
    assert model.history_.kept == lowest + 1
    assert model.best_validation_score_ == model.validation_scores_[lowest]
    there = quiet(MLPClassifier(**{**options, "max_iter": lowest + 1}, scoring="loss"))
    np.testing.assert_array_equal(there.coefs_[0], model.coefs_[0])


def test_a_score_that_is_no_number_is_an_error():
    with pytest.raises(ValueError, match="expected a number as score of epoch 1, got NaN"):
        MLPClassifier(**SHORT, early_stopping=True, scoring=lambda *_: np.nan).fit(X, CLASSES)
    with pytest.raises(ValueError, match="scoring"):
        MLPClassifier(**SHORT, scoring="speed").fit(X, CLASSES)


def test_with_early_stopping_the_best_epoch_is_left():
    options = {"hidden_layer_sizes": (), "solver": "sgd", "learning_rate_init": 2.0}
    model = MLPRegressor(**options, early_stopping=True, n_iter_no_change=100, dtype="float32")
    with pytest.warns(ConvergenceWarning, match="Stochastic Optimizer: the .*loss became"):
        model.fit(X, NUMBERS)
    assert np.isfinite(model.predict(X)).all()
    assert np.isnan(model.validation_scores_[-1])
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_)


def test_nothing_is_warned_of_without_reason():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier((20,), learning_rate_init=0.05, max_iter=500, random_state=0)
        model.fit(X, CLASSES).predict_log_proba(1e6 * X)
        MLPRegressor(solver="lbfgs", max_iter=5000, alpha=1.0, tol=1e-3).fit(X, NUMBERS)


def test_what_is_watched_may_change_between_warm_starts():
    model = MLPClassifier(**SHORT, warm_start=True).fit(X, CLASSES)
    assert model.best_validation_score_ is None
    model.set_params(early_stopping=True).fit(X, CLASSES)
    assert model.best_validation_score_ == max(model.validation_scores_)
    model.set_params(early_stopping=False).fit(X, CLASSES)
    assert model.best_loss_ == min(model.loss_curve_[12:])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("weights", [np.zeros(90), np.r_[-1.0, np.ones(89)]], ids=["none", "less"])
def test_weights_that_make_no_mean_are_errors(solver, weights):
    with pytest.raises(ValueError, match=r"non-zero|only zeros|sample weights >= 0, got -1"):
        MLPClassifier(**SHORT, solver=solver).fit(X, CLASSES, weights)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["7", "8", "9"]),
        np.array(["7", "8.5", "a"]),
        np.array([2, 5, 9]),
        np.array([1.0, 2, 3]),
    ],
)
def test_weights_of_classes_go_by_the_labels_as_they_are(labels):
    y = labels[np.searchsorted(["a", "b", "c"], CLASSES)]
    rare, options = labels[2].item(), {**SHORT, "max_iter": 3}
    own = np.where(y == labels[2], 3.0, 1.0)
    by_class = MLPClassifier(**options, class_weight={rare: 3.0}).fit(X, y)
    assert_equal_networks(by_class, MLPClassifier(**options).fit(X, y, own))
    few = y != labels[2]  # none of the class that has a weight
    held_out = MLPClassifier(**options, class_weight={rare: 3.0})
    held_out.fit(X, y, X_val=X[few], y_val=y[few])
    assert held_out.partial_fit(X[few], y[few]).check_gradients(X[few][:4], y[few][:4]).passed
    with pytest.raises(ValueError, match=r"class_weight: got 'none', expected classes of y: "):
        MLPClassifier(class_weight={"none": 2.0}).fit(X, y)
