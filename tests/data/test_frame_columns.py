"""Columns of other libraries: their kinds stay, and what is missing is."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas
import polars
import pytest

from chainrule.data import DataError, Table
from chainrule.data.cells import Cells
from chainrule.data.coded import Coded
from chainrule.data.frame_columns import cells_of
from chainrule.data.frames import as_table
from chainrule.inputs.tables import TableEncoder
from chainrule.inputs.tables.dates import find_dates

WORDS = ["red", None, "blue", "red"]
TIMES = [datetime(2020, 1, 2, 3, 4, 5), None, datetime(2021, 1, 1), datetime(2022, 5, 6)]
NAT = np.datetime64("NaT")
EXPECTED_TIMES = np.array(["2020-01-02T03:04:05", "NaT", "2021-01-01", "2022-05-06"], "M8[us]")
LENGTHS = [timedelta(minutes=2), None, timedelta(days=1), timedelta(seconds=0.5)]
SECONDS = [120.0, np.nan, 86400.0, 0.5]


def columns(values, *dtypes):
    """Return a column in pandas, polars and pyarrow."""
    pyarrow = pytest.importorskip("pyarrow")
    for dtype in dtypes:
        yield pandas.Series(values, dtype=dtype)
    yield polars.Series(values)
    yield (whole := pyarrow.array(values))
    yield pyarrow.chunked_array([whole[:1], whole[1:]])


def read(values):
    cells = as_table({"x": values}).column("x")
    assert isinstance(cells, Coded) == (not isinstance(cells, np.ndarray))
    return cells


def test_texts_are_codes():
    pyarrow = pytest.importorskip("pyarrow")
    own = [*columns(WORDS, object, "str", "string", "category", "string[pyarrow]")]
    own += [polars.Series(WORDS, dtype=polars.Categorical)]
    own += [polars.Series(WORDS, dtype=polars.Enum(["blue", "red", "green"]))]
    own += [pyarrow.array(WORDS).dictionary_encode(), WORDS]
    own += [pyarrow.chunked_array([["red", None], ["blue", "red"]]).dictionary_encode()]
    for values in own:
        cells = read(values)
        assert list(cells) == ["red", "", "blue", "red"]
        assert sorted(Cells.read(cells).texts) == ["", "blue", "red"]


def test_truth_values_have_their_kind():
    for values in columns([True, None, False, True], "boolean"):
        cells = read(values)
        assert list(cells) == ["True", "", "False", "True"]
        assert Cells.read(cells).kind == "boolean"
    for values in (np.array([True, False]), pandas.Series([True, False])):
        assert (list(read(values)), read(values).kind) == (["True", "False"], "boolean")


def test_numbers_stay_numbers():
    for values in columns([1, None, 3, 4], "Int64", "Float64", "float64"):
        np.testing.assert_array_equal(read(values), [1, np.nan, 3, 4])
    decimals = [Decimal("1.5"), None, Decimal("2.25"), Decimal("-1")]
    for values in columns(decimals, object):
        cells = Cells.read(read(values))
        np.testing.assert_array_equal(cells.numbers(), [1.5, np.nan, 2.25, -1])
        np.testing.assert_array_equal(cells.gone(), [False, True, False, False])


def test_times_have_their_kind():
    for values in columns(TIMES, "datetime64[ns]", "datetime64[s]"):
        cells = Cells.read(read(values))
        assert cells.kind == "time"
        np.testing.assert_array_equal(cells.times(), EXPECTED_TIMES)
        assert [cells.texts[code] for code in cells.codes] == [
            *("2020-01-02 03:04:05", "", "2021-01-01 00:00:00", "2022-05-06 00:00:00")
        ]
        assert list(cells.gone()) == [False, True, False, False]


def test_times_with_a_zone_keep_its_clock_and_what_it_is_ahead_of_utc():
    pyarrow = pytest.importorskip("pyarrow")
    zoned = pandas.Series(TIMES).dt.tz_localize("Europe/Berlin")
    own = [zoned, polars.Series(TIMES).dt.replace_time_zone("Europe/Berlin")]
    own += [pyarrow.array(zoned), zoned.astype(object), zoned.to_list()]
    texts = ["2020-01-02 03:04:05+01:00", "", "2021-01-01 00:00:00+01:00"]
    for column in own:
        assert list(cells_of(column)) == [*texts, "2022-05-06 00:00:00+02:00"]


ZONES = ["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"]


@pytest.mark.parametrize("zone", ZONES)
def test_a_moment_is_one_however_it_comes(zone):
    utc = pandas.Series(pandas.date_range("2024-03-30 22:30", periods=30, freq="37min123us"))
    utc[7] = None
    times = utc.dt.tz_localize("UTC").dt.tz_convert(zone)
    clocks = times.dt.tz_localize(None)
    texts = ["" if time is pandas.NaT else str(time) for time in times]
    for column in (times, polars.Series(times), times.astype(object), times.to_list(), texts):
        cells = Cells.read(cells_of(column))
        reading, _ = find_dates(cells, str)
        moments = reading.read("t", cells, str)
        for place, expected in enumerate((clocks, utc)):
            seconds = (expected - pandas.Timestamp(0)) / pandas.Timedelta(1, "s")
            np.testing.assert_allclose(moments[:, place], seconds, rtol=0, atol=1e-6)


def test_objects_that_are_truth_values_stay_these():
    truths = [True, None, False, True]
    for column in (truths, pandas.Series(truths, dtype=object), np.array(truths, dtype=object)):
        cells = cells_of(column)
        assert (cells.kind, list(cells)) == ("boolean", ["True", "", "False", "True"])
    mixed = [["True", False], ["True", "False"], [True, 1], [None, None], [True, "x"]]
    assert [cells_of(values).kind for values in mixed] == ["text"] * 5


def test_dates_are_written_as_dates():
    for values in columns([date(2020, 1, 2), None]):
        cells = Cells.read(read(values))
        assert sorted(cells.texts) == ["", "2020-01-02"]
        np.testing.assert_array_equal(cells.times(), np.array(["2020-01-02", "NaT"], "M8[us]"))


def test_durations_are_seconds():
    for values in columns(LENGTHS, "timedelta64[ns]"):
        np.testing.assert_array_equal(read(values), SECONDS)


def test_mixed_objects_are_not_taken_for_each_other():
    values = pandas.Series([1, True, "1", 1.0, None, "x"], dtype=object)
    assert list(read(values)) == ["1", "True", "1", "1", "", "x"]


def test_numbers_of_categories_are_written_in_one_way():
    assert list(read(pandas.Series([1.0, 2.5, None]).astype("category"))) == ["1", "2.5", ""]


def test_coded_cells_are_taken_by_rows():
    coded = Coded.of(["a", "b", "a", "c"])
    assert coded == ["a", "b", "a", "c"]
    assert coded[1:] == ["b", "a", "c"]
    assert coded.take(np.array([3, 0])) == ("c", "a")
    assert list(np.asarray(coded)) == ["a", "b", "a", "c"]
    assert Cells.read(coded.take(np.array([3, 0]))).texts == ["a", "c"]
    assert (coded == 3) is False


def test_few_rows_are_read_as_many_are():
    pyarrow = pytest.importorskip("pyarrow")
    times = pandas.Series([*TIMES, *TIMES] * 5).dt.tz_localize("Europe/Berlin")
    zone, days = pyarrow.timestamp("us", tz="Europe/Berlin"), [date(2020, 1, 2), None] * 20
    frame = pandas.DataFrame(
        {
            "time": times,
            "arrow": times.astype(pandas.ArrowDtype(zone)),
            "days": pandas.Series(days, dtype=pandas.ArrowDtype(pyarrow.date32())),
            "length": pandas.Series([*LENGTHS, *LENGTHS] * 5),
            "odd": pandas.Series([np.float64(0.1), "x", None, np.float32(0.5)] * 10, dtype=object),
        }
    )
    many, few = as_table(frame), as_table(frame[:3])
    for name in frame:
        every, own = Cells.read(many.column(name)), Cells.read(few.column(name))
        assert [own.texts[code] for code in own.codes] == [
            every.texts[code] for code in every.codes[:3]
        ]
    assert list(many.column("odd"))[:4] == ["0.1", "x", "", "0.5"]
    assert list(many.column("arrow"))[:2] == ["2020-01-02 03:04:05+01:00", ""]


def test_durations_among_objects_are_seconds():
    for values in (LENGTHS, pandas.Series(LENGTHS, dtype=object)):
        np.testing.assert_array_equal(Cells.read(read(values)).numbers(), SECONDS)


def test_rows_of_frames_are_counted_from_0_and_lines_of_files_from_below_the_header():
    frame = as_table({"a": ["1", "2", "3"], "t": ["4", "", "6"]})
    chosen = frame.select(np.array([2, 1]))
    assert [frame.place(0), chosen.place(0), chosen.without("a").place(1)] == [
        "row 0",
        "row 2",
        "row 1",
    ]
    assert chosen.target("t").place(1) == "row 1"
    assert frame.target("t").select(np.array([1])).place(0) == "row 1"
    of_file = Table(frame.names, frame.columns)
    assert [of_file.place(0), of_file.select(np.array([2])).place(0)] == ["line 2", "line 4"]
    encoder = TableEncoder.fit(frame)
    with pytest.raises(DataError, match=r"^column 'a', row 1: expected a number, got 'x'$"):
        encoder.encode_table(as_table({"a": ["1", "x"], "t": ["4", "6"]}))
    with pytest.raises(DataError, match=r"^column 'a', line 3: expected a number, got 'x'$"):
        encoder.encode_table(Table(("a", "t"), (["1", "x"], ["4", "6"])))
