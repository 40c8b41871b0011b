"""Rows of tables in a module of JavaScript: cells are read, or refused, as the library does."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import Chain, Classifier, Linear, TableClassifier
from chainrule.data.frames import as_table
from export.programs import Refused, answered, module, needs_node

pytestmark = [
    needs_node,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::chainrule.data.DataWarning"),
]

RNG = np.random.default_rng(0)
ROWS = 150
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(40, 12, ROWS).round(1),
        "code": RNG.choice(["7", "2.5", "9007199254740993", "inf", "a b"], ROWS),
        "city": RNG.choice(["Bonn", "true", None], ROWS),
        "member": RNG.choice(["yes", "no", None], ROWS),
        "day": pd.to_datetime("2019-01-01") + pd.to_timedelta(RNG.integers(0, 10**7, ROWS), "s"),
        "price": [f"{n},50 €" for n in RNG.integers(1, 999, ROWS)],
        "few": RNG.choice(["1.5", "2", "oops"], ROWS, p=[0.49, 0.49, 0.02]),
        "__proto__": RNG.normal(size=ROWS),
        "constructor": RNG.normal(size=ROWS),
    }
)
KINDS = {"categorical": ["code", "city"], "numeric": ["few"]}


@pytest.fixture(scope="module", params=["standard", "piecewise"])
def table(request, tmp_path_factory):
    answers = np.where(FRAME["age"] > 40, "old", "young")
    few = {"max_iter": 2, "random_state": 0}
    if request.param == "piecewise":
        model = TableClassifier(members=2, hidden_layer_sizes=(3,), **KINDS, **few)
    else:
        chain = Chain(Linear(3))
        model = Classifier(chain, complete=True, inputs="table", **few)
    model.fit(FRAME, answers)
    assert {column.name for column in model.inputs_.columns} == set(FRAME)
    with module(tmp_path_factory.mktemp("table"), model, gradient=True) as net:
        yield model, net


NUMBER_CELLS = [np.nan, None, np.inf, 1e39, 1e300, 5, -2.5, "5", " 5 ", "abc", "", "nan", "NULL"]
NUMBER_CELLS += ["inf", "-Infinity", "0x10", "1e400", "unknown", " - ", True, [1.0], {}, "1 2"]
TEXT_CELLS = ["7", 7, 7.0, "+7", "7.00", "2.50", 2.5, "9007199254740993", "9007199254740992"]
TEXT_CELLS += ["+9007199254740993.", 9007199254740993.0, "inf", np.inf, -np.inf, " Bonn\u00a0"]
TEXT_CELLS += ["Bonn", "bonn", "true", True, False, "TRUE", "(missing)", "(other)", "?", None]
TEXT_CELLS += [np.nan, "a b"]
TRUTH_CELLS = [True, False, 1, 0, "1", "0.0", " JA ", "n", "perhaps", 0.5, None, "N/A", np.inf]
DAY_CELLS = ["x", "", "-", None, True, np.nan, "2019", np.inf, [1.0]]
CELLS = {
    "age": NUMBER_CELLS,
    "few": [*NUMBER_CELLS, "oops", "Oops"],
    "code": TEXT_CELLS,
    "city": TEXT_CELLS,
    "member": TRUTH_CELLS,
    "day": DAY_CELLS,
    "price": [np.nan, None, np.inf, 5, -2.5, "", "abc", "unknown", True],
    "__proto__": NUMBER_CELLS,
    "constructor": NUMBER_CELLS,
}
SEVERAL = 17
"""Rows of a frame whose columns are not taken apart as Python's objects."""

USUAL = {**FRAME.iloc[0].to_dict(), "price": 12.5, "few": 2}


@settings(max_examples=300)
@given(st.data())
def test_drawn_cells(table, data):
    model, net = table
    changed = data.draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=2, unique=True))
    row = {**USUAL, **{name: data.draw(st.sampled_from(CELLS[name])) for name in changed}}
    cells = {name: pd.Series([cell] * SEVERAL, dtype=object) for name, cell in row.items()}
    frame = pd.DataFrame(cells)
    numbers = [name for name, cell in row.items() if isinstance(cell, float) and name != "code"]
    frame = frame.astype(dict.fromkeys(numbers, float))  # a program has doubles, not texts
    frame["day"] = frame["day"].map(lambda day: str(day) if isinstance(day, pd.Timestamp) else day)
    expected = answered(lambda: model.inputs_.encode(as_table(frame)))
    if isinstance(row["day"], pd.Timestamp):
        row["day"] = (row["day"] - pd.Timestamp(0)).total_seconds()
    found = answered(lambda: net.call("encode", row))
    assert (found is None) == (expected is None)
    if expected is not None:
        np.testing.assert_allclose(found, expected[0], rtol=1e-6, atol=1e-7)


def test_what_is_no_row_of_a_table(table):
    _, net = table
    usual = {name: cell for name, cell in USUAL.items() if name != "day"} | {"day": 0}

    def refused(row, function="predict"):
        with pytest.raises(Refused) as found:
            net.call(function, row)
        return str(found.value)

    for row, told in [(None, "null"), ("x", '"x"'), ([1, 2], "Array of 2"), (5, "5")]:
        expected = "expected a row, an object with a cell for each column"
        assert refused(row) == f"TypeError: predict: {expected}, got {told}"
    misspelt = {("agee" if name == "age" else name): cell for name, cell in usual.items()}
    message = refused(misspelt, "encode")
    assert message.startswith(
        'TypeError: encode: the row lacks columns seen in training: "age"; it has "agee", "code"'
    )
    assert message.endswith("null stands for a missing cell")
    assert '"age", "code", "city"' in refused({})
    with pytest.raises(Refused, match='lacks columns seen in training: "city"'):
        net.ask(f"net.predict({{...{json.dumps(usual)}, city: undefined}})")
    for own, cell, expected in [
        ("age", "abc", 'expected a number, got "abc"'),
        ("age", float("inf"), "expected a number that is finite, got Infinity"),
        ("day", "2019-12-31", 'expected seconds since 1970, as clocks show them, got "2019-12-31"'),
        ("price", "1.234,50 €", 'expected a number, got "1.234,50 €"'),
        ("city", {"a": 1}, "expected a text, a number or a truth value, got an object, Object"),
        ("member", [1], "expected a truth value, a number or a text, got Array of 1"),
    ]:
        told = refused({**usual, own: cell})
        assert told == f'TypeError: predict: column "{own}": {expected}'
    with pytest.raises(Refused, match=r'"day": expected seconds since 1970.*an object, Date'):
        net.ask(f"net.predict({{...{json.dumps(usual)}, day: new Date()}})")


def test_a_column_that_every_object_seems_to_have(table):
    _, net = table
    usual = {name: cell for name, cell in USUAL.items() if name not in ("constructor", "day")}
    with pytest.raises(Refused, match='column "constructor": expected a number, got a function'):
        net.call("predict", {**usual, "day": 0})
