"""What decides on the pass that is kept, and when training ends: scores, patience, time, Ctrl-C."""

import warnings

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    get_scorer,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)

from chainrule import (
    Chain,
    Classifier,
    LearningCurveDisplay,
    Linear,
    Plan,
    Softmax,
    TableClassifier,
    TableRegressor,
    train,
)
from chainrule.data import Table
from chainrule.estimators import fitting
from chainrule.estimators.tables.scores import QUICK_SCORES, MeanScore
from chainrule.targets import Classes, Numbers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
SIGN = np.where(X[:, 0] + 0.5 * RNG.normal(size=200) > 0, "up", "down")
NUMBER = X[:, 0] - X[:, 1] + 0.1 * RNG.normal(size=200)
QUICK = {"members": 2, "hidden_layer_sizes": (8,), "learning_rate_init": 0.02, "random_state": 0}
WEIGHTS = RNG.uniform(0.5, 2, 50)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("count", [2, 3])
def test_quick_scores_of_classes_are_scikit_learns(count, weights):
    y = RNG.integers(0, count, 50)
    targets = Classes.fit(y)
    each = RNG.dirichlet(np.ones(count), (50, 4))
    P = each.mean(axis=1)
    Y, t = (each[..., 1:] if count == 2 else each), targets.encode(y)
    expected = {
        "accuracy": accuracy_score(y, P.argmax(axis=1), sample_weight=weights),
        "neg_log_loss": -log_loss(y, P, sample_weight=weights),
        "roc_auc": roc_auc_score(
            y,
            P[:, 1] if count == 2 else P,
            multi_class="ovr",
            sample_weight=weights,
        ),
    }
    found = {name: MeanScore(name, targets, weights)(Y, t) for name in expected}
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_quick_scores_of_numbers_are_scikit_learns(weights):
    y = RNG.normal(size=50)
    targets = Numbers.fit(1000 + 20 * y, scaled=True).within(1000 + 20 * y)
    y = 1000 + 20 * y
    each = RNG.normal(size=(50, 4, 1)) / 4
    mean, given = targets.decode(each.mean(axis=1)), {"sample_weight": weights}
    expected = {
        "r2": r2_score(y, mean, **given),
        "neg_mean_squared_error": -mean_squared_error(y, mean, **given),
        "neg_mean_absolute_error": -mean_absolute_error(y, mean, **given),
    }
    found = {name: MeanScore(name, targets, weights)(each, targets.encode(y)) for name in expected}
    assert found == pytest.approx(expected, rel=1e-12)


def test_scores_of_numbers_are_taken_of_classes_by_scikit_learn():
    model = TableClassifier(**QUICK, max_iter=2, scoring="neg_mean_absolute_error")
    up = (SIGN == "up").astype(int)
    model.fit(X, up, X_val=X, y_val=up)
    assert model.best_validation_score_ == -mean_absolute_error(up, model.predict(X))


def test_what_is_not_finite_has_no_score():
    for name in ("r2", "neg_mean_squared_error"):
        assert np.isnan(MeanScore(name, Numbers(), None)(np.full((2, 1, 1), np.inf), np.eye(2)[:1]))
    assert np.isnan(QUICK_SCORES["roc_auc"](np.ones((3, 1)) / 2, np.ones((3, 1)), None))


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy", "roc_auc", "f1_macro"])
def test_the_pass_with_the_best_score_of_the_mean_is_kept(scoring):
    y = (SIGN == "up").astype(int)
    model = TableClassifier(**QUICK, max_iter=12, scoring=scoring)
    model.fit(X[50:], y[50:], X_val=X[:50], y_val=y[:50])
    own = get_scorer(scoring)(model, X[:50], y[:50])
    assert own == pytest.approx(model.best_validation_score_, rel=1e-5)
    assert model.best_validation_score_ == max(model.validation_scores_)
    ranks = zip(model.validation_scores_, np.negative(model.validation_loss_curve_), strict=True)
    epochs = [rank for rank, _ in sorted(enumerate(ranks), key=lambda pair: pair[1])]
    assert model.history_.kept == epochs[-1] + 1  # of equal scores, the lower loss


