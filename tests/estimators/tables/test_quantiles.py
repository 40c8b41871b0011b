"""Prediction intervals by quantiles."""

import numpy as np
import pytest

from chainrule import TableRegressor, load
from chainrule.targets import Numbers

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (600, 1))
Y = 3 * X[:, 0] + (0.2 + (X[:, 0] > 0)) * RNG.normal(size=600)
QUICK = {"members": 2, "hidden_layer_sizes": (16,), "random_state": 0}


@pytest.fixture(scope="module")
def model():
    return TableRegressor(**QUICK, quantiles=(0.95, 0.05)).fit(X[:400], Y[:400])


def test_nine_of_ten_answers_fall_into_the_interval(model):
    low, high = model.predict_interval(X[400:], coverage=0.9).T
    inside = (Y[400:] >= low) & (Y[400:] <= high)
    assert 0.8 < inside.mean() < 0.97
    wide = (high - low)[X[400:, 0] > 0.2].mean()
    assert wide > 2 * (high - low)[X[400:, 0] < -0.2].mean()


def test_quantiles_rise_and_the_median_is_predicted(model):
    predicted = model.predict_quantiles(X)
    assert predicted.shape == (600, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    np.testing.assert_array_equal(model.predict(X), predicted[:, 1])
    np.testing.assert_array_equal(model.predict_interval(X), predicted[:, [0, 2]])
    assert model.score(X[400:], Y[400:]) > 0.7
    assert model.check_gradients(X[:5], Y[:5]).passed


def test_they_are_right_on_the_rows_held_out():
    rows = X[:99], Y[:99]
    model = TableRegressor(**QUICK, quantiles=(0.1, 0.9), max_iter=30)
    predicted = model.fit(X[99:], Y[99:], X_val=rows[0], y_val=rows[1]).predict_quantiles(rows[0])
    below = (rows[1][:, None] <= predicted + 1e-6).sum(axis=0)
    assert below[0] == pytest.approx(10, abs=1)
    assert below[2] == pytest.approx(90, abs=1)


def test_they_are_kept_in_files(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict_quantiles(X), model.predict_quantiles(X))
    assert again.targets_.quantiles == (0.05, 0.5, 0.95)


def test_a_score_of_the_median_may_be_watched():
    model = TableRegressor(**QUICK, quantiles=[0.1, 0.9], scoring="r2", max_iter=3).fit(X, Y)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert TableRegressor(quantiles=[0.1]).scoring_ == "loss"


def test_what_cannot_be_said_is_refused(model):
    with pytest.raises(ValueError, match=r"between two of the quantiles 0.05, 0.5, 0.95, got 0.8"):
        model.predict_interval(X, 0.8)
    with pytest.raises(ValueError, match=r"between two of the quantiles .* got -0.9"):
        model.predict_interval(X, -0.9)
    with pytest.raises(ValueError, match="expected a fit with quantiles"):
        TableRegressor(**QUICK, max_iter=1).fit(X, Y).predict_quantiles(X)
    for quantiles in ([], [0, 0.5], [1.5]):
        with pytest.raises(ValueError, match=r"expected quantiles such as \(0.05, 0.95\)"):
            TableRegressor(quantiles=quantiles).fit(X, Y)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("quantiles", [0.9, 0.5]),
        ("quantiles", [0.1, 0.9]),
        ("quantiles", [0.0, 0.5]),
        ("bounds", [1.0, 0.0]),
        ("bounds", [1.0]),
    ],
)
def test_odd_json_is_refused(key, value):
    good = Numbers(1, (0.0,), (1.0,), bounds=(-1.0, 1.0), quantiles=(0.5,)).to_json()
    assert Numbers.from_json(good).to_json() == good
    with pytest.raises(ValueError, match=f"targets.{key}: expected"):
        Numbers.from_json(good | {key: value})
