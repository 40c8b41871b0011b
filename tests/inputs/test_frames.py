"""DataFrames, files and dicts as tables, the same to the bit."""

import warnings

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given, strategies as st

from chainrule.data import DataError, DataWarning, Table, read_csv
from chainrule.data.frames import as_table
from chainrule.inputs import Options, TableEncoder

COLUMNS = {
    "area": [50.5, 70.0, float("nan"), 120.25, 61.0],
    "rooms": [2, 3, 1, 5, 3],
    "kind": ["flat", "barn", "flat", None, "villa"],
    "garden": [True, False, True, True, False],
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "houses.csv"
    pandas.DataFrame(COLUMNS).to_csv(path, index=False)
    return path


def frames(path):
    frame = pandas.DataFrame(COLUMNS)
    yield frame
    yield frame.convert_dtypes()
    yield frame.astype({"kind": "category"})
    yield polars.DataFrame({**COLUMNS, "area": [50.5, 70.0, None, 120.25, 61.0]})
    yield path
    yield str(path)
    yield read_csv(str(path))
    yield {name: column if name == "kind" else np.array(column) for name, column in COLUMNS.items()}


def test_all_kinds_of_tables_give_the_same_features(path):
    encoder = TableEncoder.fit(read_csv(path))
    X, notes = encoder.encode_table(read_csv(path))
    assert notes == []
    for data in frames(path):
        np.testing.assert_array_equal(TableEncoder.fit(as_table(data)).encode(data), X)
        np.testing.assert_array_equal(encoder.encode(data), X)


def test_pyarrow_tables_have_columns_too(path):
    pyarrow = pytest.importorskip("pyarrow")
    encoder = TableEncoder.fit(read_csv(path))
    table = pyarrow.table({**COLUMNS, "area": [50.5, 70.0, None, 120.25, 61.0]})
    np.testing.assert_array_equal(encoder.encode(table), encoder.encode(path))


def test_true_of_a_frame_is_true_of_a_file(path):
    path.write_text("garden,x\ntrue,1\nfalse,2\ntrue,4\n")
    encoder = TableEncoder.fit(read_csv(path))
    np.testing.assert_array_equal(encoder.encode(pandas.read_csv(path)), encoder.encode(path))


def test_what_is_unusual_is_a_warning(path):
    encoder = TableEncoder.fit(read_csv(path))
    other = pandas.DataFrame(COLUMNS).assign(kind="castle")
    with pytest.warns(DataWarning, match=r"column 'kind': 5 cells .* encoded as zeros: 'castle'"):
        encoder.encode(other)
    with pytest.raises(DataError, match="lacks columns seen in training: 'kind'"):
        encoder.encode(other.drop(columns="kind"))


def test_single_values_are_no_columns():
    with pytest.raises(DataError, match=r"a list of cells for each column, .* value for 'rooms'"):
        as_table({"rooms": 1, "kind": "flat"})


@pytest.mark.parametrize("data", [np.zeros((3, 2)), [[1, 2]], 7])
def test_arrays_have_no_columns(data):
    with pytest.raises(DataError, match="expected a table with named columns: a DataFrame"):
        as_table(data)


def first_encoded(encoder, table):
    return encoder.encode_table(table)[0]


def outcome(call, *arguments):
    """Return what a call returns, or the text of its error."""
    try:
        return call(*arguments)
    except DataError as error:
        return str(error)


cells = st.sampled_from(["1", "2.5", "-7e3", "", "NA", "x", "1e300", " 3", "inf"])
words = st.sampled_from(["red", "blue", "", "new", "(other)", "(missing)", " red", "True"])


@given(st.lists(st.tuples(cells, words), min_size=1, max_size=5))
def test_one_row_is_encoded_as_among_others(rows):
    learned = Table(("x", "c"), (["1", "2", "", "4"], ["red", "blue", "red", "true"]))
    encoder = TableEncoder.fit(learned)
    for x, c in rows:
        row = Table(("x", "c"), ([x], [c]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            expected = outcome(first_encoded, encoder, row)
            np.testing.assert_equal(outcome(encoder.encode, row), expected)


@pytest.mark.parametrize("rows", [6, 60])
def test_a_type_of_categories_says_so_though_they_look_like_numbers(rows):
    towns = [1067 + 17 * (row % 3) for row in range(rows)]
    noise = np.random.default_rng(0).normal(size=rows)

    def kind(column, options=None):
        library = polars if isinstance(column, polars.Series) else pandas
        table = as_table(library.DataFrame({"town": column, "x": noise}))
        return TableEncoder.kinds(table, options)["town"].kind

    series = pandas.Series(towns)
    assert kind(series) == "numbers"
    assert kind(series.astype("category")) == "categories"
    ordered = pandas.CategoricalDtype(sorted(set(towns)), ordered=True)
    assert kind(series.astype(ordered)) == "numbers"
    assert kind(polars.Series(map(str, towns), dtype=polars.Categorical)) == "categories"
    chosen = Options("TableEncoder", numeric=("town",))
    assert kind(series.astype("category"), chosen) == "numbers"
    encoder = TableEncoder.fit(as_table(pandas.DataFrame({"town": series.astype("category")})))
    expected = encoder.encode(pandas.DataFrame({"town": series.astype("category")}))
    for other in (series, series.astype(str), series.astype(float)):  # the same categories
        np.testing.assert_array_equal(encoder.encode(pandas.DataFrame({"town": other})), expected)


@pytest.mark.parametrize("rows", [1, 16, 17])
def test_numbers_of_a_frame_are_read_as_they_are_whatever_a_file_has(rows):
    """A file's 1.234 is 1234 where points are thousands; a frame's number never is."""
    values = np.linspace(1000.5, 9999.25, 60)
    german = [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in values]
    encoder = TableEncoder.fit(as_table({"price": [*german, ""]}), Options("test"))
    numbers = np.resize([1.234, 8000.5, 1500.0, np.nan], rows)
    expected = encoder.encode(as_table({"price": numbers}))
    written = encoder.encode(as_table({"price": ["1,234", "8.000,5"]}))
    assert np.array_equal(written[0], expected[0])
    missing = [None if np.isnan(value) else value for value in numbers.tolist()]
    for frame in (
        pandas.DataFrame({"price": numbers}),
        pandas.DataFrame({"price": pandas.Series(missing, dtype=object)}),
        polars.DataFrame({"price": missing}),
        {"price": numbers.tolist()},
        {"price": missing},
        {"price": list(numbers)},
    ):
        assert np.array_equal(encoder.encode(as_table(frame)), expected)
