"""Columns by other names than texts, without a name, without any, and of cells of any type."""

import numpy as np
import pandas
import polars
import pytest

from chainrule import TableClassifier, TableRegressor, load
from chainrule.data import DataError

AREA, CITY = np.linspace(0, 1, 20), ["Bonn", "Kiel"] * 10
PRICE = AREA + np.tile([0.0, 1.0], 10)
QUICK = {"members": 2, "hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}


def test_answers_in_a_column_whose_name_is_a_number():
    table = pandas.DataFrame({0: AREA, 1: CITY, 2: PRICE})
    model = TableRegressor(**QUICK).fit(table, target=2)
    expected = TableRegressor(**QUICK).fit(table[[0, 1]], PRICE).predict(table[[0, 1]])
    np.testing.assert_array_equal(model.predict(table), expected)
    np.testing.assert_array_equal(model.predict(table[[0, 1]]), expected)
    assert model.score(table) == model.score(table[[0, 1]], PRICE)


def test_a_column_without_a_name(tmp_path):
    table = pandas.DataFrame({"": AREA, "city": CITY})
    named = table.rename(columns={"": "area"})
    model = TableRegressor(**QUICK).fit(table, PRICE)
    expected = TableRegressor(**QUICK).fit(named, PRICE).predict(named)
    np.testing.assert_array_equal(model.predict(table), expected)
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "m.safetensors").predict(table), expected)


def test_no_columns():
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(20, 0\)\) while a minimum"):
        TableRegressor(**QUICK).fit(pandas.DataFrame(index=range(20)), PRICE)


def test_cells_that_are_lists_are_categories():
    table = pandas.DataFrame({"area": AREA, "rooms": [[1, 2], [3]] * 10})
    model = TableRegressor(**QUICK).fit(table, PRICE)
    assert model.columns_[1] == "rooms: categories, one each: '[1, 2]', '[3]'"


def test_the_largest_numbers_overflow_nowhere(recwarn):
    table = pandas.DataFrame({"area": AREA, "far": np.tile([-1.7e308, 1.7e308], 10)})
    assert np.isfinite(TableRegressor(**QUICK).fit(table, PRICE).predict(table)).all()
    assert not recwarn.list


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"a": 1, "y": "u"}, {"a": 2, "y": "v"}], r"a list of dicts; pandas.DataFrame\(X\) makes"),
        (pandas.Series([1.0, 2.0]), r"a Series, which is one column; X.to_frame\(\) makes a table"),
        (polars.Series([1.0, 2.0]), r"a Series, which is one column; X.to_frame\(\) makes a table"),
    ],
)
def test_rows_that_a_table_can_be_made_of_are_told_how(rows, expected):
    model = TableClassifier(members=2, max_iter=1)
    for arguments in ({"target": "y"}, {"y": ["u", "v"]}):
        with pytest.raises(DataError, match=f"^TableClassifier: expected a table .* {expected}"):
            model.fit(rows, **arguments)
    model.fit(pandas.DataFrame({"a": [1.0, 2.0]}), ["u", "v"])
    with pytest.raises(DataError, match=f"^TableClassifier: expected a table .* {expected}"):
        model.predict(rows)
