"""Numbers as piecewise-linear features: the formula, its limits, and the same bits on all ways."""

import copy
import json
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from chainrule.data import DataError, DataWarning, Table
from chainrule.inputs import TableEncoder
from chainrule.inputs.base import Options
from chainrule.inputs.tables import PiecewiseColumn
from chainrule.inputs.tables.readings import AS_IT_IS

PIECEWISE = Options("TableRegressor", encoding="piecewise")


def table(**columns):
    return Table(tuple(columns), tuple(columns.values()))


def fitted(x, bins=16):
    return PiecewiseColumn.fit("x", np.array(x, float), AS_IT_IS, bins)


def encoded(column, x):
    out = np.full((len(x), len(column.feature_names)), np.nan, np.float32)
    return out, column.encode_numbers(np.array(x, float), out)


def by_hand(column, x):
    """The features of one number, in Python's own arithmetic."""
    z = (x - column.median) / column.scale
    bins = zip(column.edges, column.edges[1:], strict=False)
    inside = [min(max((x - low) / (high - low), 0), 1) for low, high in bins]
    return [z / (1 + (z / 3) ** 2) ** 0.5, *inside]


def test_bins_by_hand():
    column = fitted([0, 1, 2, 3, 4, 5, 6, 7, 8], bins=4)
    assert (column.median, column.scale) == (4, 4)
    assert column.edges == (0, 2, 4, 6, 8)
    assert column.feature_names == ("x", "x to 2 [1]", "x to 4 [2]", "x to 6 [3]", "x to 8 [4]")
    X, notes = encoded(column, [5, -1, 100])
    np.testing.assert_allclose(X, [by_hand(column, x) for x in (5, -1, 100)], rtol=1e-6)
    np.testing.assert_array_equal(X[0, 1:], [1, 1, 0.5, 0])
    np.testing.assert_array_equal(X[1:, 1:], [[0, 0, 0, 0], [1, 1, 1, 1]])
    assert notes == []


def test_very_many_columns_have_fewer_bins_each():
    x = np.arange(40.0)
    for columns, bins in ((256, 16), (1000, 4), (4000, 2)):
        wide = Table(tuple(f"x{n}" for n in range(columns)), (x,) * columns)
        (column, *_) = TableEncoder.fit(wide, PIECEWISE).columns
        assert len(column.edges) == bins + 1


def test_few_values_have_an_edge_each_and_two_have_none():
    assert fitted([3, 5, 3, 9] * 9).edges == (3, 5, 9)
    flags = fitted([0, 1, 1, 1])
    assert flags.edges == ()
    np.testing.assert_allclose(encoded(flags, [0, 1])[0], [[-(0.9**0.5)], [0.9**0.5]], rtol=1e-7)
    assert fitted([2, 2, 2]) is None


def test_most_rows_at_one_number():
    column = fitted([0] * 90 + list(range(100)), bins=4)
    assert column.scale == 51.75  # of 190 rows, the quartiles are 0 and 51.75
    heavy = fitted([0] * 990 + list(range(1, 100)), bins=4)
    assert heavy.scale == 49.5  # half of the range, as both quartiles are 0


def test_a_frequent_number_does_not_take_the_edges_of_the_rest():
    zeros = fitted([0] * 700 + list(range(1, 101)), bins=8)
    # they count for 100 rows, as many as the others are: half of the bins are for these
    assert zeros.edges == (0, 25, 50, 75, 100)
    both = fitted([0] * 300 + list(range(1, 201)) + [999] * 300, bins=8)
    assert both.edges == (0, 50, 100, 150, 200, 999)


@given(st.lists(st.integers(0, 9) | st.integers(0, 10**6), min_size=60), st.integers(2, 8))
def test_edges_rise_among_what_was_seen_and_are_no_more_than_asked_for(x, bins):
    column = fitted([*x, *range(20)], bins=bins)
    assume(column.edges)
    edges = np.array(column.edges)
    assert (np.diff(edges) > 0).all()
    assert (edges[0], edges[-1]) == (0, max(max(x), 19))
    assert len(edges) - 1 <= bins


def test_missing_cells_are_zeros_and_known():
    X, notes = encoded(fitted([1, 2, 4, np.nan]), [np.nan, 4])
    np.testing.assert_array_equal(X[0], [0, 0, 0, 1])
    np.testing.assert_array_equal(X[1, 1:], [1, 1, 0])
    assert notes == []
    column = fitted([1, 2, 4])
    X, notes = encoded(column, [np.nan, column.median])
    np.testing.assert_array_equal(X[0], X[1])
    assert notes == ["column 'x': 1 cell missing, none in training; median taken"]


@pytest.mark.parametrize("x", [[1.7e308, -1.7e308, 0, 1], [1e-150, 0, 2e-150], [1e300, 1e-300, 2]])
def test_numbers_of_any_magnitude_stay_bounded(x):
    column = fitted(x)
    X, _ = encoded(column, [*x, 1.7e308, -1.7e308, 1e-310])
    assert np.isfinite(X).all()
    assert np.abs(X).max() <= 3


