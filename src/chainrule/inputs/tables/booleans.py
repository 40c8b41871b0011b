"""A column of truth values, in the words that people use: true/false, yes/no, ja/nein."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.cells import Cells, shortened
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import MISSING_VALUE, Line, TableColumn, counted_cells

__all__ = ["BooleanColumn", "are_booleans"]

PAIRS = (
    ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("ja", "nein"),
    ("wahr", "falsch"), ("oui", "non"), ("vrai", "faux"), ("si", "no"), ("sí", "no"),
)  # fmt: skip
TRUE = frozenset(pair[0] for pair in PAIRS)
FALSE = frozenset(pair[1] for pair in PAIRS)


def are_booleans(cells: Cells) -> bool:
    """Return whether the words of a column are one pair, in any letters, and nothing else."""
    if (~cells.words & ~cells.missing).any():
        return False
    words = {text.lower() for text, word in zip(cells.texts, cells.words, strict=True) if word}
    return any(words == set(pair) for pair in PAIRS)


@dataclass(frozen=True)
class BooleanColumn(TableColumn):
    """A column of truth values: 1 for yes, −1 for no, 0 for a cell that is neither.

    Numbers 1 and 0, as programs write truth values, are yes and no, too.

    With `missing`, a second feature is 1 where the cell is missing and 0 elsewhere.
    """

    name: str
    missing: bool

    kind = "boolean"
    called = "booleans"

    @classmethod
    def fit(cls, name: str, cells: Cells) -> BooleanColumn | None:
        """Learn whether cells (n) are missing; None if all are one value, and none is missing."""
        words = {text.lower() for text, word in zip(cells.texts, cells.words, strict=True) if word}
        return cls.of(name, words, missing=bool(cells.missing[cells.codes].any()))

    @classmethod
    def of(cls, name: str, words: set[str], *, missing: bool) -> BooleanColumn | None:
        """Learn from the words that occur, in lower case, and whether cells are missing."""
        return cls(name, missing) if len(words) + missing > 1 else None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the one or two features."""
        return (self.name, f"{self.name} {MISSING_VALUE}") if self.missing else (self.name,)

    def describe(self) -> str:
        """Return what becomes of it."""
        return "1 for yes, −1 for no" + ", and whether it is missing" * self.missing

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes on cells left zero."""
        cells = Cells.read(raw)
        texts = [text.lower() for text in cells.texts]
        values = np.array([(text in TRUE) - (text in FALSE) for text in texts], np.float32)
        values += (cells.values == 1).astype(np.float32) - (cells.values == 0)  # of a frame
        out[:, 0] = values[cells.codes]
        if self.missing:
            out[:, 1] = cells.missing[cells.codes]
        return self._notes(cells, (values == 0) & ~cells.missing)

    def _notes(self, cells: Cells, neither: NDArray[np.bool_]) -> list[str]:
        where, notes = f"column {self.name!r}:", []
        gone = 0 if self.missing else int(cells.missing[cells.codes].sum())
        if gone:
            notes.append(f"{where} {counted_cells(gone)} missing, none in training; encoded as 0")
        if neither.any():
            count = counted_cells(int(neither[cells.codes].sum()))
            unseen = [text for text, odd in zip(cells.texts, neither, strict=True) if odd]
            notes.append(
                f"{where} {count} neither yes nor no, encoded as 0: {shortened(unseen)}"
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {"kind": "boolean", "name": self.name, "missing": self.missing}

    @classmethod
    def from_json(cls, data: object, where: str) -> BooleanColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        fields = strict_json.record(data, where, ("kind", "name", "missing"))
        return cls(
            strict_json.text(fields["name"], f"{where}.name", least=0),
            strict_json.flag(fields["missing"], f"{where}.missing"),
        )