def test_a_function_may_say_what_is_watched():
    def scorer(estimator, rows, answers):
        return balanced_accuracy_score(answers, estimator.predict(rows))

    model = TableClassifier(**QUICK, max_iter=4, scoring=scorer).fit(X, SIGN)
    assert model.scoring_ is scorer
    assert model.best_validation_score_ == max(model.validation_scores_)


FRAME = pandas.DataFrame({"x": X[:, 0], "city": np.where(X[:, 1] > 0, "Bonn", "Kiel"), "y": SIGN})


def by_city(estimator, rows, answers):
    """Score the rows of a city; those are told apart by what a user gave."""
    if not isinstance(rows, dict | pandas.DataFrame):
        rows = pandas.DataFrame(np.array([rows["x"], rows["city"]]).T, columns=["x", "city"])
    if isinstance(rows, dict):
        rows = pandas.DataFrame(rows)
    kept = (rows["city"] == "Bonn").to_numpy()
    assert 0 < kept.sum() < len(answers) == 40
    right = estimator.predict(rows)[kept] == answers[kept]
    np.testing.assert_array_equal(right, estimator.predict(rows[kept]) == answers[kept])
    return float(right.mean())


@pytest.mark.parametrize(
    "rows",
    [FRAME, FRAME.to_dict("list"), polars.from_pandas(FRAME), pyarrow.Table.from_pandas(FRAME)],
    ids=["pandas", "dict", "polars", "arrow"],
)
def test_a_function_is_given_the_rows_as_fit_was(rows):
    scores = []
    for given in (rows, FRAME):
        model = TableClassifier(**QUICK, max_iter=3, scoring=by_city).fit(given, target="y")
        scores.append(model.validation_scores_)
    assert scores[0] == scores[1]


