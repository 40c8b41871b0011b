"""A column of numbers as they are, standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data import DataError
from chainrule.data.cells import Moments, plain, shortened
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import MISSING_VALUE, Line, TableColumn, counted_cells
from chainrule.inputs.tables.readings import AS_IT_IS, NumberReading
from chainrule.tables import number_text

__all__ = ["NumericColumn"]


@dataclass(frozen=True)
class NumericColumn(TableColumn):
    """A column of numbers: (x - mean) / scale, with the median where a cell is missing.

    With `missing`, a second feature is 1 where the cell is missing and 0 elsewhere.
    """

    name: str
    mean: float
    scale: float
    median: float
    missing: bool
    reading: NumberReading = AS_IT_IS

    kind = "numeric"
    called = "numbers"

    @classmethod
    def fit(cls, name: str, x: NDArray[np.float64], reading: NumberReading) -> NumericColumn | None:
        """Learn from numbers (n), NaN where one is missing; None if they are all one number."""
        gone = np.isnan(x)
        moments = Moments.of(x[~gone])
        if moments.scale == 0.0:
            return None
        return cls(name, moments.mean, moments.scale, moments.median, bool(gone.any()), reading)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the one or two features."""
        return (self.name, f"{self.name} {MISSING_VALUE}") if self.missing else (self.name,)

    def describe(self) -> str:
        """Return what becomes of it."""
        features = f"(x − {number_text(self.mean)}) / {number_text(self.scale)}"
        return features + ", and whether it is missing" * self.missing

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes."""
        x = self.reading.read(self.name, raw, line)
        notes = self.encode_numbers(x, out)
        far = ~np.isfinite(out[:, 0])
        if far.any():
            row = int(np.argmax(far))
            cell = raw[row] if isinstance(raw[row], str) else plain(float(x[row]))
            raise DataError(
                f"column {self.name!r}, {line(row)}: expected a number near those of "
                f"training, got {shortened([str(cell).strip()])}"
            )
        return notes

    def encode_numbers(self, x: NDArray[np.float64], out: NDArray[np.float32]) -> list[str]:
        """Fill out (n, features) with numbers (n), NaN where one is missing."""
        gone = np.isnan(x)
        with np.errstate(over="ignore"):
            out[:, 0] = (np.where(gone, self.median, x) - self.mean) / self.scale
        if self.missing:
            out[:, 1] = gone
            return []
        return missing_notes(self.name, gone)

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "kind": "numeric",
            "name": self.name,
            "mean": self.mean,
            "scale": self.scale,
            "median": self.median,
            "missing": self.missing,
            **self.reading.to_json(),
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> NumericColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ["kind", "name", "mean", "scale", "median", "missing"]
        keys += ["reading"] if type(data) is dict and "reading" in data else []
        fields = strict_json.record(data, where, keys)
        return cls(
            name=strict_json.text(fields["name"], f"{where}.name", least=0),
            mean=strict_json.number(fields["mean"], f"{where}.mean"),
            scale=strict_json.number(fields["scale"], f"{where}.scale", positive=True),
            median=strict_json.number(fields["median"], f"{where}.median"),
            missing=strict_json.flag(fields["missing"], f"{where}.missing"),
            reading=NumberReading.from_json(fields, where),
        )


def missing_notes(name: str, gone: NDArray[np.bool_]) -> list[str]:
    """Say that cells (n) are missing where training had none."""
    if not gone.any():
        return []
    count = counted_cells(int(gone.sum()))
    return [f"column {name!r}: {count} missing, none in training; median taken"]
