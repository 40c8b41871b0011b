"""Answers as they come: of pandas' types, missing, of two types, of the wrong kind."""

from decimal import Decimal

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.exceptions import ConvergenceWarning

from chainrule import MLPClassifier, TableClassifier, TableRegressor, strict_json
from chainrule.data import DataError
from chainrule.data.frames import as_table

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
    with pytest.raises(ValueError, match=r"expected labels that are all numbers, .* got 'a'"):
        TableClassifier(**QUICK).fit(FRAME, pandas.Series([1, "a"] * 10, dtype=object))


def test_numbers_for_a_classifier():
    with pytest.raises(ValueError, match=r"got numbers such as 0.0526316; TableRegressor"):
        TableClassifier(**QUICK).fit(FRAME, FRAME["area"].astype(object))
    with pytest.raises(ValueError, match=r"Unknown label type: continuous.* such as 0.0526316;"):
        TableClassifier(**QUICK).fit(FRAME, FRAME["area"])


def test_a_column_of_numbers_for_a_classifier():
    many = pandas.DataFrame({"x": np.arange(40) % 7, "price": np.linspace(0.5, 9, 40)})
    with pytest.raises(ValueError, match=r"continuous.* such as 0.5; TableRegressor predicts"):
        TableClassifier(**QUICK).fit(many, target="price")
    sizes = many.assign(size=np.array([1.5, 2.5])[np.arange(40) % 2])[["x", "size"]]
    model = TableClassifier(**QUICK).fit(sizes, target="size")
    assert model.classes_.tolist() == [1.5, 2.5]


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


COUNTS = np.array([2, 5, 7])[np.arange(60) % 3]
ROWS = pandas.DataFrame({"area": np.linspace(0, 1, 60), "city": ["Bonn", "Kiel"] * 30})
TYPES = {
    "Int64": (pandas.Series(COUNTS, dtype="Int64"), np.int64),
    "UInt8": (pandas.Series(COUNTS, dtype="UInt8"), np.uint8),
    "int16[pyarrow]": (pandas.Series(COUNTS, dtype="int16[pyarrow]"), np.int16),
    "boolean": (pandas.Series(COUNTS > 2, dtype="boolean"), np.bool_),
    "bool[pyarrow]": (pandas.Series(COUNTS > 2, dtype="bool[pyarrow]"), np.bool_),
    "string": (pandas.Series(COUNTS).astype("string"), "U"),
    "string[pyarrow]": (pandas.Series(COUNTS).astype("string[pyarrow]"), "U"),
    "polars integers": (polars.Series("y", COUNTS), np.int64),
    "polars booleans": (polars.Series("y", COUNTS > 2), np.bool_),
    "polars strings": (polars.Series("y", COUNTS.astype(str)), "U"),
    "arrow integers": (pyarrow.array(COUNTS), np.int64),
    "arrow booleans": (pyarrow.array(COUNTS > 2), np.bool_),
    "arrow strings": (pyarrow.array(COUNTS.astype(str).tolist()), "U"),
}


def of_type(array, kind):
    """Say whether an array is of a type, or of texts."""
    return array.dtype == kind or array.dtype.kind == kind


def column(frame):
    """Return the answers' cells."""
    return as_table(frame).target("y")


def in_a_frame(y):
    """Return a frame of the answers' library with them as its last column."""
    if isinstance(y, pandas.Series):
        return ROWS.assign(y=y)
    if isinstance(y, polars.Series):
        return polars.from_pandas(ROWS).with_columns(y.alias("y"))
    return pyarrow.Table.from_pandas(ROWS).append_column("y", y)


@pytest.mark.parametrize("name", TYPES)
def test_classes_are_of_numpys_natural_type(name):
    y, kind = TYPES[name]
    plain = np.asarray(y.to_pylist() if isinstance(y, pyarrow.Array) else list(y))
    model = TableClassifier(**QUICK).fit(ROWS, y)
    assert model.classes_.tolist() == np.unique(plain).tolist()
    assert of_type(model.classes_, kind)
    assert of_type(model.predict(ROWS), kind)
    np.testing.assert_array_equal(
        model.predict_proba(ROWS), TableClassifier(**QUICK).fit(ROWS, plain).predict_proba(ROWS)
    )
    score = np.mean(model.predict(ROWS) == plain)
    assert model.score(ROWS, y) == model.score(ROWS, plain) == score
    validated = TableClassifier(**QUICK).fit(ROWS, y, X_val=ROWS, y_val=y)
    assert of_type(validated.classes_, kind)


