"""Answers as they come: of pandas' types, missing, of two types, of the wrong kind."""

from decimal import Decimal

import numpy as np
import pandas
import pytest

from chainrule import TableClassifier, TableRegressor

FRAME = pandas.DataFrame({"area": np.linspace(0, 1, 20), "city": ["Bonn", "Kiel"] * 10})
WORDS = pandas.Series(["no", "yes"] * 10)
NUMBERS = FRAME["area"] + (FRAME["city"] == "Kiel")
QUICK = {"members": 2, "hidden_layer_sizes": 4, "max_iter": 2, "random_state": 0}


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_a_class_is_missing(kind):
    y = WORDS.astype(kind)
    y[[3, 7]] = None
    with pytest.raises(ValueError, match=r"Input y contains NaN. TableClassifier expected an ans.*"
                       r"got none in 2 of 20, row 3 the first: leave such rows out"):
        TableClassifier(**QUICK).fit(FRAME, y)


@pytest.mark.parametrize("kind", [object, "float64", "Float64"])
def test_a_number_is_missing(kind):
    y = NUMBERS.astype(kind)
    y[5] = None
    for given in (y, y.to_frame()):
        with pytest.raises(ValueError, match=r"TableRegressor expected .* in 1 of 20, row 5"):
            TableRegressor(**QUICK).fit(FRAME, given)


def test_a_list_of_words_and_nan():
    with pytest.raises(ValueError, match=r"Classifier expected .* in 10 of 20, row 1 the first"):
        TableClassifier(**QUICK).fit(FRAME, ["yes", np.nan] * 10)


def test_classes_of_two_types():
    with pytest.raises(ValueError, match="expected classes of one type as y, got int and str"):
        TableClassifier(**QUICK).fit(FRAME, pandas.Series([1, "a"] * 10, dtype=object))


def test_numbers_for_a_classifier():
    with pytest.raises(ValueError, match=r"got numbers such as 0.0526316; TableRegressor"):
        TableClassifier(**QUICK).fit(FRAME, FRAME["area"].astype(object))
    with pytest.raises(ValueError, match=r"Unknown label type: continuous.* such as 0.0526316;"):
        TableClassifier(**QUICK).fit(FRAME, FRAME["area"])


@pytest.mark.parametrize("y", [["yes", "no"] * 10, WORDS, WORDS.astype("category")])
def test_words_for_a_regressor(y):
    with pytest.raises(ValueError, match=r"TableRegressor: expected numbers as y, got '(yes|no)'"):
        TableRegressor(**QUICK).fit(FRAME, y)


def test_numbers_of_any_type():
    expected = TableRegressor(**QUICK).fit(FRAME, [0.0, 1.0] * 10).predict(FRAME)
    for y in ([False, True], ["0", "1"], [Decimal(0), Decimal(1)], [np.float32(0), np.float32(1)]):
        found = TableRegressor(**QUICK).fit(FRAME, y * 10).predict(FRAME)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_an_answer_of_those_held_out_is_missing(missing):
    with pytest.raises(ValueError, match=r"Classifier expected .* in 1 of 20, row 0 the first"):
        TableClassifier(**QUICK).fit(FRAME, WORDS, X_val=FRAME, y_val=[missing, *WORDS[1:]])


@pytest.mark.parametrize("y", [[1.0, np.inf], ["1", "1e999"], [Decimal(1), Decimal("Infinity")]])
def test_an_infinite_number(y):
    with pytest.raises(ValueError, match=r"Input y contains infinity"):
        TableRegressor(**QUICK).fit(FRAME, pandas.Series(y * 10, dtype=object))


def test_the_infinite_number_is_named():
    with pytest.raises(ValueError, match="expected finite numbers as y, got '1e999' in row 1"):
        TableRegressor(**QUICK).fit(FRAME, ["1", "1e999"] * 10)


@pytest.mark.parametrize("y", [[1, 2], [True, False], [1.0, np.float64(2)]])
def test_whole_numbers_among_objects_are_classes(y):
    model = TableClassifier(**QUICK).fit(FRAME, pandas.Series(y * 10, dtype=object))
    expected = TableClassifier(**QUICK).fit(FRAME, np.array(y * 10))
    np.testing.assert_array_equal(model.predict(FRAME), expected.predict(FRAME))
    assert model.classes_.dtype == expected.classes_.dtype


@pytest.mark.parametrize("kind", [object, "datetime64[ns]", "timedelta64[ns]"])
def test_times_are_no_classes(kind):
    y = pandas.Series([3600 * 10**9, 7200 * 10**9] * 10).astype(
        "datetime64[ns]" if kind is object else kind
    )
    with pytest.raises(ValueError, match=r"Unknown label type: .*expected classes as y that are t"):
        TableClassifier(**QUICK).fit(FRAME, y.astype(kind))
