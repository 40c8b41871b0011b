"""A column of dates, with times or without, or of times of day: when, its parts, and its cycles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data import DataError
from chainrule.data.cells import Cells, shortened
from chainrule.data.date_formats import DAY, ORDERS, day_first_is_unclear, find_order, moment
from chainrule.data.table import RawCells
from chainrule.data.zoned_times import moments_of
from chainrule.inputs.tables.base import MISSING_VALUE, Line, TableColumn, counted_cells
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn
from chainrule.inputs.tables.readings import FEW_ODD_CELLS, FEW_WORDS, MARKERS, MOST_BLANKS

__all__ = ["DateColumn", "DateReading", "find_dates", "part_name", "parts_of"]

NumberColumn = NumericColumn | PiecewiseColumn
Fit = Callable[[str, NDArray[np.float64]], NumberColumn | None]
"""Learns a column of numbers by its name; None if they are all one number."""

PARTS = ("days", "year", "month", "day", "weekday", "hour")
EXPECTED = {
    "ymd": "a date, such as 2019-12-31",
    "dmy": "a date, day first",
    "mdy": "a date, month first",
    "time": "a time of day, such as 12:30",
}
"""What cells of an order are."""

CYCLES = {"year": 365.2425, "day": 1.0}
"""How many days a cycle has; each is a sine and a cosine."""


@dataclass(frozen=True)
class DateReading:
    """The order of day, month and year in a column, and the words that are taken as missing."""

    order: str = "ymd"
    blanks: tuple[str, ...] = ()

    def read(self, name: str, cells: Cells, line: Line) -> NDArray[np.float64]:
        """Return seconds since 1970 as clocks show them, and in UTC (n, 2), NaN where missing.

        Raises
        ------
        DataError
            A cell is no date.
        """
        if cells.kind == "time":
            seconds = _seconds(cells.times())
            return np.stack([seconds, seconds], axis=1)
        if cells.kind == "zoned":
            both = moments_of(cells.texts, cells.missing)
            return np.stack([_seconds(each) for each in both], axis=1)[cells.codes]
        values = np.full((len(cells.texts), 2), np.nan)
        wrong = np.zeros(len(cells.texts), np.bool_)
        for place, (text, gone) in enumerate(zip(cells.texts, cells.missing, strict=True)):
            found = None if gone else moment(text, self.order)
            if found is not None:
                values[place] = found
            elif not gone and text not in self.blanks and text.lower() not in MARKERS:
                wrong[place] = True
        if wrong.any():
            row, cell = cells.first(wrong)
            raise DataError(
                f"column {name!r}, {line(row)}: expected {EXPECTED[self.order]}, got "
                f"{shortened([cell])}"
            )
        return values[cells.codes]


def find_dates(
    cells: Cells, line: Line, *, decimal: str = "", chosen: bool = False
) -> tuple[DateReading, tuple[str, ...]] | None:
    """Return how cells are read as dates and what a user should know of it, None if they are none.

    With ``chosen``, all other words are taken as missing.
    """
    if cells.kind in ("time", "zoned"):
        return DateReading(), ()
    counts = cells.counts().tolist()
    found = zip(cells.texts, counts, cells.missing, strict=True)
    present = {text: count for text, count, gone in found if not gone}
    texts = list(present)
    usual = "dmy" if decimal == "," else "mdy"
    order, rows = find_order(texts, list(present.values()), usual)
    words = [text for text in texts if moment(text, order) is None]
    odd = [text for text in words if text.lower() not in MARKERS]
    count = sum(present[text] for text in odd)
    few = count <= FEW_ODD_CELLS * (rows + count) and len(odd) <= FEW_WORDS
    if not rows or not (few or (chosen and len(words) <= MOST_BLANKS)):
        return None
    remarks = []
    if unclear := day_first_is_unclear(texts, order):
        first = "day" if order == "dmy" else "month"
        remarks.append(f"in {unclear!r} the {first} is taken to come first")
    if words:
        blank = np.array([text in words for text in cells.texts], np.bool_)
        row, cell = cells.first(blank)
        number = counted_cells(sum(present[text] for text in words))
        remarks.append(f"{number} taken as missing: {shortened([cell])} in {line(row)}")
    return DateReading(order, tuple(sorted(words))), tuple(remarks)


@dataclass(frozen=True)
class DateColumn(TableColumn):
    """A column of dates: numbers made of them, and a sine and a cosine for each cycle.

    Numbers are the days since 1970 (in UTC), year, month, day of the month, weekday (Monday is 0)
    and hour, those that differed in training, each encoded as a column of numbers. A missing cell
    is 0 everywhere; with `missing`, a last feature is 1 there.
    """

    name: str
    reading: DateReading
    parts: tuple[str, ...]
    numbers: tuple[NumberColumn, ...]
    cycles: tuple[str, ...]
    missing: bool

    kind = "dates"
    called = "dates"

    @classmethod
    def fit(cls, name: str, raw: RawCells, reading: DateReading, line: Line, fit: Fit) -> Any:
        """Learn from cells (n); None if all are one date."""
        moments = reading.read(name, Cells.read(raw), line)
        gone = np.isnan(moments[:, 0])
        known = moments[~gone]
        parts = parts_of(known)
        learnt = {part: fit(part_name(name, part), x) for part, x in parts.items()}
        span = np.ptp(known[:, 0]) if len(known) else 0.0
        return cls.of(name, reading, learnt, span, missing=bool(gone.any()))

    @classmethod
    def of(
        cls,
        name: str,
        reading: DateReading,
        learnt: Mapping[str, NumberColumn | None],
        span: float,
        *,
        missing: bool,
    ) -> DateColumn | None:
        """Return the column of parts that are learnt; None if none of them differs.

        The span are the seconds from the first date to the last.
        """
        numbers = {part: column for part, column in learnt.items() if column is not None}
        if not numbers:
            return None
        cycles = ["year"] * bool(span / DAY > 1) + ["day"] * ("hour" in numbers)
        return cls(name, reading, tuple(numbers), tuple(numbers.values()), tuple(cycles), missing)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features."""
        numbers = [name for column in self.numbers for name in column.feature_names]
        waves = [
            f"{self.name} {wave} of the {cycle}"
            for cycle in self.cycles
            for wave in ("sine", "cosine")
        ]
        return (*numbers, *waves, *[f"{self.name} {MISSING_VALUE}"] * self.missing)

    def describe(self) -> str:
        """Return what becomes of it."""
        cycles = f", cycles of the {' and the '.join(self.cycles)}" if self.cycles else ""
        return ", ".join(self.parts) + cycles + ", and whether it is missing" * self.missing

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes."""
        moments = self.reading.read(self.name, Cells.read(raw), line)
        gone = np.isnan(moments[:, 0])
        known, place = np.where(gone[:, None], 0.0, moments), 0
        parts = parts_of(known)
        for part, column in zip(self.parts, self.numbers, strict=True):
            width = len(column.feature_names)
            column.encode_numbers(parts[part], out[:, place : place + width])
            place += width
        for cycle in self.cycles:
            angle = 2 * np.pi * known[:, 0] / (DAY * CYCLES[cycle])
            out[:, place], out[:, place + 1] = np.sin(angle), np.cos(angle)
            place += 2
        out[gone] = 0
        if self.missing:
            out[:, place] = gone
        elif gone.any():
            count = counted_cells(int(gone.sum()))
            return [f"column {self.name!r}: {count} missing, none in training; encoded as zeros"]
        return []

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "kind": "dates",
            "name": self.name,
            "order": self.reading.order,
            "blanks": list(self.reading.blanks),
            "parts": list(self.parts),
            "numbers": [column.to_json() for column in self.numbers],
            "cycles": list(self.cycles),
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> DateColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ("kind", "name", "order", "blanks", "parts", "numbers", "cycles", "missing")
        fields = strict_json.record(data, where, keys)
        if fields["order"] not in ORDERS:
            raise ValueError(f"{where}.order: expected one of {', '.join(ORDERS)}")
        blanks = strict_json.items(fields["blanks"], f"{where}.blanks", MOST_BLANKS)
        parts = _choice(fields["parts"], f"{where}.parts", PARTS, least=1)
        items = strict_json.items(
            fields["numbers"], f"{where}.numbers", len(parts), least=len(parts)
        )
        return cls(
            name=strict_json.text(fields["name"], f"{where}.name", least=0),
            reading=DateReading(
                fields["order"],
                tuple(strict_json.text(blank, f"{where}.blanks") for blank in blanks),
            ),
            parts=parts,
            numbers=tuple(_number_column(item, f"{where}.numbers") for item in items),
            cycles=_choice(fields["cycles"], f"{where}.cycles", tuple(CYCLES)),
            missing=strict_json.flag(fields["missing"], f"{where}.missing"),
        )


def _seconds(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return the seconds of times (n), in the steps that those of texts are made in."""
    days, rest = np.divmod(times.astype("datetime64[us]").astype(np.int64), round(DAY * 1e6))
    whole, fraction = np.divmod(rest, 10**6)
    seconds: NDArray[np.float64] = days * DAY + (whole + fraction / 1e6)
    seconds[np.isnat(times)] = np.nan
    return seconds


def parts_of(moments: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the numbers made of moments (n, 2)."""
    whole = np.floor(moments[:, 0] / DAY)
    days = whole.astype(np.int64).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]")
    return {
        "days": moments[:, 1] / DAY,
        "year": years.astype(np.int64) + 1970.0,
        "month": (months - years).astype(np.int64) + 1.0,
        "day": (days - months).astype(np.int64) + 1.0,
        "weekday": (whole + 3) % 7,
        "hour": np.floor(moments[:, 0] / 3600) % 24,
    }


def part_name(name: str, part: str) -> str:
    """Return what the column of numbers is called that is made of a part of dates."""
    return name if part == "days" else f"{name} {part}"


def _choice(value: object, where: str, known: tuple[str, ...], least: int = 0) -> tuple[str, ...]:
    items = strict_json.items(value, where, len(known), least)
    if any(item not in known for item in items):
        raise ValueError(f"{where}: expected some of {', '.join(known)}")
    return strict_json.unique(tuple(items), where)


def _number_column(item: object, where: str) -> NumberColumn:
    kind = item.get("kind") if type(item) is dict else None
    if kind == PiecewiseColumn.kind:
        return PiecewiseColumn.from_json(item, where)
    return NumericColumn.from_json(item, where)
