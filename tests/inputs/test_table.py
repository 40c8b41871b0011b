"""Tables as features: what is learnt, from which part, and what encoding refuses."""

import copy
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.data import DataError, Table
from chainrule.data.cells import Moments
from chainrule.inputs import TableEncoder
from chainrule.inputs.tables import CategoricalColumn, NumericColumn


def table(**columns: list[str]) -> Table:
    return Table(tuple(columns), tuple(columns.values()))


MIXED = table(
    age=["20", " 30", "NA", "70", "4e1"],
    color=["red", "blue", "red", "", "red "],
    same=["1", "1.0", "1", "1", "1"],
    void=["", "?", "n/a", "None", "null"],
)


def test_learning_by_hand():
    encoder = TableEncoder.fit(MIXED)
    age, color = encoder.columns
    assert age == NumericColumn("age", 40.0, math.sqrt(350.0), 35.0, missing=True)
    assert color == CategoricalColumn("color", ("blue", "red", "(missing)"))
    assert encoder.dropped == (("same", "constant"), ("void", "every cell is missing"))
    assert encoder.feature_names == (
        "age", "age (missing)", "color=blue", "color=red", "color=(missing)",
    )  # fmt: skip


def test_encoding_by_hand():
    X, notes = TableEncoder.fit(MIXED).encode_table(MIXED)
    s = math.sqrt(350.0)
    expected = [
        [-20 / s, 0, 0, 1, 0],
        [-10 / s, 0, 1, 0, 0],
        [-5 / s, 1, 0, 1, 0],
        [30 / s, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
    ]
    assert X.dtype == np.float32
    np.testing.assert_allclose(X, expected, rtol=1e-6)
    assert notes == []


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@given(st.lists(numbers, min_size=2, max_size=40).filter(lambda x: max(x) - min(x) > 0.1))
def test_the_training_part_has_mean_0_and_deviation_1(values):
    t = table(x=[repr(v) for v in values])
    X, _ = TableEncoder.fit(t).encode_table(t)
    assert abs(X.mean(dtype=np.float64)) < 1e-6
    assert abs(X.std(dtype=np.float64) - 1) < 1e-5


def test_the_rules_are_those_of_the_training_part():
    encoder = TableEncoder.fit(table(x=["0", "2"], c=["a", "b"]))
    X, notes = encoder.encode_table(table(c=["a", "z", ""], x=["5", "", "1"]))
    np.testing.assert_array_equal(X, [[4, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert notes == [
        "column 'x': 1 cell missing, none in training; median taken",
        "column 'c': 1 cell missing, none in training; encoded as zeros",
        "column 'c': 1 cell with values not seen in training, encoded as zeros: 'z'",
    ]


def test_extra_columns_are_ignored_and_noted_but_dropped_ones_are_known():
    encoder = TableEncoder.fit(table(x=["0", "2"], same=["1", "1"]))
    X, notes = encoder.encode_table(table(new=["?"], same=["7"], x=["2"]))
    np.testing.assert_array_equal(X, [[1]])
    assert notes == ["columns not seen in training are ignored: 'new'"]


@pytest.mark.parametrize(
    "x",
    [
        [1.7e308, -1.7e308, 1e308, 1.0],
        [5e-324, 0.0, 1e-323],
        [1e-307, 0.0, 2e-307],
        [-1e-200, 0.0],
        [1e9, 1e9 + 1, 1e9 + 2],
        [1e300, 2e300, 1e-300],
    ],
)
def test_moments_of_any_magnitude(x):
    exact = [Fraction(v) for v in x]
    mean = sum(exact) / len(exact)
    moments = Moments.of(np.array(x))
    assert moments.mean == pytest.approx(float(mean), rel=1e-12, abs=5e-324)
    largest = max(abs(v - mean) for v in exact)
    relative = float(sum(((v - mean) / largest) ** 2 for v in exact) / len(exact))
    expected = float(largest * Fraction(math.sqrt(relative)))
    assert moments.scale == pytest.approx(expected, rel=1e-6, abs=5e-324)
    assert math.isfinite(moments.median)


def test_a_constant_up_to_rounding_is_constant():
    encoder = TableEncoder.fit(table(x=["0.1", "0.2"], y=["0.3", repr(0.1 + 0.2)]))
    assert encoder.dropped == (("y", "constant"),)


def test_large_offsets_keep_their_digits():
    t = table(x=["1000000000", "1000000001"])
    np.testing.assert_allclose(TableEncoder.fit(t).encode_table(t)[0], [[-1], [1]], rtol=1e-6)


def test_one_value_or_missing_is_a_category():
    encoder = TableEncoder.fit(table(x=["1", "", "1"]))
    assert encoder.feature_names == ("x=1", "x=(missing)")


def test_many_categories_keep_the_most_frequent_and_other():
    cells = [f"v{i:03d}" for i in range(150) for _ in range(5 if i >= 50 else 4)]
    encoder = TableEncoder.fit(table(c=[*cells, ""]))
    (column,) = encoder.columns
    assert isinstance(column, CategoricalColumn)
    assert column.values == (*(f"v{i:03d}" for i in range(50, 150)), "(other)", "(missing)")
    X, notes = encoder.encode_table(table(c=["v000", "v149", "new", ""]))
    assert X.argmax(axis=1).tolist() == [100, 99, 100, 101]
    assert (X.sum(axis=1) == 1).all()
    assert notes == []


def test_identifiers_are_dropped():
    t = table(id=[f"u{i}" for i in range(101)], x=[str(i) for i in range(101)])
    encoder = TableEncoder.fit(t)
    assert encoder.dropped == (("id", "a different value in each row"),)
    assert encoder.remarks == (("x", "it counts the rows, but no other is left"),)


def test_a_column_spoilt_by_one_word_says_which():
    t = table(x=[*(f"{i}.5" for i in range(200)), "12o"], y=["a", *["b"] * 200])
    encoder = TableEncoder.fit(t)
    assert encoder.feature_names[:2] == ("x", "x (missing)")
    said = "column 'x' is taken for numbers: 1 cell taken as missing, '12o' in line 202"
    assert encoder.notes() == [said]


@pytest.mark.parametrize("cell", ["1_000", "٣", "0x10", "1,5,5", "one"])
def test_what_python_or_people_may_take_for_a_number_is_a_word(cell):
    (column,) = TableEncoder.fit(table(x=["1", cell])).columns
    assert isinstance(column, CategoricalColumn)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinite_cells_are_errors_in_training_and_later(cell):
    with pytest.raises(
        DataError, match=f"column 'x', line 3: expected a finite number, got '{cell}'"
    ):
        TableEncoder.fit(table(x=["1", cell, "2"]))
    encoder = TableEncoder.fit(table(x=["1", "2"]))
    with pytest.raises(
        DataError, match=f"column 'x', line 2: expected a finite number, got '{cell}'"
    ):
        encoder.encode_table(table(x=[cell]))


def test_errors_of_fit():
    with pytest.raises(DataError, match="expected rows to learn from, got none"):
        TableEncoder.fit(table(x=[]))
    with pytest.raises(DataError, match="no column is left to learn from: 'x': constant"):
        TableEncoder.fit(table(x=["1", "1"]))


def test_errors_of_encode():
    encoder = TableEncoder.fit(table(x=["1", "2"], y=["3", "4"]))
    with pytest.raises(
        DataError, match="the table lacks columns seen in training: 'y'; it has 'x'"
    ):
        encoder.encode_table(table(x=["1"]))
    with pytest.raises(DataError, match="column 'y', line 3: expected a number, got 'abc'"):
        encoder.encode_table(table(x=["1", "2"], y=["1", "abc"]))
    with pytest.raises(DataError, match="column 'x', line 2: expected a number near those of"):
        encoder.encode_table(table(x=["1e300"], y=["1"]))


def test_lines_are_the_files_after_a_selection():
    t = table(x=["1", "2", "oops"]).select(np.array([2, 0]))
    encoder = TableEncoder.fit(table(x=["1", "2"]))
    with pytest.raises(DataError, match="column 'x', line 4"):
        encoder.encode_table(t)


def test_no_rows_encode_as_no_rows():
    none = MIXED.select(np.array([], np.intp))
    assert TableEncoder.fit(MIXED).encode_table(none)[0].shape == (0, 5)


cell_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.lists(st.tuples(cell_texts, numbers), min_size=3, max_size=30))
def test_json_round_trips(rows):
    t = table(c=[c for c, _ in rows], x=[repr(x) for _, x in rows])
    try:
        encoder = TableEncoder.fit(t)
    except DataError:
        return
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder
    np.testing.assert_array_equal(again.encode_table(t)[0], encoder.encode_table(t)[0])


JSON = TableEncoder.fit(MIXED).to_json()
ODD = [None, True, -1, 1.5, "x", "", [], {}, math.nan, math.inf, 10**400, [[]], ["\ud800", "a"]]
PLACES = [
    ("columns",), ("dropped",), ("dropped", 0), ("dropped", 0, 0), ("columns", 0),
    ("columns", 0, "kind"), ("columns", 0, "name"), ("columns", 0, "mean"),
    ("columns", 0, "scale"), ("columns", 0, "median"), ("columns", 0, "missing"),
    ("columns", 1, "values"), ("columns", 1, "values", 0), ("columns", 1, "name"),
]  # fmt: skip
VALID = {
    "mean": [-1, 1.5], "scale": [1.5], "median": [-1, 1.5], "name": ["x", ""], "missing": [True],
}  # fmt: skip


def fits(place: tuple[str | int, ...], odd: object) -> bool:
    """Whether the value would be right in that place after all."""
    if place == ("dropped",):
        return odd == []
    if place == ("dropped", 0, 0):
        return odd in ("x", "")
    if place == ("columns", 1, "values", 0):
        return odd == "x"
    return any(
        odd is value or (odd == value and type(odd) is type(value))
        for value in VALID.get(place[-1], [])
    )


CASES = [(place, odd) for place in PLACES for odd in ODD if not fits(place, odd)]


@pytest.mark.parametrize(("place", "odd"), CASES, ids=lambda part: repr(part)[:30])
def test_odd_json_is_refused(place, odd):
    data = copy.deepcopy(JSON)
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    with pytest.raises(ValueError, match="encoder"):
        TableEncoder.from_json(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(extra=1), "expected the keys"),
        (lambda d: d["columns"][0].pop("mean"), "expected the keys"),
        (lambda d: d["columns"][0].update(scale=0.0), "scale: expected a finite number above 0"),
        (lambda d: d["columns"][1].update(values=["a", "a"]), "got one twice"),
        (lambda d: d["columns"][1].update(values=[]), "1 to 1,000,000 items"),
        (lambda d: d["columns"][1].update(name="x" * 131_073), "0 to 131,072 characters"),
        (lambda d: d["columns"][1].update(name="age"), "names of columns: .* got one twice"),
        (lambda d: d["dropped"].append(["age", "why"]), "names of columns: .* got one twice"),
    ],
)
def test_json_that_does_not_fit_together_is_refused(change, message):
    data = copy.deepcopy(JSON)
    change(data)
    with pytest.raises(ValueError, match=message):
        TableEncoder.from_json(data)


@pytest.mark.parametrize("data", [None, [], "x", {}, {1: 2}])
def test_json_of_another_shape_is_refused(data):
    with pytest.raises(ValueError, match="encoder: expected"):
        TableEncoder.from_json(data)
