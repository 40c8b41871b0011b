"""A column of numbers as piecewise-linear features: one clipped smoothly, and one for each bin.

With z = (x − median) / scale, the first feature is z / √(1 + (z/3)²), which lies between −3 and 3.
The bins lie between edges b[0] < … < b[T], quantiles of training: feature t is
h (x − b[t−1]) / (b[t] − b[t−1]), cut off at 0 and at the height h, so that a network that is linear
in them is piecewise linear in x. Cutting off all bins, the outer ones, too, keeps every feature
bounded however far x is from training; what lies outside of the edges shows in the first feature.

A column with few different values, up to twice as many as it may have bins, has an edge at each.
Where a few numbers are so frequent that several quantiles are the same, as in a column of zeros for
the most part, each number counts for one bin at most, so that the rest have more of the edges. A
height below 1 lets an optimizer whose steps are of one length, as Adam's are, move the slopes of
bins more slowly than all else. A missing cell is 0 everywhere, and 1 in a feature of its own where
training had missing cells.

Source: Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", 2022;
the scaling: Holzmüller et al., "Better by Default", 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import strict_json
from chainrule.data.table import RawCells
from chainrule.inputs.tables.base import MISSING_VALUE, Line, TableColumn
from chainrule.inputs.tables.distributions import Distribution, Sample
from chainrule.inputs.tables.numbers import missing_notes
from chainrule.inputs.tables.readings import AS_IT_IS, NumberReading
from chainrule.tables import counted, number_text

__all__ = ["PiecewiseColumn", "PiecewiseRun"]

LARGEST = 1e300
"""Numbers beyond are taken for this one, so that no difference overflows."""

FARTHEST = 1e6
"""Robustly scaled numbers beyond are taken for this one: in float32 the clip is 3 long before."""

MOST_BINS = 1024
CELLS_OF_A_BLOCK = 2**16
"""About so many features are computed at once, so that they stay in the cache."""


@dataclass(frozen=True)
class PiecewiseColumn(TableColumn):
    """A column of numbers, clipped smoothly, and in bins between edges.

    With `missing`, a last feature is 1 where the cell is missing and 0 elsewhere.
    """

    name: str
    median: float
    scale: float
    edges: tuple[float, ...]
    missing: bool
    reading: NumberReading = AS_IT_IS
    height: float = 1.0

    kind = "piecewise"
    called = "numbers"

    @classmethod
    def fit(
        cls,
        name: str,
        x: NDArray[np.float64],
        reading: NumberReading,
        bins: int,
        height: float = 1.0,
    ) -> PiecewiseColumn | None:
        """Learn from numbers (n), NaN where one is missing; None if they are all one number."""
        gone = np.isnan(x)
        present = Sample(np.clip(x[~gone], -LARGEST, LARGEST))
        return cls.of(name, present, reading, bins, height, missing=bool(gone.any()))

    @classmethod
    def of(
        cls,
        name: str,
        present: Distribution,
        reading: NumberReading,
        bins: int,
        height: float,
        *,
        missing: bool,
    ) -> PiecewiseColumn | None:
        """Learn from how numbers within ±LARGEST are spread, as `fit` does."""
        if present.constant:
            return None
        values = present.values
        low, median, high = present.quantiles((0.25, 0.5, 0.75))
        scale = high - low
        if len(values) == 2:  # −1 and 1
            median, scale = values.mean(), (values[1] - values[0]) / 2
        elif scale <= 1e-9 * (values[-1] - values[0]):
            scale = (values[-1] - values[0]) / 2
        if not scale > 0.0:
            return None
        if len(values) > max(bins + 1, 2 * bins):
            values = _quantiles(present, bins)
        edges = tuple(values.tolist()) if len(values) > 2 else ()
        return cls(name, float(median), float(scale), edges, missing, reading, height)

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return max(len(self.edges) - 1, 0)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features: the number, the bins, and whether it is missing."""
        inner = (f"{self.name} to {number_text(edge)}" for edge in self.edges[1:])
        numbered = (f"{name} [{place}]" for place, name in enumerate(inner, 1))
        last = (f"{self.name} {MISSING_VALUE}",) if self.missing else ()
        return (self.name, *numbered, *last)

    def describe(self) -> str:
        """Return what becomes of it."""
        scaled = f"(x − {number_text(self.median)}) / {number_text(self.scale)}, clipped"
        if self.edges:
            first, last = number_text(self.edges[0]), number_text(self.edges[-1])
            scaled += f", and {counted(self.bins, 'bin')} from {first} to {last}"
        return scaled + ", and whether it is missing" * self.missing

    def encode(self, raw: RawCells, out: NDArray[np.float32], line: Line) -> list[str]:
        """Fill out (n, features) with the cells (n) and return notes."""
        return self.encode_numbers(self.reading.read(self.name, raw, line), out)

    def encode_numbers(self, x: NDArray[np.float64], out: NDArray[np.float32]) -> list[str]:
        """Fill out (n, features) with numbers (n), NaN where one is missing."""
        return self._alone.encode(x[:, None], out)

    @cached_property
    def _alone(self) -> PiecewiseRun:
        return PiecewiseRun((self,))

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        return {
            "kind": "piecewise",
            "name": self.name,
            "median": self.median,
            "scale": self.scale,
            "edges": list(self.edges),
            "missing": self.missing,
            **({} if self.height == 1.0 else {"height": self.height}),
            **self.reading.to_json(),
        }

    @classmethod
    def from_json(cls, data: object, where: str) -> PiecewiseColumn:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ["kind", "name", "median", "scale", "edges", "missing"]
        more = ("reading", "height")
        keys += [key for key in more if type(data) is dict and key in data]
        fields = strict_json.record(data, where, keys)
        items = strict_json.items(fields["edges"], f"{where}.edges", MOST_BINS + 1)
        edges = tuple(strict_json.number(edge, f"{where}.edges") for edge in items)
        if len(edges) in (1, 2) or any(b <= a for a, b in pairwise(edges)):
            raise ValueError(f"{where}.edges: expected none, or three increasing numbers or more")
        if any(abs(edge) > LARGEST for edge in edges):
            raise ValueError(f"{where}.edges: expected numbers up to {LARGEST}")
        return cls(
            name=strict_json.text(fields["name"], f"{where}.name", least=0),
            median=strict_json.number(fields["median"], f"{where}.median"),
            scale=strict_json.number(fields["scale"], f"{where}.scale", positive=True),
            edges=edges,
            missing=strict_json.flag(fields["missing"], f"{where}.missing"),
            reading=NumberReading.from_json(fields, where),
            height=strict_json.number(fields.get("height", 1.0), f"{where}.height", positive=True),
        )


