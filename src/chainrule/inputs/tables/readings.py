"""How the cells of a column of numbers are read: their format, and which words mean nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data import DataError
from chainrule.data.cells import Cells, plain, shortened
from chainrule.data.number_formats import PLAIN, NumberFormat
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import Line, counted_cells

__all__ = ["AS_IT_IS", "MARKERS", "NumberReading", "find_numbers"]

MARKERS = frozenset(
    (
        "-", "--", "---", ".", "..", "...", "??", "unknown", "missing", "nil", "n.a.", "n.a",
        "n.d.", "nd", "tbd", "k.a.", "k. a.", "n. a.", "unbekannt", "#n/a", "<na>", "not available",
        "not applicable", "no data",
    )
)  # fmt: skip
"""Words, in lower case, that stand for a missing number."""

FEW_ODD_CELLS = 0.05
"""Up to this share of a column of numbers may be words; these are taken as missing."""

FEW_WORDS = 20
"""Up to so many different words."""

MOST_BLANKS = 1000


@dataclass(frozen=True)
class NumberReading:
    """The format of a column of numbers, and the words in it that are taken as missing."""

    format: NumberFormat = PLAIN
    blanks: tuple[str, ...] = ()

    @cached_property
    def _blank(self) -> frozenset[str]:
        return frozenset(self.blanks)

    def parse(self, cells: Cells) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the numbers of the texts (d), NaN where one is missing, and which are words.

        What was a number before it was a text has no format.
        """
        if cells.kind == "number" or (not cells.words.any() and self.format.decimal == "."):
            return np.where(cells.missing, np.nan, cells.values), cells.words
        values = np.full(len(cells.texts), np.nan)
        words = np.zeros(len(cells.texts), np.bool_)
        for place, (text, gone) in enumerate(zip(cells.texts, cells.missing, strict=True)):
            if gone or text in self._blank:
                continue
            value = self.format.value(text)
            if value is not None:
                values[place] = value
            elif text.lower() not in MARKERS:
                words[place] = True
        return values, words

    def read(self, name: str, raw: RawCells, line: Line) -> NDArray[np.float64]:
        """Return the numbers (n) of a column, NaN where a cell is missing.

        Raises
        ------
        DataError
            A cell is no number, or an infinite one.
        """
        if isinstance(raw, np.ndarray) and raw.dtype == np.float64:
            x = np.asarray(raw, np.float64)
            wrong = np.isinf(x)
            if wrong.any():
                row = int(np.argmax(wrong))
                raise _refused(name, line(row), "a finite number", plain(float(x[row])))
            return x
        cells = Cells.read(raw)
        values, words = self.parse(cells)
        written = ~cells.missing & ~words & ~np.isfinite(values)
        if cells.kind != "number":
            written &= np.array([not self._is_blank(text) for text in cells.texts], bool)
        odd = words | written
        if odd.any():
            row, cell = cells.first(odd)
            expected = "a number" if words[cells.codes[row]] else "a finite number"
            raise _refused(name, line(row), expected, cell)
        return values[cells.codes]

    def _is_blank(self, text: str) -> bool:
        return text in self._blank or (text.lower() in MARKERS and self.format.value(text) is None)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back; nothing for what programs write."""
        if self == AS_IT_IS:
            return {}
        return {"reading": {"format": self.format.to_json(), "blanks": list(self.blanks)}}

    @classmethod
    def from_json(cls, data: dict[str, Any], where: str) -> NumberReading:
        """Check and take back what `to_json` gave, from among other entries."""
        if "reading" not in data:
            return cls()
        place = f"{where}.reading"
        entries = strict_json.record(data["reading"], place, ("format", "blanks"))
        blanks = strict_json.items(entries["blanks"], f"{place}.blanks", MOST_BLANKS)
        return cls(
            NumberFormat.from_json(entries["format"], f"{place}.format"),
            tuple(strict_json.text(blank, f"{place}.blanks") for blank in blanks),
        )


AS_IT_IS = NumberReading()
"""What programs write, without words."""


class Found(NamedTuple):
    """How numbers are read, and what a user should know of it."""

    reading: NumberReading
    remarks: tuple[str, ...]


def find_numbers(
    cells: Cells, line: Line, *, decimal: str = "", chosen: bool = False
) -> Found | None:
    """Return how cells (n) with words among them are read as numbers, None if they are none.

    Parameters
    ----------
    cells : Cells
        All cells of a column.
    line : callable
        The line of a row.
    decimal : str
        The decimal sign of cells that could be read in two ways.
    chosen : bool
        Whether a user said that these are numbers, so that all words are taken as missing.
    """
    present = [place for place in range(len(cells.texts)) if not cells.missing[place]]
    texts, counts = [cells.texts[place] for place in present], cells.counts()[present].tolist()
    best: tuple[int, NumberReading] | None = None
    for form in dict.fromkeys((PLAIN, NumberFormat.find(texts, counts, decimal))):
        words = {text: n for text, n in zip(texts, counts, strict=True) if not _reads(form, text)}
        odd = {text: n for text, n in words.items() if text.lower() not in MARKERS}
        rows, count = sum(counts) - sum(words.values()), sum(odd.values())
        few = count <= FEW_ODD_CELLS * (rows + count) and len(odd) <= FEW_WORDS
        if rows and (few or (chosen and len(words) <= MOST_BLANKS)):
            reading = NumberReading(form, tuple(sorted(words)))
            if best is None or count < best[0] or (decimal and count == best[0]):
                best = count, reading
    return None if best is None else Found(best[1], _remarks(best[1], cells, line))


def _reads(form: NumberFormat, text: str) -> bool:
    return form.value(text) is not None


def _remarks(reading: NumberReading, cells: Cells, line: Line) -> tuple[str, ...]:
    remarks = []
    if reading.format.unit:
        remarks.append(f"the unit {reading.format.unit!r} is dropped")
    example = reading.format.example(cells.texts) if reading.format != PLAIN else None
    if example is not None:
        value = reading.format.value(example)
        remarks.append(f"{example!r} is read as {plain(value)}" if value is not None else "")
    blank = np.array([text in reading.blanks for text in cells.texts], np.bool_)
    if blank.any():
        row, cell = cells.first(blank)
        count = int(blank[cells.codes].sum())
        first = "" if count == 1 else "the first "
        remarks.append(
            f"{counted_cells(count)} taken as missing, {first}{shortened([cell])} in "
            f"{line(row)}"
        )
    return tuple(filter(None, remarks))


def _refused(name: str, place: str, expected: str, cell: str) -> DataError:
    return DataError(f"column {name!r}, {place}: expected {expected}, got {shortened([cell])}")