def test_a_function_is_given_rows_of_a_file_and_rows_to_hold_out(tmp_path):
    kinds = []

    def scorer(estimator, rows, answers):
        kinds.append(type(rows))
        return estimator.score(rows, answers)

    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    model = TableClassifier(**QUICK, max_iter=1, scoring=scorer)
    model.fit(tmp_path / "rows.csv", target="y")
    model.fit(FRAME, target="y", X_val=FRAME[:40], y_val=SIGN[:40])
    model.fit(X, SIGN)
    chain = Chain(Linear(2), Softmax())
    network = Classifier(chain, inputs="table", early_stopping=True, scoring=scorer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        rows = FRAME.drop(columns="y")
        network.set_params(max_iter=1).fit(rows, SIGN)
        network.fit(rows, SIGN, X_val=rows[:40], y_val=SIGN[:40])
    assert list(dict.fromkeys(kinds)) == [Table, pandas.DataFrame, np.ndarray]
    assert kinds[-2:] == [pandas.DataFrame] * 2


def test_a_score_of_numbers_is_refused_where_classes_are_words():
    model = TableClassifier(scoring="r2")
    with pytest.raises(ValueError, match=r"TableClassifier, scoring: expected a score of classes.*"
                       "got 'r2', which is one of numbers"):
        model.fit(X, SIGN)


def test_some_rows_are_left_to_learn_from():
    expected = "expected two rows or more to learn from, got 1 row of 200: all others are held out"
    with pytest.raises(ValueError, match=expected):
        TableRegressor(validation_fraction=0.999).fit(X, NUMBER)


def test_the_loss_may_be_watched_and_is_where_there_is_no_score():
    model = TableRegressor(**QUICK, max_iter=6, scoring="loss").fit(X, NUMBER)
    assert model.validation_scores_ is None
    assert model.history_.kept == 1 + np.argmin(model.validation_loss_curve_)
    one = TableRegressor(**QUICK, max_iter=3).fit(X, NUMBER, X_val=X[:1], y_val=NUMBER[:1])
    assert one.validation_scores_ is None
    single = TableClassifier(**QUICK, max_iter=3, scoring="roc_auc")
    single.fit(X, SIGN, X_val=X[SIGN == "up"], y_val=SIGN[SIGN == "up"])
    assert len(single.validation_loss_curve_) == 3


def test_usual_scores_have_their_names_in_curves():
    pytest.importorskip("matplotlib").use("Agg")
    for scoring in ("neg_log_loss", "accuracy"):
        model = TableClassifier(**QUICK, max_iter=12, scoring=scoring).fit(X, SIGN)
        display = LearningCurveDisplay.from_estimator(model)
        assert display.score_name == model.scoring_ == scoring
        assert display.kept == model.history_.kept


def test_patience_ends_a_training_that_no_longer_improves():
    model = TableRegressor(**QUICK, max_iter=300, n_iter_no_change=3).fit(X, NUMBER)
    assert model.history_.end == "validation"
    assert model.n_iter_ < 300


@pytest.mark.parametrize("family", [TableClassifier, TableRegressor])
def test_ten_passes_without_a_better_score_end_a_training_unasked(family):
    by_chance = np.random.default_rng(1).integers(0, 2, 200)
    model = family(**QUICK).fit(X, by_chance)
    assert model.history_.end == "validation"
    assert model.n_iter_ == model.history_.kept + 10
    assert family(**QUICK, n_iter_no_change=99, max_iter=31).fit(X, by_chance).n_iter_ == 31


class Clock:
    """Time that passes by a tenth of a second whenever it is looked at."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.1
        return self.now


def test_the_time_that_a_training_has_ends_it_with_the_best_so_far(monkeypatch):
    monkeypatch.setattr("chainrule.training.run.perf_counter", Clock())
    model = TableRegressor(**QUICK, max_iter=400, max_seconds=5.0).fit(X, NUMBER)
    history = model.history_
    assert history.end == "time"
    assert 1 <= len(history.epochs) < 400
    assert f"stopped after {len(history.epochs)} epochs, as the time was over" in repr(history)
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_time_ends_an_epoch_too_and_what_it_has_learned_is_kept(monkeypatch):
    monkeypatch.setattr("chainrule.training.run.perf_counter", Clock())
    model = TableRegressor(
        **QUICK, max_seconds=1e-3, validation_fraction=0, engine="reference", batch_size=10
    ).fit(X, NUMBER)
    assert model.history_.describe().startswith("stopped after 1 epoch, as the time was over")
    assert model.history_.kept == 1
    assert np.isfinite(model.predict(X)).all()


def test_a_plan_wants_seconds_that_are_some():
    with pytest.raises(ValueError, match="expected max_seconds to be a number > 0 or None, got 0"):
        Plan(max_seconds=0)


def test_control_c_ends_a_training_with_the_best_so_far(monkeypatch):
    def interrupted(*arguments, watcher=None, reporter=None, **options):
        class Interrupting:
            def see(self, epoch):
                if epoch.number == 3:
                    raise KeyboardInterrupt
                return True

            def exhausted(self, epoch):
                return False

        return train(*arguments, watcher=Interrupting(), reporter=reporter, **options)

    monkeypatch.setattr(fitting, "train", interrupted)
    model = TableRegressor(**QUICK, max_iter=9)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, NUMBER)
    assert model.history_.end == "interrupted"
    assert model.predict(X).shape == (200,)


def test_a_training_that_leads_nowhere_is_an_error():
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        TableRegressor(**{**QUICK, "learning_rate_init": 1e30}).fit(X, NUMBER)


def test_iris_is_learned_with_all_that_is_usual():
    flowers, kinds = load_iris(return_X_y=True, as_frame=True)
    model = TableClassifier(random_state=0).fit(flowers, kinds)
    assert model.score(flowers, kinds) > 0.94


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc", "adjusted_rand_score"])
def test_scores_of_classes_are_refused_for_numbers_before_any_work(scoring):
    with pytest.raises(ValueError, match=r"scoring: expected a score of numbers.*got '" + scoring):
        TableRegressor(scoring=scoring).fit(X, NUMBER)
