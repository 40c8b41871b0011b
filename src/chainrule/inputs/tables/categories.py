"""A column of categories: one feature a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.cells import Cells, number, plain, shortened, spelled
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import (
    MISSING_VALUE,
    MOST_VALUES,
    Line,
    TableColumn,
    counted_cells,
)
from chainrule.tables import abridged

__all__ = [
    "OTHER_VALUE",
    "CategoricalColumn",
    "commonest",
    "frequent_values",
    "places",
    "value_counts",
    "values_of",
    "written_alike",
]

MOST_IN_A_FILE = 10**6
OTHER_VALUE = "(other)"

EXACT = 2**53
"""Integers up to here float64 holds without rounding."""


@dataclass(frozen=True)
class CategoricalColumn(TableColumn):
    """A column of categories: one feature a value, 1 where the cell has it.

    The value "(missing)" stands for missing cells, "(other)" for values not in the list; a cell
    that no value stands for is zero everywhere.
    """

    name: str
    values: tuple[str, ...]

    kind = "categorical"
    called = "categories"

    @classmethod
    def fit(cls, name: str, cells: Cells, most: int = MOST_VALUES) -> CategoricalColumn | None:
        """Learn the most frequent values of cells (n); None if there is one value only."""
        return cls.of(name, value_counts(cells), most)

    @classmethod
    def of(
        cls, name: str, counts: Counter[str], most: int, *, more: bool = False
    ) -> CategoricalColumn | None:
        """Learn from how often each value occurs, as `value_counts` has them; or ``more`` do."""
        if len(counts) == 1 and not more:
            return None
        specials = [OTHER_VALUE] if OTHER_VALUE in counts else []
        specials += [MISSING_VALUE] if MISSING_VALUE in counts else []
        texts = [text for text in counts if text not in (OTHER_VALUE, MISSING_VALUE)]
        if len(texts) > most or more:
            texts = _most_frequent(texts, counts, most)
            specials = [OTHER_VALUE, *(s for s in specials if s != OTHER_VALUE)]
        return cls(name, (*sorted(texts), *specials))

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each value."""
        return {value: place for place, value in enumerate(self.values)}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, such as color=red."""
        return tuple(f"{self.name}={value}" for value in self.values)

    def describe(self) -> str:
        """Return what becomes of it."""
        return f"one each: {abridged(self.values)}"

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes on cells left zero."""
        return self.encode_cells(Cells.read(raw), out)

    def encode_cells(
        self, cells: Cells, out: NDArray[np.float32], instead: str = "encoded as zeros"
    ) -> list[str]:
        """Do the same with cells (n) that have been read; notes say what is done ``instead``."""
        features = places(cells, self.index, self.index.get(OTHER_VALUE, -1))
        rows = np.flatnonzero(features >= 0)
        out[...] = 0
        out[rows, features[rows]] = 1
        return self._notes(cells, features, instead)

    def _notes(self, cells: Cells, features: NDArray[np.intp], instead: str) -> list[str]:
        codes = cells.codes[features < 0]
        gone = int(cells.missing[codes].sum())
        unseen = [cells.texts[code] for code in np.unique(codes) if not cells.missing[code]]
        where = f"column {self.name!r}:"
        notes = []
        if gone:
            count = counted_cells(gone)
            notes.append(f"{where} {count} missing, none in training; {instead}")
        if unseen:
            count = counted_cells(len(codes) - gone)
            notes.append(
                f"{where} {count} with values not seen in training, {instead}: "
                f"{shortened(unseen)}"
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {"kind": "categorical", "name": self.name, "values": list(self.values)}

    @classmethod
    def from_json(cls, data: object, where: str) -> CategoricalColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        fields = strict_json.record(data, where, ("kind", "name", "values"))
        place = f"{where}.values"
        values = strict_json.items(fields["values"], place, MOST_IN_A_FILE, least=1)
        return cls(
            name=strict_json.text(fields["name"], f"{where}.name", least=0),
            values=strict_json.unique(
                tuple(strict_json.text(value, place) for value in values), place
            ),
        )


def written_alike(text: str) -> str:
    """Return a number as it is written everywhere: 7 for 7.0, as a DataFrame has it, and +7.

    Integers keep all of their digits.
    """
    value = number(text)
    if value is None or not np.isfinite(value):
        return text
    return str(int(text)) if abs(value) > EXACT and text.lstrip("+-").isdigit() else plain(value)


def commonest(cells: Cells, most: int) -> tuple[str, ...]:
    """Return the most frequent values of cells (n), sorted; a missing cell counts as one."""
    counts = value_counts(cells)
    return tuple(sorted(_most_frequent(list(counts), counts, most)))


def frequent_values(cells: Cells, rows: int) -> int:
    """Return how many values of cells (n) stand in so many rows or more."""
    return sum(count >= rows for count in value_counts(cells).values())


def places(cells: Cells, index: dict[str, int], other: int = -1) -> NDArray[np.intp]:
    """Return the place of each cell (n) by its value; ``other`` is where those not there go."""
    found = [
        index.get(MISSING_VALUE, -1) if gone else _place(text, index, other)
        for text, gone in zip(cells.texts, cells.missing, strict=True)
    ]
    return np.array(found, np.intp)[cells.codes]


def value_counts(cells: Cells) -> Counter[str]:
    """Return how often each value occurs in cells (n); a missing one is one, too."""
    counts: Counter[str] = Counter()
    for value, count in zip(values_of(cells), cells.counts(), strict=True):
        counts[value] += int(count)
    return counts


def values_of(cells: Cells) -> list[str]:
    """Return the value of each different cell (d); a missing one is one, too."""
    return [
        MISSING_VALUE if gone else written_alike(text)
        for text, gone in zip(cells.texts, cells.missing, strict=True)
    ]


def _most_frequent(texts: Sequence[str], counts: Counter[str], most: int) -> list[str]:
    return sorted(texts, key=lambda text: (-counts[text], text))[:most]


def _place(text: str, index: dict[str, int], other: int) -> int:
    """Return the place of a cell: of its text, or of the same value spelled differently."""
    place = index.get(spelled(text, index), -1)
    if place < 0:
        place = index.get(written_alike(text), -1)
    if place < 0 and (value := number(text)) is not None and EXACT < abs(value) < np.inf:
        return index.get(plain(value), other)  # as files of before have integers of many digits
    return other if place < 0 else place
