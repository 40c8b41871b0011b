"""Integers that float64 would round: ids of 18 digits, that of no two rows may become one."""

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from chainrule import TableRegressor, load
from chainrule.data import DataWarning
from chainrule.data.frame_columns import cells_of
from chainrule.data.frames import as_table
from chainrule.inputs.base import Options
from chainrule.inputs.tables import TableEncoder
from chainrule.inputs.tables.categories import CategoricalColumn

BASE = 10**17
ROWS = np.arange(120)
USERS = BASE + ROWS % 6
CLOSE = "integers of 18 digits, too close to each other for numbers"


def encoder(column, **options):
    table = pandas.DataFrame({"who": column, "x": np.sin(ROWS)})
    return TableEncoder.fit(as_table(table), Options("here", **options))


def line(column, **options):
    """Return what a column is taken for."""
    told = {each["name"]: each for each in encoder(column, **options).describe()}["who"]
    return "; ".join([f"{told['kind']}, {told['became']}", *told["remarks"]])


@pytest.mark.parametrize(
    "values",
    [
        np.array([2**53 + 1, 5, -(2**60) - 1]),
        np.array([2**63 + 1, 2**64 - 1, 0], np.uint64),
        pandas.Series([2**53 + 1, 5, -(2**60) - 1]),
        pandas.Series([2**60 + 1, None, -(2**60) - 1], dtype="Int64"),
        pandas.Series([2**60 + 1, None, 4], dtype="int64[pyarrow]"),
        polars.Series([2**60 + 1, None, 4]),
        pyarrow.array([2**60 + 1, None, 4]),
        pyarrow.chunked_array([[2**60 + 1, None], [2**60 + 2]]),
        [2**60 + 1, None, 4],
    ],
    ids=lambda values: f"{type(values).__name__} {getattr(values, 'dtype', '')}",
)
def test_cells_keep_all_digits(values):
    given = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    expected = ["" if value is None or value is pandas.NA else str(value) for value in given]
    assert list(cells_of(values)) == expected


@pytest.mark.parametrize(
    "values",
    [
        np.array([2**53, -(2**53)]),
        pandas.Series([2**53, None, 7], dtype="Int64"),
        pandas.Series([1, None, 7], dtype="UInt8"),
        polars.Series([1, None, 7]),
        pyarrow.array([1, None, 7]),
        np.array([2.0**60, 1.0]),
        np.array([], np.int64),
    ],
    ids=lambda values: f"{type(values).__name__} {getattr(values, 'dtype', '')}",
)
def test_others_are_numbers(values):
    given = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    found = cells_of(values)
    assert found.dtype == np.float64
    expected = [np.nan if value is None or value is pandas.NA else value for value in given]
    np.testing.assert_array_equal(found, np.array(expected, np.float64))


def test_some_that_stand_in_many_rows_are_categories():
    assert line(USERS) == (
        "categories, one each: '100000000000000000', '100000000000000001', '100000000000000002', "
        f"'100000000000000003', … 6 in all; {CLOSE}"
    )


def test_as_many_as_rows_say_which_row_it_is():
    assert line(BASE + ROWS) == f"left out, a different value in each row ({CLOSE})"
    apart = line(BASE + 1000 * ROWS)  # and yet within a deviation that counts as rounding
    assert apart == f"left out, a different value in each row ({CLOSE})"
    assert line(BASE + ROWS, keep=("who",)).startswith("categories, one each: '100000000000000")


def test_those_that_stay_apart_are_numbers():
    seconds = np.int64(1_700_000_000_000_000_000) + ROWS**2 * 10**9  # in nanoseconds
    assert line(seconds).startswith("numbers, (x − 1.7")
    assert line(np.where(ROWS % 2, BASE, 7)).startswith("numbers, ")
    assert line(np.full(120, BASE)) == "left out, constant"


def test_numbers_by_choice_are_rounded():
    wide = np.where(ROWS % 2, 5 * BASE, BASE + ROWS)
    chosen = line(wide, numeric=("who",))
    assert chosen.startswith("numbers, ")
    assert chosen.endswith("; integers of 18 digits are rounded")
    assert line(BASE + ROWS, numeric=("who",)) == f"left out, {CLOSE}"


def test_they_decide_and_come_back_from_a_file(tmp_path):
    rows = pandas.DataFrame({"who": USERS, "x": np.sin(ROWS)})
    y = (USERS % 3).astype(float)
    model = TableRegressor(random_state=0, max_iter=30).fit(rows, y)
    assert model.score(rows, y) > 0.99
    expected = model.predict(rows)
    model.save(tmp_path / "m")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    for given in (rows, polars.from_pandas(rows), tmp_path / "rows.csv", rows.astype({"who": str})):
        np.testing.assert_array_equal(load(tmp_path / "m").predict(given), expected)
    np.testing.assert_array_equal(model.predict(rows[:1]), expected[:1])
    with pytest.warns(DataWarning, match="not seen in training, .*: '100000000000000006'"):
        model.predict(rows.assign(who=BASE + 6))


def test_a_file_of_before_finds_what_it_took_for_a_value():
    column = CategoricalColumn("who", ("1e+17", "7"))
    out = np.full((3, 2), np.nan, np.float32)
    assert column.encode(cells_of(np.array([BASE, BASE + 1, 7])), out, lambda row: row) == []
    np.testing.assert_array_equal(out, [[1, 0], [1, 0], [0, 1]])
