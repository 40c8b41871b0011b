"""What columns are taken for, by the kind of their cells, and what a user is told of it."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas
import pytest

from chainrule.data import DataError, Table
from chainrule.data.cells import Cells
from chainrule.inputs import TableEncoder
from chainrule.inputs.base import Options
from chainrule.inputs.tables.dates import DateReading

rng = np.random.default_rng(0)
NOISE = [repr(round(float(x), 4)) for x in rng.normal(size=200)]


def table(**columns):
    columns.setdefault("noise", NOISE[: len(next(iter(columns.values())))])
    return Table(tuple(columns), tuple(columns.values()))


def decision(cells, name="c", **choices):
    return TableEncoder.kinds(table(**{name: cells}), Options("TableClassifier", **choices))[name]


def again(encoder):
    return TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))


PRICES = [f"${1000 + 37 * i:,}.50" for i in range(60)]
SMALL = [str(i % 7) for i in range(60)]
KINDS = {
    "numbers": (NOISE[:60], "numbers", ()),
    "dollars": (PRICES, "numbers", ("the unit '$' is dropped",)),
    "kilograms": ([f"{i % 9} kg" for i in range(60)], "numbers", ("the unit 'kg' is dropped",)),
    "thousands": (
        [f"{i},{i:03d}" for i in range(10, 70)],
        "numbers",
        ("'10,010' is read as 10010",),
    ),
    "few words": (
        [*NOISE[:58], "oops", "unknown"],
        "numbers",
        ("2 cells taken as missing, the first 'oops' in line 60",),
    ),
    "markers": (
        [*NOISE[:40], *["n.a."] * 20],
        "numbers",
        ("20 cells taken as missing, the first 'n.a.' in line 42",),
    ),
    "many words": (
        [*SMALL[:50], *["a few", "none at all"] * 5],
        "categories",
        ("most are numbers, but not 'a few', 'none at all'",),
    ),
    "yes and no": (["yes", "No", ""] * 20, "booleans", ()),
    "y only": (["y"] * 60, "categories", ()),
    "truths": (["True", "False"] * 30, "booleans", ()),
    "colors": (["red", "green", "blue"] * 20, "categories", ()),
    "codes": ([f"A{i % 5}" for i in range(60)], "categories", ()),
    "days": ([f"2019-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(60)], "dates", ()),
    "German days": ([f"{1 + i % 28}.{1 + i % 12}.2019" for i in range(60)], "dates", ()),
    "American days": ([f"{1 + i % 12}/{1 + i % 28}/19" for i in range(60)], "dates", ()),
    "unclear days": (
        [f"{1 + i % 12}/{1 + i % 11}/2019" for i in range(60)],
        "dates",
        ("in '1/2/2019' the month is taken to come first",),
    ),
    "named days": ([f"{1 + i % 28} Mar 2019" for i in range(60)], "dates", ()),
    "times of day": ([f"{7 * i % 24:02d}:{13 * i % 60:02d}" for i in range(60)], "dates", ()),
}


@pytest.mark.parametrize(("cells", "kind", "remarks"), KINDS.values(), ids=KINDS.keys())
def test_what_a_column_is_taken_for(cells, kind, remarks):
    if kind == "dates" and remarks:  # 1/1 and 2/2 say nothing
        cells = cells[12:] + ["1/2/2019"] * 12
        cells[0] = "1/2/2019"
    found = decision(cells)
    assert (found.kind, found.remarks) == (kind, remarks)
    if not any("line" in remark for remark in remarks):
        part = [cells[row] for row in rng.permutation(60)[:45]]
        assert decision(part).kind == kind


IDENTIFIERS = {
    "rows": ("x", [str(i) for i in range(60)], "counts the rows"),
    "rows from 1, shuffled": ("x", rng.permutation(60).astype(str).tolist(), "counts the rows"),
    "a part of the rows": ("x", rng.permutation(80)[:60].astype(str).tolist(), "counts the rows"),
    "rows and a total": ("x", [*map(str, range(59)), "Total"], "counts the rows"),
    "few rows": ("id", ["1", "2", "3", "4"], "counts the rows"),
    "far numbers": ("PassengerId", [str(7919 * i % 99991) for i in range(60)], "in each row"),
    "codes": ("code", [f"u{i}" for i in range(60)], "a different value in each row"),
    "texts": ("note", [f"a text of {i} words" for i in range(60)], "free text, 60 different cells"),
    "void": ("x", ["", "NA"] * 30, "every cell is missing"),
}


@pytest.mark.parametrize(
    ("name", "cells", "reason"), IDENTIFIERS.values(), ids=IDENTIFIERS.keys()
)
def test_what_names_a_row_is_left_out(name, cells, reason):
    found = decision(cells, name)
    assert found.kind == "left out"
    assert reason in found.reason
    encoder = TableEncoder.fit(table(**{name: cells}))
    assert encoder.dropped == ((name, found.reason),)
    assert encoder.notes() == [f"left out, {found.reason}: {name}"]
    if reason != "every cell is missing":
        assert decision(cells, name, keep=(name,)).kind != "left out"


KEPT = {
    "few rows": ("x", ["1", "2", "3", "4"]),
    "a row a year": ("year", [str(1950 + i) for i in range(60)]),
    "all different, but far apart": ("price", [str(7919 * i % 99991) for i in range(60)]),
    "fractions": ("x", [f"{i}.5" for i in range(60)]),
    "a city": ("Madrid", [str(i % 50) for i in range(60)]),
}


@pytest.mark.parametrize(("name", "cells"), KEPT.values(), ids=KEPT.keys())
def test_what_only_looks_like_an_identifier_is_kept(name, cells):
    assert decision(cells, name).kind == "numbers"


def test_all_rows_decide_and_not_the_part_of_training():
    cells = [*NOISE[:59], "oops"]
    whole = table(x=cells)
    options = Options("TableRegressor", kinds=TableEncoder.kinds(whole))
    with_word = TableEncoder.fit(whole.select(np.arange(10, 60)), options)
    without = TableEncoder.fit(whole.select(np.arange(50)), options)
    assert with_word.feature_names == ("x", "x (missing)", "noise")
    assert without.feature_names == ("x", "noise")
    X, notes = without.encode_table(whole)
    assert X[59, 0] == pytest.approx(
        (without.columns[0].median - without.columns[0].mean) / without.columns[0].scale, abs=1e-6
    )
    assert notes == ["column 'x': 1 cell missing, none in training; median taken"]
    with pytest.raises(DataError, match="column 'x', line 2: expected a number, got 'more'"):
        without.encode_table(table(x=["more"]))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([f"{1067 + 17 * (i % 9):05d}" for i in range(60)], "categories"),
        ([f"{150 + 3200 * (i % 3):04d}" for i in range(60)], "categories"),  # 0150, 3350, 6550
        ([f"{i % 24:02d}{i % 60:02d}" for i in range(60)], "numbers"),  # 0930 is a time
        ([str(10670 + 17 * (i % 9)) for i in range(60)], "numbers"),
        (["007" if i % 2 else "011" for i in range(60)], "numbers"),
        (["01067" if i % 2 else "1067" for i in range(60)], "numbers"),
        (["01067" if i % 2 else "01.67" for i in range(60)], "numbers"),
    ],
)
def test_digits_that_begin_with_0_are_codes(cells, kind):
    found = decision(cells)
    assert (found.kind, any("begin with 0" in each for each in found.remarks)) == (
        kind,
        kind == "categories",
    )
    assert decision(cells, numeric=("c",)).kind == "numbers"


def test_numbers_as_people_write_them_are_the_numbers():
    plain = TableEncoder.fit(table(x=[f"{1000 + 37 * i}.50" for i in range(60)]))
    written = TableEncoder.fit(table(x=PRICES))
    t = table(x=PRICES)
    X = written.encode_table(t)[0]
    np.testing.assert_array_equal(
        X, plain.encode_table(table(x=[f"{1000 + 37 * i}.50" for i in range(60)]))[0]
    )
    assert again(written) == written
    np.testing.assert_array_equal(again(written).encode_table(t)[0], X)
    one = table(x=["$1,500"])
    np.testing.assert_array_equal(written.encode(one), written.encode_table(one)[0])


def test_a_decimal_comma_in_one_column_is_one_in_all():
    area, price = [f"{i % 9},5" for i in range(60)], [f"{100 + i},{i:03d}" for i in range(60)]
    kinds = TableEncoder.kinds(table(area=area, price=price))
    assert kinds["price"].reading.format.value("100,500") == 100.5
    assert decision(price).reading.format.value("100,500") == 100500
    assert decision(price, decimal=",").reading.format.value("100,500") == 100.5


def test_truth_values_by_hand():
    encoder = TableEncoder.fit(table(b=["yes", "NO", "Yes", ""], x=["1", "2", "3", "5"]))
    cells = table(b=["no", "YES", "", "maybe"], x=["1"] * 4)
    X, notes = encoder.encode_table(cells)
    assert encoder.feature_names[:2] == ("b", "b (missing)")
    np.testing.assert_array_equal(X[:, :2], [[-1, 0], [1, 0], [0, 1], [0, 0]])
    assert notes == ["column 'b': 1 cell neither yes nor no, encoded as 0: 'maybe'"]
    assert again(encoder) == encoder
    none = TableEncoder.fit(table(b=["true", "false"]))
    assert none.encode_table(table(b=["", "True"]))[1] == [
        "column 'b': 1 cell missing, none in training; encoded as 0"
    ]
    frame = pandas.DataFrame({"b": [True, False], "noise": [1.0, 2.0]})
    np.testing.assert_array_equal(none.encode(frame)[:, 0], [1, -1])


DAYS = [f"{2018 + i % 2}-{1 + i % 12:02d}-{1 + i % 28:02d} {i % 24:02d}:30" for i in range(60)]


def test_dates_by_hand():
    encoder = TableEncoder.fit(table(when=DAYS))
    column = encoder.columns[0]
    assert column.parts == ("days", "year", "month", "day", "weekday", "hour")
    X, notes = encoder.encode_table(table(when=["2019-03-12 18:00:00"]))
    assert notes == []
    found = dict(zip(encoder.feature_names, X[0], strict=True))
    when = datetime(2019, 3, 12, 18, tzinfo=UTC)
    own = {"": when.timestamp() / 86400, " year": 2019, " month": 3, " day": 12, " weekday": 1}
    own[" hour"] = 18
    for part, inner in zip(own, column.numbers, strict=True):
        expected = (own[part] - inner.mean) / inner.scale
        assert found[f"when{part}"] == pytest.approx(expected, abs=1e-5)
    assert found["when sine of the day"] == pytest.approx(-1, abs=1e-6)
    angle = 2 * np.pi * when.timestamp() / (86400 * 365.2425)
    assert found["when cosine of the year"] == pytest.approx(np.cos(angle), abs=1e-6)
    assert again(encoder) == encoder


@pytest.mark.parametrize("encoding", ["standard", "piecewise"])
def test_missing_dates_are_zeros_with_a_feature_of_their_own(encoding):
    options = Options("TableRegressor", encoding=encoding)
    encoder = TableEncoder.fit(table(when=[*DAYS, ""]), options)
    X, notes = encoder.encode_table(table(when=["", "2018-05-06T07:08"]))
    block = encoder.blocks[0]
    assert X[0, block.slice].tolist() == [0] * (block.width - 1) + [1]
    assert X[1, block.slice][-1] == 0
    assert notes == []
    none = TableEncoder.fit(table(when=DAYS), options)
    assert none.encode_table(table(when=[""]))[1] == [
        "column 'when': 1 cell missing, none in training; encoded as zeros"
    ]
    with pytest.raises(DataError, match="column 'when', line 2: expected a date, such as 2019-12-"):
        encoder.encode_table(table(when=["2019-13-01"]))
    np.testing.assert_array_equal(
        again(encoder).encode_table(table(when=DAYS))[0], encoder.encode_table(table(when=DAYS))[0]
    )


def test_times_of_day_by_hand():
    times = [f"{7 * i % 24:02d}:{13 * i % 60:02d}" for i in range(60)]
    encoder = TableEncoder.fit(table(t=times))
    names = ("t", "t hour", "t sine of the day", "t cosine of the day")
    assert encoder.feature_names[:4] == names
    assert again(encoder) == encoder
    X = encoder.encode(table(t=["06:00", "18:00"]))
    np.testing.assert_allclose(X[:, 2:4], [[1, 0], [-1, 0]], atol=1e-6)
    assert X[1, 0] > X[0, 0]
    assert X[1, 1] > X[0, 1]
    with pytest.raises(DataError, match="'t', line 2: expected a time of day, such as 12:30, got"):
        encoder.encode(table(t=["24:30", "18:00"]))


def test_dates_of_a_data_frame_are_those_of_a_file():
    frame = pandas.DataFrame({"when": pandas.to_datetime(DAYS), "noise": map(float, NOISE[:60])})
    encoder = TableEncoder.fit(table(when=DAYS))
    np.testing.assert_array_equal(encoder.encode(frame), encoder.encode_table(table(when=DAYS))[0])


def test_choices_of_a_user():
    t = table(a=SMALL, b=PRICES, c=["x", *SMALL[1:]], d=["20190312", "20200401"] * 30, e=SMALL)
    options = Options(
        "TableRegressor", drop=("a",), text=("b",), numeric=("c",), date=("d",), categorical=("e",)
    )
    encoder = TableEncoder.fit(t, options)
    assert encoder.dropped == (("a", "by choice"), ("b", "free text by choice"))
    kinds = {line["name"]: line["kind"] for line in encoder.describe()}
    assert kinds["c"] == "numbers"
    assert kinds["d"] == "dates"
    assert kinds["e"] == "categories"
    X = encoder.encode_table(table(c=["1"], d=["20190312"], e=["3.0"]))[0]
    names = dict(zip(encoder.feature_names, X[0], strict=True))
    assert (names["e=3"], names["e=2"]) == (1, 0)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"drop": ("colour",)}, "drop: no column 'colour' among 'color'.*did you mean 'color'"),
        ({"drop": ("color",), "keep": ("color",)}, "expected one choice for column 'color', got d"),
        ({"numeric": ("color",)}, "column 'color', line 2: expected numbers, as was chosen, got"),
        ({"date": ("color",)}, "column 'color', line 2: expected dates, as was chosen, got 'red'"),
        ({"encoding": "bins"}, "expected an encoding of .*, got 'bins'"),
        ({"bins": 0}, "expected 1 to 1,024 bins, got 0"),
    ],
)
def test_wrong_choices_are_refused(choices, message):
    with pytest.raises(DataError, match=message):
        TableEncoder.fit(table(color=["red", "blue"] * 9), Options("TableClassifier", **choices))


def test_one_line_a_column_says_what_became_of_it():
    t = table(id=[str(i) for i in range(60)], price=PRICES, color=["red", "blue"] * 30)
    encoder = TableEncoder.fit(t)
    lines = {line["name"]: line for line in encoder.describe()}
    assert list(lines) == ["price", "color", "noise", "id"]
    assert lines["price"]["remarks"] == ["the unit '$' is dropped"]
    assert lines["color"]["became"] == "one each: 'blue', 'red'"
    assert lines["id"] == {
        "name": "id",
        "kind": "left out",
        "features": 0,
        "became": "counts the rows",
        "remarks": [],
    }
    text = repr(encoder).splitlines()
    assert len(text) == 6
    assert text[1].endswith("; the unit '$' is dropped")
    assert text[-1] == "3 columns, 4 features, 1 left out"
    assert json.dumps(encoder.describe())


PLACES = ["order", "blanks", "parts", "numbers", "cycles", "missing", "name"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("odd", [None, 3, "x y", [3], ["years"], {}], ids=repr)
def test_odd_json_of_dates_is_refused(place, odd):
    if (place, odd) in (("blanks", ["years"]), ("name", "x y")):
        return
    data = TableEncoder.fit(table(when=DAYS)).to_json()
    data["columns"][0][place] = odd
    with pytest.raises(ValueError, match="encoder"):
        TableEncoder.from_json(data)


def test_remarks_are_of_columns():
    data = TableEncoder.fit(table(price=PRICES)).to_json()
    data["remarks"] = [["cost", "it is high"]]
    with pytest.raises(ValueError, match="remarks: expected names of columns"):
        TableEncoder.from_json(data)


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
def test_times_are_read_to_the_bit_as_their_texts_are(unit):
    steps = np.random.default_rng(0).integers(-(6 * 10**16), 2 * 10**17, 500)  # years 68 to 8307
    moments = np.append(steps // (1000 if unit == "ns" else 1), np.iinfo(np.int64).min)
    cells = Cells.read(moments.astype("M8[us]").astype(f"M8[{unit}]"))
    written = Cells.read([cells.texts[code] for code in cells.codes])
    assert (cells.kind, written.kind) == ("time", "text")
    found = [DateReading().read("when", each, lambda row: row) for each in (cells, written)]
    np.testing.assert_array_equal(*found)
    assert np.isnan(found[0]).any(axis=1).sum() == 1


def test_times_of_any_year_are_dates():
    cells = np.array(["-0044-03-15", "20000-01-01", "NaT"], "M8[s]")
    table = Table(("when", "x"), (cells, np.arange(3.0)))
    assert TableEncoder.kinds(table)["when"].kind == "dates"
    X, notes = TableEncoder.fit(table).encode_table(table)
    assert np.isfinite(X).all()
    assert not notes
