"""Dates and times as people write them, in one order for a whole column; times of day, too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

__all__ = ["ORDERS", "day_first_is_unclear", "find_order", "moment"]

ORDERS = ("ymd", "dmy", "mdy", "time")
"""Year first, day first or month first; or times alone, which are those of 1970-01-01."""

LONGEST = 40
"""Characters of a cell that may be a date."""

TRIED = 20
"""Cells that are tried before all are."""

DAY = 86400.0
YEAR_FIRST = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?|(\d{2})(\d{2}))", re.ASCII)
YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
MONTH_NAMED = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.ASCII)
DAY_NAMED = re.compile(r"(\d{1,2})[-. ]{1,2}([A-Za-z]{3,9})[-., ]{1,2}(\d{4}|\d{2})", re.ASCII)
TIME = re.compile(
    r"(?:[T ]|, )(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"(?: ?([AaPp])\.?[Mm]\.?)?(?: ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?",
    re.ASCII,
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
OTHER_MONTHS = {"mär": 3, "mai": 5, "okt": 10, "dez": 12}


def moment(text: str, order: str) -> tuple[float, float] | None:
    """Return the seconds since 1970 that a text says, as its clock shows them and in UTC.

    Without a time zone both are the same. None if it is no date.
    """
    if len(text) > LONGEST:
        return None
    if order == "time":
        clock = _clock(f" {text}")
        return None if clock is None else (clock[0], clock[0] - clock[1])
    for pattern in (YEAR_FIRST, YEAR_LAST, DAY_NAMED, MONTH_NAMED):
        found = pattern.match(text)
        if found is not None:
            rest = text[found.end() :]
            clock = (0.0, 0.0) if not rest else _clock(rest)
            day = _day(found, order)
            if clock is not None and day is not None:
                return day * DAY + clock[0], day * DAY + clock[0] - clock[1]
    return None


def find_order(texts: Sequence[str], counts: Sequence[int], usual: str) -> tuple[str, int]:
    """Return the order in which most texts (d), each in so many cells, are dates, and how many are.

    Where day and month could change places, the usual order is taken; with points it is "dmy".
    """
    if not any(moment(text, order) for text in texts[:TRIED] for order in ORDERS):
        return "ymd", 0
    points = sum(text.count(".") == 2 for text in texts) > 0.5 * len(texts)
    preferred = ("ymd", "dmy" if points else usual, "dmy", "mdy", "time")
    best = "ymd", 0
    for order in dict.fromkeys(preferred):
        pairs = zip(texts, counts, strict=True)
        count = sum(count for text, count in pairs if moment(text, order) is not None)
        if count > best[1]:
            best = order, count
    return best


def day_first_is_unclear(texts: Sequence[str], order: str) -> str:
    """Return a text if day and month could change places in all texts, "" if that is clear."""
    if order not in ("dmy", "mdy"):
        return ""
    other = "mdy" if order == "dmy" else "dmy"
    read = [text for text in texts if moment(text, order) is not None]
    swapped = [text for text in read if moment(text, order) != moment(text, other)]
    clear = any(moment(text, other) is None for text in read)
    return swapped[0] if swapped and not clear else ""


def _day(found: re.Match[str], order: str) -> int | None:
    """Return the days since 1970 of a date, None if there is no such day."""
    parts = found.groups()
    if found.re is YEAR_FIRST:
        year, month, day = parts[0], parts[2] or parts[4], parts[3] or parts[5] or "1"
    elif found.re is YEAR_LAST:
        if order not in ("dmy", "mdy"):
            return None
        first, second, year = parts[0], parts[2], parts[3]
        day, month = (first, second) if order == "dmy" else (second, first)
    else:
        name = parts[1] if found.re is DAY_NAMED else parts[0]
        day, year = parts[0] if found.re is DAY_NAMED else parts[1], parts[2]
        month = str(_month(name))
    whole = int(year) + (0 if len(year) > 2 else 2000 if int(year) < 69 else 1900)
    try:
        return date(whole, int(month), int(day)).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        return None


def _month(name: str) -> int:
    start = name[:3].lower()
    return MONTHS.index(start) + 1 if start in MONTHS else OTHER_MONTHS.get(start, 0)


def _clock(text: str) -> tuple[float, float] | None:
    """Return the seconds of a day that a clock shows, and how far it is ahead of UTC."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (found[5] in "Pp")
    if hour > 23 or minute > 59 or second > 60:
        return None
    ahead, zone = 0.0, found[6]
    if zone and zone[0] in "+-":
        ahead = (int(zone[1:3]) * 60 + int(zone[-2:])) * (60.0 if zone[0] == "+" else -60.0)
    return hour * 3600.0 + minute * 60.0 + second + float(f"0.{found[4] or 0}"), ahead
