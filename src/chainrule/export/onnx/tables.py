"""From the raw columns of a table to its features, as its encoder has learnt them.

Each column is an input of its own: texts, or numbers in double, as differences of large numbers,
such as times, are among what is computed. Texts are found among those that training had; no text is
turned into a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import pi
from typing import Any

import numpy as np

from chainrule import mathematics as m
from chainrule.data.cells import MISSING as MARKERS
from chainrule.data.date_formats import DAY
from chainrule.export.language.expressions import local
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.export.onnx.rules import write_rule
from chainrule.export.raw_columns import RawColumn, raw_columns
from chainrule.export.tables import calendar
from chainrule.inputs import TableEncoder
from chainrule.inputs.tables.base import MISSING_VALUE, TableColumn
from chainrule.inputs.tables.booleans import BooleanColumn
from chainrule.inputs.tables.categories import OTHER_VALUE, CategoricalColumn
from chainrule.inputs.tables.dates import CYCLES, DateColumn
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import FARTHEST, LARGEST, PiecewiseColumn
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn

__all__ = ["write_table"]

ML = "ai.onnx.ml"

WHOLE = re.compile("-?[0-9]{1,15}")
"""Whole numbers that floats have, too."""


def write_table(graph: Graph, encoder: TableEncoder) -> tuple[Tensor, list[dict[str, str]]]:
    """Return X (n, features) of a table's columns, and the inputs: name, column, type, meaning."""
    parts, told = [], []
    for column, raw in zip(encoder.columns, raw_columns(encoder), strict=True):
        dtype: Any = np.float64 if raw.values is None else np.str_
        x = graph.input(raw.name, dtype, ("N", 1))
        kind = "double" if raw.values is None else "string"
        told.append({"input": x, "column": raw.name, "type": kind, "meaning": raw.told})
        writer = _ColumnWriter(graph)
        writer.write(column, raw, x)
        parts.append(writer.features())
    return graph.op("Concat", *parts, axis=1), told