def _quantiles(present: Distribution, bins: int) -> NDArray[np.float64]:
    """Return rising edges of about so many bins that hold equal shares of numbers.

    Where edges coincide, they are found anew with no number counted for more than one bin's share.
    """
    shares = np.linspace(0, 1, bins + 1)
    edges: NDArray[np.float64] = np.unique(present.quantiles(shares))
    if len(edges) == len(shares):
        return edges
    values, counts = present.values, present.counts
    up_to = np.cumsum(np.minimum(counts, present.count / bins))
    inner = np.searchsorted(up_to, shares[1:-1] * up_to[-1])
    return np.asarray(values[np.unique([0, *inner, len(values) - 1])])


class PiecewiseRun:
    """Columns that stand beside each other, encoded together.

    Parameters
    ----------
    columns : sequence of PiecewiseColumn
        Columns (k) whose features (f) follow each other.
    """

    def __init__(self, columns: Sequence[PiecewiseColumn]) -> None:
        self.columns = tuple(columns)
        source: list[int] = []
        low, size, height, clipped, indicators = [], [], [], [], []
        for place, column in enumerate(self.columns):
            edges = np.array(column.edges)
            clipped.append(len(source))
            width = 1 + column.bins + column.missing
            source += [place] * width
            low += [0.0, *edges[:-1], *[0.0] * column.missing]
            size += [1.0, *np.diff(edges), *[1.0] * column.missing]
            height += [column.height] * width
            indicators += [len(source) - 1] if column.missing else []
        self.width = len(source)
        self._source, self._low, self._size = np.array(source), np.array(low), np.array(size)
        self._height = np.array(height)
        self._clipped, self._indicators = np.array(clipped), np.array(indicators, np.intp)
        self._learnt = np.array([column.missing for column in self.columns])
        self._median = np.array([column.median for column in self.columns])
        self._scale = np.array([column.scale for column in self.columns])

    def encode(self, x: NDArray[np.float64], out: NDArray[np.float32]) -> list[str]:
        """Fill out (n, f) with numbers (n, k), NaN where one is missing, and return notes."""
        gone = np.isnan(x)
        notes: list[str] = []
        if gone.any():
            for place in np.flatnonzero(gone.any(axis=0) & ~self._learnt).tolist():
                notes += missing_notes(self.columns[place].name, gone[:, place])
            x = np.where(gone, np.where(self._learnt, -np.inf, self._median), x)
        step = max(1, CELLS_OF_A_BLOCK // max(self.width, 1))
        part = np.empty((min(step, len(x)), self.width))
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(x), step):
                rows = slice(start, min(start + step, len(x)))
                self._encode_block(x[rows], gone[rows], part[: rows.stop - start], out[rows])
        return notes

    def _encode_block(
        self,
        x: NDArray[np.float64],
        gone: NDArray[np.bool_],
        part: NDArray[np.float64],
        out: NDArray[np.float32],
    ) -> None:
        x = np.clip(x, -LARGEST, LARGEST)
        np.take(x, self._source, axis=1, out=part, mode="clip")
        part -= self._low
        part /= self._size
        np.clip(part, 0.0, 1.0, out=part)
        part *= self._height
        z = np.clip((x - self._median) / self._scale, -FARTHEST, FARTHEST)
        z /= np.sqrt(1.0 + (z / 3.0) ** 2)
        z[gone] = 0.0
        part[:, self._clipped] = z
        if len(self._indicators):
            part[:, self._indicators] = gone[:, self._learnt]
        out[...] = part
