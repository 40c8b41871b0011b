"""Dates as people write them, beside Python's own clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chainrule.data.date_formats import day_first_is_unclear, find_order, moment

WHEN = datetime(2019, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "order", "hours"),
    [
        ("2019-03-12", "ymd", 0),
        ("2019/3/12", "mdy", 0),
        ("20190312", "ymd", 0),
        ("12/03/2019", "dmy", 0),
        ("03/12/2019", "mdy", 0),
        ("12.3.19", "dmy", 0),
        ("12 Mar 2019", "ymd", 0),
        ("12-Mar-19", "ymd", 0),
        ("March 12, 2019", "ymd", 0),
        ("2019-03-12T13:30", "ymd", 13.5),
        ("2019-03-12 13:30:36.0", "ymd", 13.51),
        ("3/12/2019 1:30 PM", "mdy", 13.5),
        ("3/12/2019, 12:15 am", "mdy", 0.25),
        ("2019-03-12 06:00:00Z", "ymd", 6),
    ],
)
def test_moments_are_those_of_the_clock(text, order, hours):
    expected = (WHEN + timedelta(hours=hours)).timestamp()
    assert moment(text, order) == (pytest.approx(expected), pytest.approx(expected))


def test_a_time_zone_moves_the_moment_and_not_the_clock():
    clock, utc = moment("2019-03-12 13:30:00+05:30", "ymd")
    zone = timezone(timedelta(hours=5, minutes=30))
    assert utc == datetime(2019, 3, 12, 13, 30, tzinfo=zone).timestamp()
    assert clock == datetime(2019, 3, 12, 13, 30, tzinfo=UTC).timestamp()
    assert moment("2019-03-12 13:30-0200", "ymd")[1] - clock == 2 * 3600


@pytest.mark.parametrize(
    "text",
    [
        "2019-13-01", "2019-02-30", "31/31/2019", "12 kg 2019", "2019-03-12 25:00", "13:61",
        "2019-03-12 13:00 PM", "2019", "3.5", "oops", "2019-03-12 and more", "2019-03/12",
        "9" * 50, "٢٠١٩-٠٣-١٢",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert [moment(text, order) for order in ("ymd", "dmy", "mdy")] == [None] * 3


@pytest.mark.parametrize(
    ("texts", "usual", "order", "rows"),
    [
        (["2019-03-12", "2019-03-13"], "mdy", "ymd", 5),
        (["1/2/2019", "13/2/2019"], "mdy", "dmy", 5),
        (["1/2/2019", "2/13/2019"], "dmy", "mdy", 5),
        (["1/2/2019", "2/3/2019"], "mdy", "mdy", 5),
        (["1/2/2019", "2/3/2019"], "dmy", "dmy", 5),
        (["1.2.2019", "2.3.2019"], "mdy", "dmy", 5),
        (["red", "blue"], "mdy", "ymd", 0),
    ],
)
def test_the_order_is_that_of_most_cells(texts, usual, order, rows):
    assert find_order(texts, [2, 3], usual) == (order, rows)


def test_what_could_change_places_is_named():
    assert day_first_is_unclear(["3/3/2019", "1/2/2019"], "mdy") == "1/2/2019"
    assert day_first_is_unclear(["1/2/2019", "1/13/2019"], "mdy") == ""
    assert day_first_is_unclear(["2019-01-02"], "ymd") == ""


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["00:00", "9:05", "23:59"], [0, 32700, 86340]),
        (["9:05:07", "09:05:07.250", "12:00:00"], [32707, 32707.25, 43200]),
        (["9:05 am", "12:30 AM", "12:30 p.m."], [32700, 1800, 45000]),
        (["10:00+02:00", "10:00Z", "10:00"], [28800, 36000, 36000]),
    ],
)
def test_times_of_day_are_times_of_the_first_day(texts, seconds):
    assert find_order(texts, [1] * 3, "mdy") == ("time", 3)
    assert [moment(text, "time")[1] for text in texts] == seconds
    assert [moment(text, "ymd") for text in texts] == [None] * 3
    assert day_first_is_unclear(texts, "time") == ""


@pytest.mark.parametrize("text", ["24:00", "12:60", "3:2", "12", "12:30 and more", "13:00 pm", ""])
def test_what_no_clock_shows_is_no_time_of_day(text):
    assert moment(text, "time") is None
