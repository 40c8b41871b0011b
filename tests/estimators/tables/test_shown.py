"""What a person looks at: scikit-learn's displays on raw tables, columns, notebooks, files."""

import pickle

import numpy as np
import pandas
import pytest
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, RocCurveDisplay

from chainrule import TableClassifier, TableRegressor, load
from cli.runs import chainrule

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

RNG = np.random.default_rng(0)
TABLE = pandas.DataFrame(
    {
        "size": RNG.uniform(1, 9, 150),
        "color": RNG.choice(["red", "green", "blue"], 150),
        "noise": np.where(RNG.random(150) < 0.1, np.nan, RNG.normal(size=150)),
        "same": 1,
    }
)
WEIGHT = TABLE["size"] * 2 + (TABLE["color"] == "red") * 5
HEAVY = pandas.Series(np.where(WEIGHT > 12, "heavy", "light"), name="kind")
QUICK = {"members": 2, "hidden_layer_sizes": (16,), "max_iter": 40, "random_state": 0}


@pytest.fixture(scope="module")
def regressor():
    return TableRegressor(**QUICK).fit(TABLE, WEIGHT.rename("weight"))


@pytest.fixture(scope="module")
def classifier():
    return TableClassifier(**QUICK).fit(TABLE, HEAVY)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_predicted_against_true(regressor, classifier):
    display = PredictionErrorDisplay.from_estimator(regressor, TABLE, WEIGHT)
    np.testing.assert_array_equal(display.y_pred, regressor.predict(TABLE))
    matrix = ConfusionMatrixDisplay.from_estimator(classifier, TABLE, HEAVY)
    assert matrix.confusion_matrix.sum() == 150
    assert np.trace(matrix.confusion_matrix) > 135
    assert RocCurveDisplay.from_estimator(classifier, TABLE, HEAVY).roc_auc > 0.95


def test_importance_of_raw_columns(regressor):
    found = permutation_importance(regressor, TABLE, WEIGHT, n_repeats=3, random_state=0)
    size, color, noise, same = found.importances_mean
    assert size > color > max(noise, 0.02)
    assert same == 0


def test_partial_dependence_on_raw_columns(regressor):
    display = PartialDependenceDisplay.from_estimator(
        regressor, TABLE, ["size", "color"], categorical_features=["color"]
    )
    means = display.pd_results[0]["average"][0]
    assert means[-1] - means[0] > 8
    by_color = dict(
        zip(
            display.pd_results[1]["grid_values"][0],
            display.pd_results[1]["average"][0],
            strict=True,
        )
    )
    assert by_color["red"] > by_color["blue"] + 3


def test_each_column_is_told_of_in_a_line(regressor):
    told = "\n".join(regressor.columns_)
    for name in TABLE.columns:
        assert name in told
    assert "constant" in told


def test_a_notebook_shows_parameters_columns_and_training(regressor):
    html = regressor._repr_html_()
    for words in ("hidden_layer_sizes", "color", "constant", "validation loss"):
        assert words in html
    assert "validation loss" not in TableRegressor()._repr_html_()


def test_files_pickles_and_the_command_line_agree(regressor, classifier, tmp_path):
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    for model, name in ((regressor, "weight"), (classifier, "kind")):
        path = tmp_path / f"{name}.safetensors"
        model.save(path)
        predicted = model.predict(TABLE)
        for again in (load(path), type(model).load(path), pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(again.predict(TABLE), predicted)
            assert again.feature_names_in_.tolist() == TABLE.columns.tolist()
            assert again.get_params() == model.get_params()
        run = chainrule("predict", str(path), str(tmp_path / "table.csv"))
        heading, *lines = run.out.split()
        assert heading == name
        assert lines == [str(value) for value in predicted.tolist()]


def test_the_command_line_shows_checks_and_evaluates(classifier, tmp_path):
    path = tmp_path / "kind.safetensors"
    classifier.save(path)
    TABLE.assign(kind=HEAVY).to_csv(tmp_path / "table.csv", index=False)
    shown = chainrule("show", str(path))
    assert "MemberLinear(16, members=2)" in shown.out
    assert "one of two classes: heavy, light" in shown.out
    assert "best validation neg_log_loss" in shown.out
    few = ("--samples", "3", "--entries", "5")
    checked = chainrule("check", str(path), str(tmp_path / "table.csv"), *few)
    assert "all gradients are right" in checked.err
    evaluated = chainrule("evaluate", str(path), str(tmp_path / "table.csv"))
    accuracy = classifier.score(TABLE, HEAVY)
    assert f"{accuracy:.4f}" in evaluated.out


def test_arrays_come_back_from_files_without_names(tmp_path):
    rows = TABLE[["size", "noise"]].to_numpy()
    model = TableRegressor(**QUICK).fit(rows, WEIGHT.to_numpy())
    model.save(tmp_path / "rows.safetensors")
    again = load(tmp_path / "rows.safetensors")
    assert again.n_features_in_ == 2
    assert not hasattr(again, "feature_names_in_")
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    with pytest.raises(ValueError, match="X has 3 features, but TableRegressor is expecting 2"):
        again.predict(TABLE[["size", "noise", "same"]].to_numpy())


def test_the_range_of_answers_is_kept_in_files(tmp_path):
    model = TableRegressor(**QUICK).fit(TABLE[["size"]], WEIGHT)
    model.save(tmp_path / "m.safetensors")
    far = pandas.DataFrame({"size": [-1e3, 1e3]})
    predicted = load(tmp_path / "m.safetensors").predict(far)
    assert ((predicted >= WEIGHT.min()) & (predicted <= WEIGHT.max())).all()