@dataclass
class _ColumnWriter:
    """The features of one column, in order, in double."""

    graph: Graph
    parts: list[Tensor] = field(default_factory=list)

    def features(self) -> Tensor:
        """Return the features (n, f) in float."""
        own = self.parts
        whole = self.graph.op("Concat", *own, axis=1) if len(own) > 1 else own[0]
        return self.graph.cast(whole, np.float32)

    def write(self, column: TableColumn, raw: RawColumn, x: Tensor) -> None:
        """Write all of a column's features."""
        if isinstance(column, NumericColumn | PiecewiseColumn):
            self.numbers(column, x)
        elif isinstance(column, CategoricalColumn):
            self.categories(column, self.places(column, x))
        elif isinstance(column, TargetEncodedColumn):
            self.encoded(column, x)
        elif isinstance(column, BooleanColumn):
            v = local("x")
            truth = m.where(m.equal(v, 1), 1.0, m.where(m.equal(v, 0), -1.0, 0.0))
            self.rule(truth, {"x": x})
            self.gone(x, column.missing)
        else:
            assert isinstance(column, DateColumn)
            self.dates(column, x)

    def rule(self, value: Any, values: Mapping[str, Tensor]) -> Tensor:
        """Write a feature, or several, by an expression, and return the tensor."""
        self.parts.append(write_rule(self.graph, value, values, np.float64))
        return self.parts[-1]

    def gone(self, x: Tensor, missing: bool) -> None:
        """Write whether a number is missing, if training had missing cells."""
        if missing:
            v = local("x")
            self.rule(m.where(m.equal(v, v), 0.0, 1.0), {"x": x})

    def double(self, numbers: Any) -> Tensor:
        """Return numbers that are known, in double."""
        return self.graph.constant(numbers, np.float64)

    def numbers(self, column: NumericColumn | PiecewiseColumn, x: Tensor) -> None:
        """Write the features of a number, perhaps NaN."""
        v = local("x")
        if isinstance(column, NumericColumn):
            present = m.where(m.equal(v, v), v, column.median)
            self.rule((present - column.mean) / column.scale, {"x": x})
        else:
            self.piecewise(column, x)
        self.gone(x, column.missing)

    def piecewise(self, column: PiecewiseColumn, x: Tensor) -> None:
        """Write z/√(1 + (z/3)²), and how far the number is into each bin."""
        v = local("x")
        instead = -LARGEST if column.missing else column.median
        cut = m.where(m.equal(v, v), m.maximum(m.minimum(v, LARGEST), -LARGEST), instead)
        z = m.maximum(m.minimum((cut - column.median) / column.scale, FARTHEST), -FARTHEST)
        self.rule(m.where(m.equal(v, v), z / m.sqrt(1 + z / 3 * (z / 3)), 0.0), {"x": x})
        if column.bins:
            edges = np.array(column.edges)
            low, size = self.double(edges[:-1]), self.double(np.diff(edges))
            part = (cut - local("low")) / local("size")
            inside = m.maximum(m.minimum(part, 1.0), 0.0) * column.height
            self.rule(inside, {"x": x, "low": low, "size": size})

    def places(self, column: CategoricalColumn | TargetEncodedColumn, x: Tensor) -> Tensor:
        """Return the places (n, 1) of texts, after the last one for those that are not known."""
        index, count = column.index, len(column.values)
        own = isinstance(column, CategoricalColumn)
        other = index.get(OTHER_VALUE, count) if own else count
        keys = {text: index.get(MISSING_VALUE, count) for text in _markers()}
        keys |= _spellings(column.values)
        keys |= {value: place for place, value in enumerate(column.values)}
        return self.graph.op(
            "LabelEncoder",
            x,
            domain=ML,
            keys_strings=list(keys),
            values_int64s=list(keys.values()),
            default_int64=other,
        )

    def categories(self, column: CategoricalColumn, places: Tensor) -> None:
        """Write 1 for the value at a place, else 0."""
        every = self.graph.constant(np.arange(len(column.values)), np.int64, "places")
        self.parts.append(self.graph.cast(self.graph.op("Equal", places, every), np.float64))

    def encoded(self, column: TargetEncodedColumn, x: Tensor) -> None:
        """Write the features of frequent values, and those of each number that a value has."""
        places = self.places(column, x)
        frequent = column.frequent
        other = frequent.index.get(OTHER_VALUE, len(frequent.values))
        own = [frequent.index.get(value, other) for value in column.values]
        table = self.graph.constant([*own, other], np.int64, "places")
        self.categories(frequent, self.graph.op("Gather", table, places, axis=0))
        for each in column.statistics:
            known = self.double([*each.numbers, each.unseen])
            self.numbers(each.column, self.graph.op("Gather", known, places, axis=0))

    def dates(self, column: DateColumn, x: Tensor) -> None:
        """Write the numbers that a time is made of, and its cycles; 0 where it is missing."""
        v, own = local("x"), _ColumnWriter(self.graph)
        here = write_rule(self.graph, m.where(m.equal(v, v), v, 0.0), {"x": x}, np.float64)
        parts = calendar(v)
        for part, numbers in zip(column.parts, column.numbers, strict=True):
            own.numbers(numbers, write_rule(self.graph, parts[part], {"x": here}, np.float64))
        for cycle in column.cycles:
            angle = 2 * pi * v / (DAY * CYCLES[cycle])
            own.rule(m.sin(angle), {"x": here})
            own.rule(m.cos(angle), {"x": here})
        features = self.graph.op("Concat", *own.parts, axis=1)
        known = m.where(m.equal(v, v), local("f"), 0.0)
        self.rule(known, {"x": x, "f": features})
        self.gone(x, column.missing)


def _markers() -> list[str]:
    """Return what stands for missing cells, as readers and frames write it."""
    ways = [*MARKERS, *map(str.upper, MARKERS), *map(str.title, MARKERS), "NaN", "-NaN", "<NA>"]
    return sorted(set(ways))


def _spellings(values: Sequence[str]) -> dict[str, int]:
    """Return how frames spell whole numbers, and truth values, that files spell otherwise."""
    known = {value: place for place, value in enumerate(values)}
    found = {f"{value}.0": place for value, place in known.items() if WHOLE.fullmatch(value)}
    for text in ("True", "False"):
        for way in (text.upper(), text.lower()):
            if way in known:
                found[text] = known[way]
    return found
