"""One decimal sign for a whole file: a target such as 396,725 is read as its other columns are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.data.cells import Cells, plain
from chainrule.data.coded import Coded, RawCells
from chainrule.data.number_formats import NumberFormat
from chainrule.data.source import Source
from chainrule.data.table import Table

__all__ = ["with_decimals_of_file"]

LOOKED_AT = 1000
"""Texts of a column that decide on its decimal sign."""


def with_decimals_of_file(source: Source) -> Source:
    """Return a source whose target has the decimal sign of the other columns, and say so.

    That is a comma if one of them shows it, and nothing else is done: a target that shows a sign
    of its own, as 1,234,567 and 12.5 do, keeps it.
    """
    cells, table = source.cells, source.data
    if not isinstance(cells, Coded) or not isinstance(table, Table):
        return source
    read = Cells.read(cells)
    present = [text for text, gone in zip(read.texts, read.missing, strict=True) if not gone]
    if not any("," in text or "." in text for text in present):
        return source
    counts = read.counts()[~read.missing].tolist()
    usual, comma = (NumberFormat.find(present, counts, sign) for sign in ("", ","))
    if comma == usual or comma.decimal != ",":
        return source
    other = next(
        (n for n, c in zip(table.names, table.columns, strict=True) if _shows_comma(c)), None
    )
    values = [comma.value(text) for text in present]
    example = comma.example(present)
    if other is None or example is None or None in values:
        return source
    texts = iter(plain(value) for value in values if value is not None)
    own = ["" if gone else next(texts) for gone in read.missing]
    encoded = Coded.of(own)
    note = (
        f"target {source.target_name!r}: {example!r} is read as "
        f"{plain(comma.value(example) or 0.0)}, for column {other!r} has decimal commas"
    )
    target = Coded(encoded.texts, encoded.codes[read.codes])
    return replace(source, cells=target, notes=(*source.notes, note))


def _shows_comma(cells: RawCells) -> bool:
    """Return whether a column has numbers that can only be read with a decimal comma."""
    if not isinstance(cells, Coded):
        return False
    texts = [text.strip() for text in cells.texts[:LOOKED_AT]]
    found = NumberFormat.find(texts, np.ones(len(texts), int).tolist())
    numbers = sum(found.value(text) is not None for text in texts)
    return found.decimal == "," and 2 * numbers > len(texts)
