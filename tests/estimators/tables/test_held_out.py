"""Which rows are held out: shares of classes, whole groups, the last in time."""

import datetime
import tracemalloc

import numpy as np
import pandas
import pytest
from hypothesis import given, strategies as st

from chainrule import TableRegressor
from chainrule.data import DataError, DataWarning
from chainrule.data.coded import Coded
from chainrule.data.split import LEAST_ROWS
from chainrule.estimators.tables.held_out import held_out_rows


def test_classes_keep_their_shares_and_none_is_held_out_whole():
    classes = np.repeat(["a", "b", "c"], [80, 19, 1])
    training, out = held_out_rows(100, 0.2, 0, classes=classes)
    assert np.unique(classes[out], return_counts=True)[1].tolist() == [16, 4]
    assert sorted([*training, *out]) == list(range(100))


@given(st.lists(st.integers(0, 6), min_size=2, max_size=80), st.integers(0, 9))
def test_groups_stay_whole(groups, seed):
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="expected two groups or more"):
            held_out_rows(len(groups), 0.2, seed, groups=groups)
        return
    training, out = held_out_rows(len(groups), 0.2, seed, groups=groups)
    of = np.array(groups)
    assert not set(of[training]) & set(of[out])
    assert len(training)
    assert len(out)


def test_groups_of_a_column_are_those_of_their_texts():
    names = ["b", "a", "", "c", "a", "b"] * 9
    cells = Coded(["unused", "c", "b", "", "a"], np.array([2, 4, 3, 1, 4, 2] * 9, np.int32))
    for seed in range(5):
        expected = held_out_rows(54, 0.3, seed, groups=names)
        for own, other in zip(held_out_rows(54, 0.3, seed, groups=cells), expected, strict=True):
            np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("what", ["groups", "time"])
def test_one_long_text_takes_its_own_memory_only(what):
    texts = ["2024-01-02" + " " * 20_000, "2024-01-03"]
    cells = Coded(texts, (np.arange(2000) // 1000).astype(np.int32))
    tracemalloc.start()
    out = held_out_rows(2000, 0.5, 0, **{what: cells})[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(out) == 1000
    assert peak < 5e6


def test_groups_may_be_words_or_missing():
    names = ["Ann", "Bob", None, "Ann"] * 20
    training, out = held_out_rows(80, 0.25, 0, groups=np.array(names, dtype=object))
    assert {str(names[row]) for row in training} & {str(names[row]) for row in out} == set()


@pytest.mark.parametrize(
    "times",
    [
        np.arange(10),
        pandas.date_range("2024-01-28", periods=10).to_series(),
        [f"2024-01-{day}" for day in range(10, 20)],
        [str(8 + number) for number in range(10)],
    ],
)
def test_the_last_in_time_are_held_out(times):
    order = np.random.default_rng(0).permutation(10)
    shuffled = np.asarray(times)[order]
    training, out = held_out_rows(10, 0.2, 0, time=shuffled)
    assert sorted(order[out]) == [8, 9]
    assert sorted(order[training]) == list(range(8))


def test_rows_of_one_time_stay_together():
    training, out = held_out_rows(9, 0.2, 0, time=[1, 1, 1, 1, 2, 2, 2, 2, 2])
    assert training.tolist() == [0, 1, 2, 3]
    assert out.tolist() == [4, 5, 6, 7, 8]


def test_a_time_that_is_missing_is_named():
    with pytest.raises(ValueError, match="expected a time for each row, got none in row 1"):
        held_out_rows(3, 0.2, 0, time=[1.0, np.nan, 3.0])


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", datetime.UTC])
@pytest.mark.parametrize("make", [list, pandas.Series, pandas.Index, lambda t: list(map(str, t))])
def test_times_of_any_kind(make, zone, recwarn):
    days = pandas.date_range("2024-03-25", periods=10, freq="D", tz=zone)[::-1]
    out = held_out_rows(10, 0.2, 0, time=make(days))[1]
    assert out.tolist() == [0, 1]
    assert not recwarn.list


def test_written_dates_are_read_as_inputs_are():
    days = [f"{day}.10.2024" for day in range(10, 31)] + ["1.11.2024"]
    assert held_out_rows(22, 0.1, 0, time=days)[1].tolist() == [20, 21]
    with pytest.warns(DataWarning, match="time: in '01/02/2020' the month is taken to come first"):
        held_out_rows(3, 0.4, 0, time=["01/02/2020", "02/02/2020", "03/02/2020"])


@pytest.mark.parametrize("what", ["groups", "time"])
def test_groups_and_times_of_two_columns(what):
    with pytest.raises(DataError, match=rf"{what}: expected one value a row, got shape \(3, 2\)"):
        held_out_rows(3, 0.5, 0, **{what: [(1, 2), (3, 4), (5, 6)]})
    held_out = held_out_rows(3, 0.5, 0, **{what: [[1], [2], [3]]})
    assert len(held_out[1])


def test_few_rows_are_all_trained_on():
    for rows, fraction in ((LEAST_ROWS - 1, 0.2), (500, 0.0)):
        training, out = held_out_rows(rows, fraction, 0)
        assert len(training) == rows
        assert not len(out)


def test_a_column_of_groups_is_no_input_and_one_of_times_is():
    rng = np.random.default_rng(0)
    table = pandas.DataFrame(
        {"patient": np.repeat(np.arange(20), 4), "x": rng.normal(size=80), "day": np.arange(80)}
    )
    model = TableRegressor(members=2, hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    by_group = model.fit(table, table["x"] * 2, groups="patient")
    assert "patient: left out, by choice" in by_group.columns_
    assert by_group.inputs_.raw_names == ("x", "day")
    np.testing.assert_array_equal(by_group.predict(table), by_group.predict(table[["x", "day"]]))
    by_time = model.fit(table, table["x"] * 2, time="day")
    assert by_time.inputs_.raw_names == ("patient", "x", "day")


def test_rows_that_weigh_nothing_are_not_scored():
    x = np.arange(100.0)[:, None]
    weights = np.where(np.arange(100) < 50, 1.0, 0.0)
    model = TableRegressor(members=2, hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    model.fit(x, x[:, 0], weights)
    assert len(model.validation_scores_) == 2
    model.fit(x, x[:, 0], weights, time=np.arange(100))
    assert model.validation_scores_ is None
