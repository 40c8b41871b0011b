"""What the recipe makes of rows and columns where its user has not said it."""

import numpy as np
import pytest

from chainrule import TableClassifier, TableRegressor
from chainrule.estimators.tables.recipe import recipe_for
from chainrule.inputs import Options
from chainrule.inputs.tables.learning import settings_of

QUICK = {"members": 2, "hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0}


@pytest.mark.parametrize(
    ("rows", "numbers", "bins"),
    [(3000, 3, 16), (640, 1, 16), (639, 1, 15), (1000, 3, 8), (500, 18, 4), (60, 0, 4)],
)
def test_classes_of_few_rows_and_many_columns_have_fewer_bins(rows, numbers, bins):
    options = Options("", **TableClassifier().encoding)
    assert settings_of(options, numbers, rows).bins == bins


def test_numbers_have_all_bins_whatever_the_rows():
    assert settings_of(Options("", **TableRegressor().encoding), 30, 100).bins == 16


@pytest.mark.parametrize("kind", [TableClassifier, TableRegressor])
def test_bins_that_are_said_are_taken(kind):
    assert settings_of(Options("", **kind(bins=7).encoding), 30, 100).bins == 7


def test_rows_to_train_on_and_columns_of_numbers_decide():
    rng = np.random.default_rng(0)
    X = {"a": rng.normal(size=600), "b": rng.normal(size=600), "c": rng.choice(["x", "y"], 600)}
    y = np.where(X["a"] > 0, "yes", "no")
    classifier = TableClassifier(**QUICK).fit(X, y)  # 480 rows and two columns: 480 / 80
    assert [column.bins for column in classifier.inputs_.columns[:2]] == [6, 6]
    regressor = TableRegressor(**QUICK).fit(X, X["a"] + X["b"])
    assert [column.bins for column in regressor.inputs_.columns[:2]] == [16, 16]
    assert TableClassifier(**QUICK, bins=3).fit(X, y).inputs_.columns[0].bins == 3


def test_classes_take_more_passes_than_numbers():
    passes = [
        recipe_for(kind(), 500, classes=kind is TableClassifier).epochs
        for kind in (TableClassifier, TableRegressor)
    ]
    assert passes == [60, 50]


def test_bins_that_are_none_are_refused():
    with pytest.raises(ValueError, match="The 'bins' parameter of TableRegressor must be"):
        TableRegressor(bins="many").fit([[1.0], [2.0]], [1.0, 2.0])
