"""From the raw columns of a table to its features, as its encoder has learnt them.

Each column is an input of its own: texts, or numbers in double, as differences of large numbers,
such as times, are among what is computed. Texts are found among those that training had; no text is
turned into a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import pi
from typing import Any

import numpy as np

from chainrule import mathematics as m
from chainrule.data.cells import MISSING as MARKERS
from chainrule.data.date_formats import DAY
from chainrule.export.language.expressions import local
from chainrule.export.onnx.features import Features
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
from chainrule.inputs.tables.piecewise import PiecewiseColumn
from chainrule.inputs.tables.target_encoding import TargetEncodedColumn

__all__ = ["write_table"]

ML = "ai.onnx.ml"

GONE = m.where(m.equal(local("x"), local("x")), 0.0, 1.0)
"""Whether a number is missing."""

WHOLE = re.compile("-?[0-9]{1,15}")
"""Whole numbers that floats have, too."""

DECIMAL = re.compile(r"-?[0-9]{1,9}\.[0-9]{1,9}")
"""Numbers that have no other shortest text, but for zeros."""

TEXT = (
    "a text as training read it, with at most one space before and after it; a number also with a "
    "plus, as 7., 7.0 and 7.00, as 2.50 and 2.500, or with zeros before it to 15 digits; what is "
    "written in any other way is a value that training did not have"
)
"""What is told of a column of categories, which no operator turns into numbers."""

PADDED = re.compile("-?0[0-9]")
"""Codes with zeros before them."""

LONGEST_CODE = 15
"""Codes with zeros before them, such as 01067, are known up to so many digits."""


def write_table(graph: Graph, encoder: TableEncoder) -> tuple[Tensor, list[dict[str, Any]]]:
    """Return X (n, features) of a table's columns, and what is told of the inputs.

    An input goes by its column's name. Where an output, or nothing, is called so, there is a number
    behind it, with which no other column is called.
    """
    raws = raw_columns(encoder)
    _refuse_texts(raws)
    names = {raw.name for raw in raws}
    given, told = [], []
    for raw in raws:
        dtype: Any = np.float64 if raw.values is None else np.str_
        kind, meaning = ("double", raw.told) if raw.values is None else ("string", TEXT)
        x = graph.input(raw.name, dtype, ("N", 1), names - {raw.name})
        shape = ["N", 1]
        said = {"input": x, "column": raw.name, "type": kind, "shape": shape, "meaning": meaning}
        given.append(x)
        told.append(said)
    features = Features(graph)
    for column, x, block in zip(encoder.columns, given, encoder.blocks, strict=True):
        _write_column(graph, features, column, x, block.start)
    return graph.cast(features.written(), np.float32), told


def _refuse_texts(raws: Sequence[RawColumn]) -> None:
    for raw in raws:
        if raw.text is not None:
            raise ValueError(
                f"column {raw.name!r}: cannot be exported to ONNX, which has no operators that "
                "split texts as training did; leave it out, or let the file begin with what the "
                "first layer takes: encoded=True (--encoded)"
            )


def _write_column(
    graph: Graph, features: Features, column: TableColumn, x: Tensor, start: int
) -> None:
    """Write all of a column's features, which begin at a place."""
    if isinstance(column, NumericColumn | PiecewiseColumn):
        features.number(column, x, start)
    elif isinstance(column, CategoricalColumn):
        features.add(*_categories(graph, column, _places(graph, column, x), start))
    elif isinstance(column, TargetEncodedColumn):
        _encoded(graph, features, column, x, start)
    elif isinstance(column, BooleanColumn):
        v = local("x")
        features.rule(m.where(m.equal(v, 1), 1.0, m.where(m.equal(v, 0), -1.0, 0.0)), start, x=x)
        if column.missing:
            features.rule(GONE, start + 1, x=x)
    else:
        assert isinstance(column, DateColumn)
        _dates(graph, features, column, x, start)


def _places(graph: Graph, column: CategoricalColumn | TargetEncodedColumn, x: Tensor) -> Tensor:
    """Return the places (n, 1) of texts, after the last one for those that are not known."""
    index, count = column.index, len(column.values)
    own = isinstance(column, CategoricalColumn)
    other = index.get(OTHER_VALUE, count) if own else count
    known = _spellings(column.values)
    known |= {value: place for place, value in enumerate(column.values)}
    keys = _spaced({text: index.get(MISSING_VALUE, count) for text in _markers()})
    keys |= _spaced({text: place for text, place in known.items() if not PADDED.match(text)})
    keys |= known
    return graph.op(
        "LabelEncoder",
        x,
        domain=ML,
        keys_strings=list(keys),
        values_int64s=list(keys.values()),
        default_int64=other,
    )


