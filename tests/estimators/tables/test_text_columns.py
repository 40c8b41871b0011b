"""Tables with a column of free text, from raw rows to answers, files and grids."""

import pickle
import warnings

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV

from chainrule import TableClassifier, TableRegressor, load
from chainrule.data import DataWarning
from chainrule.inputs.tables import CategoricalColumn, TextColumn

QUICK = {"members": 3, "hidden_layer_sizes": (32,), "random_state": 0}
FILLING = ["the", "of", "and", "a", "it", "is", "with", "for", "on", "was", "by", "at", "from"]
COLORS = ["red", "green", "blue", "white", "black"]


def rows(count, seed=0):
    """Adverts, whose words and size make a price: what a color is worth goes with the size."""
    rng = np.random.default_rng(seed)
    size, color = rng.uniform(1, 3, count), rng.integers(0, 5, count)
    fine = rng.random(count) < 0.4
    adverts = [
        " ".join(rng.permutation([*rng.choice(FILLING, 7), COLORS[c], *["fine"] * int(f)]))
        for c, f in zip(color, fine, strict=True)
    ]
    price = size * np.array([1, 2, 3, 4, 5])[color] + 3 * fine + 0.1 * rng.normal(size=count)
    return pandas.DataFrame({"size": size, "advert": adverts}), price


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)  # nothing is left out
        return TableRegressor(**QUICK).fit(*rows(900))


def test_words_beside_numbers_are_learned(fitted):
    new, price = rows(400, seed=1)
    without = TableRegressor(**QUICK, drop=["advert"]).fit(*rows(900))
    assert fitted.score(new, price) > 0.9 > without.score(new, price) + 0.4
    column = fitted.inputs_.columns[1]
    assert isinstance(column, TextColumn)
    assert {"fine", "red", "black"} <= set(column.word_names)
    assert "advert: texts, one each:" in fitted.columns_[1]
    assert "advert: fine" in fitted.inputs_.feature_names


def test_classes_groups_and_weights():
    (X, price), (new, price_new) = rows(900), rows(300, seed=1)
    for edges in ([6], [4, 8]):
        y, y_new = np.digitize(price, edges), np.digitize(price_new, edges)
        model = TableClassifier(**QUICK, class_weight="balanced")
        model.fit(X, y, groups=np.arange(900) // 3)
        assert isinstance(model.inputs_.columns[1], TextColumn)
        assert model.score(new, y_new) > 0.85
        label = len(edges)
        assert f"advert score of {label}" in model.inputs_.feature_names


def test_several_numbers_and_quantiles():
    X, price = rows(500)
    both = TableRegressor(**QUICK, max_iter=5).fit(X, np.column_stack([price, -price]))
    assert len(both.inputs_.columns[1].scores) == 2
    sure = TableRegressor(**QUICK, max_iter=5, quantiles=(0.1, 0.9)).fit(X, price)
    assert sure.predict_interval(X[:9]).shape == (9, 2)


def test_files_threads_and_single_rows_keep_every_bit(fitted, tmp_path):
    new = rows(40, seed=2)[0]
    new.loc[3:5, "advert"] = ["", None, "words that nobody knows"]
    with pytest.warns(DataWarning, match="2 cells missing, none in training"):
        expected = fitted.predict(new)
    fitted.save(tmp_path / "adverts")
    loaded = load(tmp_path / "adverts")
    again = TableRegressor(**QUICK, n_jobs=2).fit(*rows(900))
    assert loaded.columns_ == fitted.columns_
    assert again.inputs_ == loaded.inputs_ == fitted.inputs_
    for model in (loaded, again, pickle.loads(pickle.dumps(fitted))):
        with pytest.warns(DataWarning):
            np.testing.assert_array_equal(model.predict(new), expected)
    singles = np.concatenate([fitted.predict(new.iloc[[row]]) for row in range(3)])
    np.testing.assert_allclose(singles, expected[:3], rtol=1e-5)


def test_how_much_the_column_matters(fitted):
    new, price = rows(200, seed=3)
    new["id"] = 1
    model = TableRegressor(**QUICK, drop=["id"]).fit(rows(900)[0].assign(id=1), rows(900)[1])
    found = permutation_importance(model, new, price, n_repeats=2, random_state=0)
    assert found.importances_mean[1] > found.importances_mean[0] > found.importances_mean[2] == 0
    names = fitted.inputs_.feature_names
    steepest = np.abs(fitted.jacobian(new[["size", "advert"]]))[:, 0].mean(axis=0)
    assert steepest.shape == (len(names),)
    assert steepest[names.index("advert: fine")] > 0


def test_grids_and_clones():
    X, price = rows(240)
    grid = GridSearchCV(TableRegressor(**QUICK, max_iter=4), {"text": [(), ["advert"]]}, cv=2)
    grid.fit(X, price)
    assert np.ptp(grid.cv_results_["mean_test_score"]) == 0  # it is found to be free text
    assert clone(grid.best_estimator_).text == grid.best_params_["text"]


def test_texts_that_repeat_are_texts_by_choice():
    X, price = rows(900)
    X["advert"] = X["advert"].iloc[np.arange(900) % 300].to_numpy()
    X["advert"] = [text.split()[0] + " " + text.split()[1] for text in X["advert"]]
    found = TableRegressor(**QUICK, max_iter=2).fit(X, price)
    assert isinstance(found.inputs_.columns[1], CategoricalColumn)
    X["advert"] = X["advert"] + np.where(price > 6, " dear", " cheap")
    chosen = TableRegressor(**QUICK, max_iter=2, text=["advert"]).fit(X, price)
    assert isinstance(chosen.inputs_.columns[1], TextColumn)
    with pytest.raises(ValueError, match=r"text: no column 'adverts' .*did you mean 'advert'"):
        TableRegressor(text=["adverts"]).fit(X, price)
    with pytest.raises(ValueError, match="one choice for column 'advert', got drop and text"):
        TableRegressor(text=["advert"], drop=["advert"]).fit(X, price)
    with pytest.raises(ValueError, match="'text' parameter of TableRegressor must be"):
        TableRegressor(text="advert").fit(X, price)


def test_a_text_may_be_all_there_is_also_of_an_array():
    X, price = rows(600)
    model = TableRegressor(**QUICK).fit(X[["advert"]], price)
    assert model.score(rows(200, seed=1)[0][["advert"]], rows(200, seed=1)[1]) > 0.4
    array = TableRegressor(**QUICK, max_iter=2, text=["x1"]).fit(X.to_numpy(object), price)
    assert isinstance(array.inputs_.columns[1], TextColumn)


def test_texts_at_random_are_left_out_with_a_word():
    X, price = rows(400)
    X["advert"] = rows(400, seed=9)[0]["advert"]
    with pytest.warns(DataWarning, match="left out, free text, .*, which tells nothing of the ans"):
        model = TableRegressor(**QUICK, max_iter=2).fit(X, price)
    assert model.inputs_.raw_names == ("size",)
    new = X.drop(columns="advert")
    np.testing.assert_array_equal(model.predict(new[:5]), model.predict(X[:5]))
