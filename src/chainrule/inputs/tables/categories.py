"""A column of categories: one feature a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.cells import Cells, number, plain, shortened, spelled
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import MISSING_VALUE, Line, TableColumn, counted_cells
from chainrule.tables import abridged

__all__ = ["MOST_VALUES", "OTHER_VALUE", "CategoricalColumn", "written_alike"]

MOST_VALUES = 100
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
    def fit(cls, name: str, cells: Cells) -> CategoricalColumn | None:
        """Learn the 100 most frequent values of cells (n); None if there is one value only."""
        counts: Counter[str] = Counter()
        for text, gone, count in zip(cells.texts, cells.missing, cells.counts(), strict=True):
            counts[MISSING_VALUE if gone else written_alike(text)] += int(count)
        if len(counts) == 1:
            return None
        specials = [OTHER_VALUE] if OTHER_VALUE in counts else []
        specials += [MISSING_VALUE] if MISSING_VALUE in counts else []
        texts = [text for text in counts if text not in (OTHER_VALUE, MISSING_VALUE)]
        if len(texts) > MOST_VALUES:
            texts = sorted(texts, key=lambda text: (-counts[text], text))[:MOST_VALUES]
            specials = [OTHER_VALUE, *(s for s in specials if s != OTHER_VALUE)]
        return cls(name, (*sorted(texts), *specials))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, such as color=red."""
        return tuple(f"{self.name}={value}" for value in self.values)

    def describe(self) -> str:
        """Return what becomes of it."""
        return f"one each: {abridged(self.values)}"

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes on cells left zero."""
        cells = Cells.read(raw)
        index = {value: feature for feature, value in enumerate(self.values)}
        other = index.get(OTHER_VALUE, -1)
        places = [
            index.get(MISSING_VALUE, -1) if gone else _place(text, index, other)
            for text, gone in zip(cells.texts, cells.missing, strict=True)
        ]
        features = np.array(places, np.intp)[cells.codes]
        rows = np.flatnonzero(features >= 0)
        out[...] = 0
        out[rows, features[rows]] = 1
        return self._notes(cells, features)

    def _notes(self, cells: Cells, features: NDArray[np.intp]) -> list[str]:
        codes = cells.codes[features < 0]
        gone = int(cells.missing[codes].sum())
        unseen = [cells.texts[code] for code in np.unique(codes) if not cells.missing[code]]
        where = f"column {self.name!r}:"
        notes = []
        if gone:
            count = counted_cells(gone)
            notes.append(f"{where} {count} missing, none in training; encoded as zeros")
        if unseen:
            count = counted_cells(len(codes) - gone)
            notes.append(
                f"{where} {count} with values not seen in training, encoded as zeros: "
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
        values = strict_json.items(fields["values"], place, most=MOST_VALUES + 2, least=1)
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


def _place(text: str, index: dict[str, int], other: int) -> int:
    """Return the feature of a cell: of its text, or of the same value spelled differently."""
    place = index.get(spelled(text, index), -1)
    if place < 0:
        place = index.get(written_alike(text), -1)
    if place < 0 and (value := number(text)) is not None and EXACT < abs(value) < np.inf:
        return index.get(plain(value), other)  # as files of before have integers of many digits
    return other if place < 0 else place