@pytest.mark.parametrize("name", TYPES)
def test_a_column_of_a_frame_gives_the_same_classes(name):
    y, kind = TYPES[name]
    frame = in_a_frame(y)
    model = TableClassifier(**QUICK).fit(frame, target="y")
    kind = np.int64 if kind in (np.uint8, np.int16) else kind  # cells have no width
    kind = np.int64 if kind == "U" else kind  # and numbers that are written out are numbers
    assert of_type(model.classes_, kind)
    assert of_type(model.predict(frame), kind)
    assert model.score(frame) == np.mean(model.predict(frame) == model.targets_.read(column(frame)))


@pytest.mark.parametrize("kind", ["Int64", "boolean", "string", "int64[pyarrow]", object])
def test_a_missing_answer_is_named_with_its_row(kind):
    y = pandas.Series(COUNTS > 2).astype(int).astype(kind)
    y[[4, 9]] = None
    with pytest.raises(ValueError, match=r"expected an answer for each row, got none in 2 of 60, "
                       "row 4 the first"):
        TableClassifier(**QUICK).fit(ROWS, y)
    with pytest.raises(ValueError, match=r"target 'y', row 4: expected a value, got an empty"):
        TableClassifier(**QUICK).fit(ROWS.assign(y=y), target="y")


@pytest.mark.parametrize("made", [polars.Series, lambda values: pyarrow.array(values)])
def test_polars_and_arrow_name_it_too(made):
    y = made([None if row == 4 else int(value) for row, value in enumerate(COUNTS)])
    for kind in (TableClassifier, TableRegressor):
        with pytest.raises(ValueError, match=r"got none in 1 of 60, row 4 the first"):
            kind(**QUICK).fit(ROWS, y)


def test_numbers_may_be_of_such_types():
    expected = TableRegressor(**QUICK).fit(ROWS, COUNTS)
    for kind in ("Int64", "Float64", "int64[pyarrow]", "double[pyarrow]", object):
        y = pandas.Series(COUNTS).astype(kind)
        model = TableRegressor(**QUICK).fit(ROWS, y)
        np.testing.assert_array_equal(model.predict(ROWS), expected.predict(ROWS))
        assert model.score(ROWS, y) == expected.score(ROWS, COUNTS)


def test_other_classifiers_take_them_too():
    X = ROWS[["area"]].to_numpy()
    for dtype, kind in (("Int64", np.int64), ("boolean", np.bool_)):
        y = pandas.Series(COUNTS > 2).astype(dtype)
        model = MLPClassifier((3,), max_iter=2, random_state=0)
        with pytest.warns(ConvergenceWarning):
            model.fit(X, y)
        assert model.classes_.dtype == model.predict(X).dtype == kind
        assert model.score(X, y) == np.mean(model.predict(X) == y.to_numpy(dtype=kind))


def test_truth_values_that_are_objects_are_classes_that_are_truth_values():
    truths = (WORDS == "yes").astype(object)
    for rows in (FRAME.assign(y=truths), {**FRAME.to_dict("list"), "y": truths.to_list()}):
        model = TableClassifier(**QUICK).fit(rows, target="y")
        assert model.classes_.tolist() == [False, True]
        assert model.predict(rows).dtype == np.bool_


@pytest.mark.parametrize("kind", [object, "str"])
def test_texts_that_no_file_keeps_are_refused_before_they_are_learned(kind):
    longest = strict_json.LONGEST_TEXT
    for size in (longest, longest + 1):
        long = FRAME.assign(city=FRAME["city"].replace("Kiel", "K" * size)).astype({"city": kind})
        words = WORDS.replace("yes", "y" * size).astype(kind)
        if size == longest:
            TableClassifier(**QUICK, keep=["city"]).fit(long, WORDS)
            TableClassifier(**QUICK).fit(FRAME, words)
            continue
        with pytest.raises(DataError, match=r"column 'city': expected a text .* no file could ke"):
            TableClassifier(**QUICK, keep=["city"]).fit(long, WORDS)
        with pytest.raises(ValueError, match="classes: expected a text of 0 to 131,072 char"):
            TableClassifier(**QUICK).fit(FRAME, words)
