"""Tables with a column of many categories: it helps where it can, and does not hurt where not."""

import numpy as np
import pandas
import pytest

from chainrule import TableClassifier, TableRegressor, load
from chainrule.data import DataWarning
from chainrule.estimators.tables.preparation import Given, prepare_table
from chainrule.estimators.tables.target_encoding import answers_to_encode
from chainrule.inputs.tables import CategoricalColumn, TargetEncodedColumn
from chainrule.targets import Classes, Numbers
from cli.runs import chainrule

QUICK = {"members": 3, "hidden_layer_sizes": (32,), "random_state": 0}


def rows(count, towns, effect, seed=0):
    """Rows whose answer is by town, with an effect, and by a number."""
    rng = np.random.default_rng(seed)
    town, x = rng.integers(0, towns, count), rng.normal(size=count)
    own = np.random.default_rng(100).normal(size=towns)
    y = effect * own[town] + x + 0.5 * rng.normal(size=count)
    return pandas.DataFrame({"town": [f"t{code}" for code in town], "x": x}), y


@pytest.fixture(scope="module")
def fitted():
    return TableRegressor(**QUICK).fit(*rows(2000, 400, 1.0))


def test_towns_that_matter_are_learned(fitted):
    new, y = rows(1000, 400, 1.0, seed=1)
    frequent = TableRegressor(**QUICK, max_categories=1).fit(*rows(2000, 400, 1.0))
    without = TableRegressor(**QUICK, drop=["town"]).fit(*rows(2000, 400, 1.0))
    for model in (fitted, frequent):
        assert isinstance(model.inputs_.columns[0], TargetEncodedColumn)
        assert model.score(new, y) > without.score(new, y) + 0.25
    assert "cross-fitted target encoding" in fitted.columns_[0]


def test_towns_at_random_do_not_spoil_a_score():
    (X, y), (new, y_new) = rows(2000, 900, 0.0), rows(1000, 900, 0.0, seed=1)
    model = TableRegressor(**QUICK).fit(X, y)
    assert isinstance(model.inputs_.columns[0], CategoricalColumn)
    without = TableRegressor(**QUICK, drop=["town"]).fit(X, y)
    assert model.score(new, y_new) > without.score(new, y_new) - 0.03


def test_what_is_learned_of_towns_is_that_of_the_rows_to_train_on():
    X, y = rows(1500, 300, 1.0)
    held_out = X[:300].assign(town=[f"other {n % 150}" for n in range(300)]), y[:300] + 1000
    model = TableRegressor(**QUICK, max_iter=2)
    model.fit(X[300:], y[300:], X_val=held_out[0], y_val=held_out[1])
    alone = TableRegressor(**QUICK, max_iter=2, validation_fraction=0).fit(X[300:], y[300:])
    assert model.inputs_ == alone.inputs_


def test_files_and_threads_keep_every_bit(fitted, tmp_path):
    new = rows(50, 900, 1.0, seed=2)[0]  # many of these towns are new
    fitted.save(tmp_path / "towns.safetensors")
    loaded = load(tmp_path / "towns.safetensors")
    assert loaded.columns_ == fitted.columns_
    assert loaded.max_categories == "auto"
    np.testing.assert_array_equal(loaded.predict(new), fitted.predict(new))
    again = TableRegressor(**QUICK, n_jobs=2).fit(*rows(2000, 400, 1.0))
    np.testing.assert_array_equal(again.predict(new), fitted.predict(new))
    one = pandas.concat([new.iloc[[row]] for row in range(3)])
    single = np.concatenate([fitted.predict(one.iloc[[row]]) for row in range(3)])
    np.testing.assert_allclose(single, fitted.predict(one), rtol=1e-5)
    fitted.set_params(max_categories=50).save(tmp_path / "said.safetensors")
    fitted.set_params(max_categories="auto")
    assert load(tmp_path / "said.safetensors").max_categories == 50


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c")])
def test_classes_weights_and_groups(labels):
    X, y = rows(1800, 300, 1.5)
    places = np.digitize(y, np.quantile(y, np.linspace(0, 1, len(labels) + 1)[1:-1]))
    answers = np.array(labels)[places]
    model = TableClassifier(**QUICK, class_weight="balanced")
    model.fit(X[:1400], answers[:1400], groups=np.arange(1400) // 4)
    names = model.inputs_.feature_names
    for label in labels if len(labels) > 2 else labels[-1:]:
        assert f"town share of {label}" in names
    assert model.score(X[1400:], answers[1400:]) > 1 / len(labels) + 0.2


def test_a_job_keeps_the_rows_as_they_were_given():
    X, y = rows(700, 300, 1.0)
    assert prepare_table(TableRegressor(**QUICK), X, y, Given()).given[0] is X


def test_groups_are_in_one_fold_each():
    y = np.arange(200.0)
    groups = np.arange(200) // 10
    targets = Numbers.fit(y, scaled=True)
    folds = answers_to_encode(targets, y, None, groups, 0).folds.reshape(20, 10)
    assert (folds == folds[:, :1]).all()
    assert np.bincount(folds.ravel()).tolist() == [40] * 5
    few = answers_to_encode(targets, y, None, groups // 7, 0)
    assert np.bincount(few.folds).tolist() == [70, 70, 60] or set(few.folds) == {0, 1, 2}


def test_several_numbers_have_a_mean_each():
    y = np.arange(400.0).reshape(200, 2)
    answers = answers_to_encode(Numbers.fit(y, scaled=True), y, None, None, 0)
    assert answers.names == ("mean answer 1", "mean answer 2")
    assert answers.numbers.shape == (200, 2)


def test_folds_have_equal_shares_of_classes():
    y = np.repeat(["a", "b"], [50, 150])
    answers = answers_to_encode(Classes.fit(y), y, None, None, 0)
    assert answers.names == ("share of b",)
    assert answers.numbers[:, 0].tolist() == (y == "b").tolist()
    assert np.bincount(answers.folds[y == "a"]).tolist() == [10] * 5


def test_a_single_group_falls_back_to_frequent_towns():
    X, y = rows(600, 300, 1.0)
    model = TableRegressor(**QUICK, max_iter=2, validation_fraction=0, keep=["town"])
    model.fit(X, y, groups=np.zeros(600))
    assert isinstance(model.inputs_.columns[0], CategoricalColumn)


def test_a_number_of_categories_that_is_none_is_refused():
    X, y = rows(300, 120, 1.0)
    with pytest.raises(ValueError, match="'max_categories' parameter of TableRegressor must be"):
        TableRegressor(max_categories=0).fit(X, y)


@pytest.mark.filterwarnings("ignore", category=DataWarning)
def test_at_the_command_line(tmp_path):
    X, y = rows(800, 200, 1.0)
    X.assign(y=y).to_csv(tmp_path / "towns.csv", index=False)
    for said, most in (((), 201), (("--max-categories", 30), 31)):
        arguments = ("-t", "y", "-fo", tmp_path / "m", "-e", 2, *said)
        chainrule("train", tmp_path / "towns.csv", *arguments)
        column = load(tmp_path / "m").inputs_.columns[0]
        assert isinstance(column, TargetEncodedColumn)
        assert most - 100 * (not said) <= len(column.frequent.values) <= most
        told = chainrule("show", tmp_path / "m", "--json").json["columns"][0]
        assert "cross-fitted target encoding" in told["became"]
    images = ("--model", "cnn", "-o", tmp_path / "d")
    wrong = chainrule("train", "digits", "--max-categories", 30, *images)
    assert wrong.error == "--max-categories: expected a table, got images"