def test_far_numbers_are_no_error_and_infinite_ones_are():
    encoder = TableEncoder.fit(table(x=["1", "2", "3"]), PIECEWISE)
    far = encoder.encode(table(x=["1e300"]))
    np.testing.assert_allclose(far, [[3, 1, 1]])
    np.testing.assert_array_equal(encoder.encode_table(table(x=["1e300"]))[0], far)
    with pytest.raises(DataError, match="column 'x', line 2: expected a finite number, got 'inf'"):
        encoder.encode(table(x=["inf"]))
    with pytest.raises(DataError, match="column 'x', line 3: expected a finite number, got 'inf'"):
        encoder.encode(table(x=np.array([1.0, np.inf])))


rows = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6).map(repr) | st.just(""),
        st.integers(0, 5).map(str),
        st.sampled_from(["red", "blue", ""]),
        st.sampled_from(["yes", "no"]),
    ),
    min_size=3,
    max_size=30,
)


@given(rows)
def test_all_ways_give_the_same_bits(cells):
    a, b, c, d = map(list, zip(*cells, strict=True))
    t = table(a=a, b=b, c=c, d=d)
    try:
        encoder = TableEncoder.fit(t, PIECEWISE)
    except DataError:
        return
    X = encoder.encode_table(t)[0]
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder
    np.testing.assert_array_equal(again.encode_table(t)[0], X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        for row in range(len(t)):
            one = encoder.encode(t.select(np.array([row])))
            np.testing.assert_array_equal(one[0], X[row])
    numbers = [np.array([float(x or "nan") for x in column]) for column in (a, b)]
    frame = Table(("a", "b", "c", "d"), (*numbers, c, d))
    np.testing.assert_array_equal(encoder.encode_table(frame)[0], X)
    for column, block in zip(encoder.columns, encoder.blocks, strict=True):
        alone = np.empty((len(t), block.width), np.float32)
        column.encode(t.column(column.name), alone, t.line)
        np.testing.assert_array_equal(X[:, block.slice], alone)
        assert encoder.feature_names[block.slice] == column.feature_names


def test_many_rows_are_encoded_as_few_are():
    rng = np.random.default_rng(0)
    columns = {f"x{k}": rng.standard_cauchy(5000) for k in range(7)}
    encoder = TableEncoder.fit(table(**columns), PIECEWISE)
    X = encoder.encode_table(table(**columns))[0]
    assert X.shape == (5000, 7 * 17)
    for row in (0, 2500, 4999):
        for place, (column, x) in enumerate(zip(encoder.columns, columns.values(), strict=True)):
            part = X[row, 17 * place : 17 * place + 17]
            np.testing.assert_allclose(part, by_hand(column, x[row]), rtol=1e-5, atol=1e-7)


JSON = TableEncoder.fit(table(x=["1", "2", "3", ""]), PIECEWISE).to_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": 0.0}, "scale: expected a finite number above 0"),
        ({"edges": [1.0, 1.0, 2.0]}, "expected none, or three increasing numbers or more"),
        ({"edges": [1.0, 2.0]}, "expected none, or three increasing numbers or more"),
        ({"edges": [1.0, 2.0, 1e301]}, "expected numbers up to 1e"),
        ({"edges": [float(k) for k in range(1026)]}, "a list of 0 to 1,025 items"),
        ({"edges": 3}, "edges: expected a list"),
        ({"missing": 1}, "missing: expected true or false"),
        ({"reading": 1}, "reading: expected an object"),
        ({"reading": {"format": {}, "blanks": []}}, "format: expected the keys"),
        ({"kind": "spline"}, "kind: expected one of .*, got 'spline'"),
        ({"more": 1}, "expected the keys"),
    ],
)
def test_odd_json_is_refused(change, message):
    data = copy.deepcopy(JSON)
    data["columns"][0].update(change)
    with pytest.raises(ValueError, match=message):
        TableEncoder.from_json(data)


def test_bins_of_a_height():
    x = np.arange(100.0)
    tall, low = fitted(x), PiecewiseColumn.fit("x", x, AS_IT_IS, 16, 0.3)
    X, Y = (np.empty((100, len(each.feature_names)), np.float32) for each in (tall, low))
    tall.encode_numbers(x, X)
    low.encode_numbers(x, Y)
    np.testing.assert_array_equal(Y[:, 0], X[:, 0])
    np.testing.assert_allclose(Y[:, 1:], 0.3 * X[:, 1:], rtol=1e-6)
    assert PiecewiseColumn.from_json(low.to_json(), "x") == low
    assert "height" not in tall.to_json()


def test_few_different_values_have_an_edge_each():
    assert fitted(np.arange(32.0)).edges == tuple(range(32))
    assert len(fitted(np.arange(33.0)).edges) == 17