def _categories(
    graph: Graph, column: CategoricalColumn, places: Tensor, start: int
) -> tuple[Tensor, list[int]]:
    """Return 1 for the value at a place, else 0; and where these features belong."""
    count = len(column.values)
    every = graph.constant(np.arange(count), np.int64, "places")
    ones = graph.cast(graph.op("Equal", places, every), np.float64)
    return ones, list(range(start, start + count))


def _encoded(
    graph: Graph, features: Features, column: TargetEncodedColumn, x: Tensor, start: int
) -> None:
    """Write the features of frequent values, and those of each number that a value has."""
    places = _places(graph, column, x)
    frequent = column.frequent
    other = frequent.index.get(OTHER_VALUE, len(frequent.values))
    own = [frequent.index.get(value, other) for value in column.values]
    table = graph.constant([*own, other], np.int64, "places")
    features.add(*_categories(graph, frequent, graph.op("Gather", table, places, axis=0), start))
    start += len(frequent.values)
    for each in column.statistics:
        known = graph.constant([*each.numbers, each.unseen], np.float64)
        features.number(each.column, graph.op("Gather", known, places, axis=0), start)
        start += len(each.column.feature_names)


def _dates(
    graph: Graph, features: Features, column: DateColumn, x: Tensor, start: int
) -> None:
    """Write the numbers that a time is made of, and its cycles; 0 where it is missing."""
    v, own, place = local("x"), Features(graph), 0
    here = write_rule(graph, m.where(m.equal(v, v), v, 0.0), {"x": x}, np.float64)
    parts = calendar(v)
    for part, numbers in zip(column.parts, column.numbers, strict=True):
        own.number(numbers, write_rule(graph, parts[part], {"x": here}, np.float64), place)
        place += len(numbers.feature_names)
    for cycle in column.cycles:
        angle = 2 * pi * v / (DAY * CYCLES[cycle])
        own.rule(m.sin(angle), place, x=here)
        own.rule(m.sin(angle + pi / 2), place + 1, x=here)  # few runtimes have Cos in double
        place += 2
    known = m.where(m.equal(v, v), local("f"), 0.0)
    made = write_rule(graph, known, {"x": x, "f": own.written()}, np.float64)
    features.add(made, range(start, start + place))
    if column.missing:
        features.rule(GONE, start + place, x=x)


def _markers() -> list[str]:
    """Return what stands for missing cells, as readers and frames write it."""
    ways = [*MARKERS, *map(str.upper, MARKERS), *map(str.title, MARKERS), "NaN", "-NaN", "<NA>"]
    return sorted(set(ways))


def _spaced(keys: dict[str, int]) -> dict[str, int]:
    """Return texts as they are, and with a space before them, after them, or both."""
    ways = [(before, after) for before in ("", " ") for after in ("", " ")]
    return {f"{a}{text}{b}": place for text, place in keys.items() for a, b in ways}


def _spellings(values: Sequence[str]) -> dict[str, int]:
    """Return how people and frames write numbers, and truth values, that files spell otherwise."""
    known = {value: place for place, value in enumerate(values)}
    whole = {value: place for value, place in known.items() if WHOLE.fullmatch(value)}
    found = {value.zfill(n): p for value, p in whole.items() for n in range(2, LONGEST_CODE + 1)}
    for value, place in whole.items():
        found |= dict.fromkeys((f"{value}.", f"{value}.0", f"{value}.00"), place)
    for value, place in known.items():
        if DECIMAL.fullmatch(value):
            short = value.replace("0.", ".", 1) if value.lstrip("-").startswith("0.") else value
            found |= dict.fromkeys((short, f"{value}0", f"{value}00"), place)
    bare = {text: place for text, place in found.items() if not PADDED.match(text)}
    numbers = {**bare, **{values[place]: place for place in found.values()}}
    found |= {f"+{text}": place for text, place in numbers.items() if text[0] != "-"}
    for text in ("True", "False"):
        for way in (text.upper(), text.lower()):
            if way in known:
                found[text] = known[way]
    return found
