"""Encoders that are learned in one pass over parts of a table: what those of memory are."""

import numpy as np
import pytest

from chainrule.data import DataError, Table
from chainrule.inputs import Options, TableEncoder
from chainrule.inputs.tables import column_learners, sketches
from chainrule.inputs.tables.streaming import learn_in_one_pass

N = 1500


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    price = rng.lognormal(size=N).round(2)
    gaps = np.where(rng.random(N) < 0.1, np.nan, rng.normal(size=N))
    columns = {
        "price": price,
        "rooms": rng.integers(1, 9, N).astype(float),
        "gaps": gaps,
        "one": np.where(rng.random(N) < 0.5, 3.0, np.nan),
        "same": np.full(N, 7.0),
        "zeros": np.where(rng.random(N) < 0.8, 0.0, price),
        "euros": [f"{x:.2f} €" for x in price],
        "city": rng.choice(["Rome", "Bonn", "Oslo", ""], N).tolist(),
        "street": [f"street {x}" for x in rng.integers(0, 300, N)],
        "garden": rng.choice(["yes", "no"], N).tolist(),
        "sold": (np.datetime64("2019-01-01") + rng.integers(0, 900, N)).astype("datetime64[D]"),
        "key": [f"k{x}" for x in rng.permutation(N)],
        "nothing": np.full(N, np.nan),
        "note": [f"a note of some {x} words" for x in rng.permutation(N)],
        "row": np.arange(float(N)),
    }
    return Table(tuple(columns), tuple(columns.values()), unit="row")


def learned(table, options, piece=97, head=N):
    parts = [
        table.select(np.arange(start, min(start + piece, len(table))))
        for start in range(0, len(table), piece)
    ]
    return learn_in_one_pass(table.select(np.arange(head)), parts, options, len(table))


@pytest.mark.parametrize(
    "options",
    [
        Options("test", encoding="piecewise", bins=16, bin_height=0.5),
        Options("test", encoding="piecewise", bins=64, max_categories=20, keep=("row", "key")),
        Options("test", encoding="piecewise", categorical=("rooms",), drop=("city",)),
    ],
)
@pytest.mark.parametrize("piece", [7, 1500])
def test_small_tables_make_the_encoder_of_memory(table, options, piece):
    assert learned(table, options, piece) == TableEncoder.fit(table, options)


def test_standardised_numbers_are_those_of_memory_up_to_rounding(table):
    options = Options("test", encoding="standard")
    one, known = learned(table, options), TableEncoder.fit(table, options)
    assert one.feature_names == known.feature_names
    np.testing.assert_allclose(
        one.encode_table(table)[0], known.encode_table(table)[0], rtol=1e-6, atol=1e-6
    )


def test_beyond_the_exact_counts_bins_are_those_of_memory_by_rank():
    rng = np.random.default_rng(5)
    x = rng.normal(size=200_000)
    table = Table(("x",), (x,), unit="row")
    options = Options("test", encoding="piecewise", bins=16)
    (column,) = learned(table, options, piece=5000, head=1000).columns
    ranks = np.searchsorted(np.sort(x), column.edges) / len(x)
    np.testing.assert_allclose(ranks, np.linspace(0, 1, 17), atol=0.003)
    assert (column.edges[0], column.edges[-1]) == (x.min(), x.max())


def test_texts_are_judged_by_all_rows_not_by_the_first(table):
    rng = np.random.default_rng(1)
    users = [f"u{x}" for x in range(200)] + [f"u{x}" for x in rng.integers(0, 200, 4800)]
    answers = ["yes", "no"] * 100 + ["perhaps"] * 4800
    late = Table(("user", "answer"), (users, answers), unit="row")
    options = Options("test", encoding="piecewise", max_categories=50)
    encoder = learned(late, options, head=200)
    assert [column.kind for column in encoder.columns] == ["categorical", "categorical"]
    assert encoder == TableEncoder.fit(late, options)


def test_many_values_of_which_none_is_frequent_only_name_rows(monkeypatch):
    monkeypatch.setattr(column_learners, "TextCounts", lambda: sketches.TextCounts(most=50))
    keys = [f"k{x}" for x in range(3000)]
    x = np.random.default_rng(0).normal(size=3000)
    table = Table(("key", "x"), (keys, x), unit="row")
    encoder = learned(table, Options("test", encoding="piecewise"), head=100)
    assert dict(encoder.dropped) == {"key": "more than 50 different values, none of them frequent"}
    towns = ["Rome", "Bonn"] * 1000 + [f"k{x}" for x in range(1000)]
    table = Table(("town", "x"), (towns, x), unit="row")
    column = learned(table, Options("test", max_categories=2), head=100).columns[0]
    assert column.values == ("Bonn", "Rome", "(other)")


def test_a_cell_that_is_not_what_the_first_rows_say_is_named():
    cells = ["1", "2"] * 100 + ["two"]
    table = Table(("x",), (cells,), unit="row")
    with pytest.raises(DataError, match=r"column 'x', row 200: expected a number, got 'two'"):
        learned(table, Options("test"), head=100)


def test_a_column_that_is_empty_at_first_is_left_out_and_it_is_said():
    late = np.where(np.arange(300) < 150, np.nan, np.arange(300.0) % 7)
    table = Table(("late", "x"), (late, np.arange(300.0) % 11), unit="row")
    encoder = learned(table, Options("test"), head=100)
    assert encoder.dropped == (("late", "every cell of the first 100 rows is missing"),)
