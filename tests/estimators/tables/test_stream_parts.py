"""Rows of a stream that are held out: whole groups, or the last in time."""

import numpy as np
import pandas as pd
import pytest

from chainrule import DataStream, TableClassifier, TableRegressor
from chainrule.estimators.tables import stream_parts
from chainrule.estimators.tables.preparation import Given
from chainrule.estimators.tables.stream_parts import RowFolds, held_out_of_stream, watched_of
from chainrule.estimators.tables.streaming import prepare_table_stream

N = 900
FIT = {"random_state": 0, "max_iter": 2, "hidden_layer_sizes": (4,), "members": 2}


@pytest.fixture(scope="module")
def visits():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "patient": [f"p{each}" for each in rng.integers(0, 60, N)],
            "day": np.datetime64("2024-01-01") + rng.integers(0, 300, N).astype("m8[D]"),
            "dose": rng.normal(size=N),
            "cost": rng.normal(size=N),
        }
    )


@pytest.fixture
def stream(visits, tmp_path):
    visits.to_parquet(tmp_path / "visits.parquet", row_group_size=100)
    return DataStream(tmp_path / "visits.parquet", "cost", window_rows=300)


def test_groups_are_held_out_whole(visits, stream, monkeypatch):
    patient = visits["patient"].to_numpy()
    chosen = []
    for seed in (1, 2):
        out = held_out_of_stream(stream, 0.25, 0, seed, Given(groups="patient"))
        there = np.isin(np.arange(N), out)
        assert not set(patient[there]) & set(patient[~there])
        assert len(out) == pytest.approx(0.25 * N, abs=N / 60)
        chosen.append(set(patient[there]))
    assert chosen[0] != chosen[1]
    monkeypatch.setattr(stream_parts, "TextCounts", lambda: counts_of_few())
    many = held_out_of_stream(stream, 0.25, 0, 1, Given(groups="patient"))
    there = np.isin(np.arange(N), many)
    assert not set(patient[there]) & set(patient[~there])
    assert len(many) == pytest.approx(0.25 * N, abs=0.15 * N)


def counts_of_few():
    from chainrule.inputs.tables.sketches import TextCounts

    return TextCounts(most=10)


def test_the_last_in_time_are_held_out_those_of_one_time_together(visits, stream):
    day = visits["day"].to_numpy()
    out = held_out_of_stream(stream, 0.2, 0, 1, Given(time="day"))
    there = np.isin(np.arange(N), out)
    assert day[~there].max() < day[there].min()
    assert len(out) == pytest.approx(0.2 * N, abs=N / 300 * 2)


def test_folds_are_of_whole_groups(visits, stream):
    part = stream.whole()
    folds = RowFolds(3, "patient").of(np.arange(N), part)
    assert pd.Series(folds).groupby(visits["patient"]).nunique().eq(1).all()
    assert set(folds) == set(range(5))
    some = stream.taken(part, np.arange(40, 90))
    np.testing.assert_array_equal(RowFolds(3, "patient").of(np.arange(50), some), folds[40:90])


def test_of_many_rows_held_out_some_are_watched(stream):
    out = np.arange(0, 900, 2)
    watched = watched_of(stream, out, 0)
    assert len(watched) == 300
    assert np.isin(watched, out).all()
    assert (np.diff(watched) > 0).all()
    np.testing.assert_array_equal(watched_of(stream, out[:200], 0), out[:200])


@pytest.mark.parametrize("what", ["groups", "time"])
def test_fits_hold_them_out(visits, stream, what):
    column = {"groups": "patient", "time": "day"}[what]
    job = prepare_table_stream(TableRegressor(**FIT), stream, None, Given(**{what: column}))
    seeds = np.random.RandomState(0).randint(2**31 - 1)
    out = held_out_of_stream(stream, 0.2, 0, int(seeds), Given(**{what: column}))
    assert sum(job.blocks.sizes) == N - len(out)
    assert len(job.validation.X) == len(out)
    assert ("patient" in dict(job.inputs.dropped)) == (what == "groups")
    model = TableRegressor(**FIT).fit(stream, **{what: column})
    again = TableRegressor(**FIT).fit(stream, **{what: column})
    np.testing.assert_array_equal(model.predict(visits), again.predict(visits))


def test_a_stream_of_one_window_holds_out_as_memory_does(visits, stream, tmp_path):
    whole = DataStream(tmp_path / "visits.parquet", "cost")
    one = TableRegressor(**FIT).fit(whole, groups="patient")
    other = TableRegressor(**FIT).fit(visits, target="cost", groups="patient")
    np.testing.assert_array_equal(one.chain_.parameters.flat, other.chain_.parameters.flat)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"groups": np.zeros(N)}, "expected groups as the name of a column of the stream, got nda"),
        ({"time": "when"}, "no column 'when' among 'patient', 'day', 'dose'"),
        ({"time": "day", "groups": "patient"}, "expected groups or time, got both"),
        ({"time": "patient"}, "expected a column of numbers or dates, got 'patient', whose cells"),
        ({"time": "one"}, "time: expected different times, got one only"),
        ({"groups": "one"}, "groups: expected two groups or more, got one"),
        ({"time": "gaps"}, "expected a time for each row, got none in row 317 of visits.parquet"),
    ],
)
def test_what_is_no_group_or_time_is_refused(visits, tmp_path, given, message):
    gaps = np.where(np.arange(N) == 317, np.nan, visits["dose"])
    visits.assign(one=1.0, gaps=gaps).to_parquet(tmp_path / "visits.parquet", row_group_size=100)
    stream = DataStream(tmp_path / "visits.parquet", "cost", window_rows=300)
    with pytest.raises(ValueError, match=message):
        TableRegressor(**FIT).fit(stream, **given)


def test_groups_and_rows_to_hold_out_are_one_too_many(visits, stream):
    with pytest.raises(ValueError, match="expected groups, or X_val as the rows held out, got bo"):
        TableRegressor(**FIT).fit(
            stream, groups="patient", X_val=visits.drop(columns="cost"), y_val=visits["cost"]
        )
    arrays = DataStream(visits[["dose"]].to_numpy(), visits["cost"] > 0, window_rows=300)
    with pytest.raises(ValueError, match="expected a table's files for the name of a column"):
        TableClassifier(**FIT).fit(arrays, groups="patient")
