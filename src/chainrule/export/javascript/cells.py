"""How a module of JavaScript reads the cells of a table's row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from chainrule.export.javascript.texts import column_lines
from chainrule.export.language.printing import in_comment
from chainrule.export.raw_columns import RawColumn

__all__ = ["cell_lines"]

READERS = """/** Whether a cell is missing. */
function isMissing(cell) {
  return cell === null || cell === undefined || cell === "" || Number.isNaN(cell);
}

/** A cell that is a number, NaN where it is missing. */
function readNumber(cell) {
  return isMissing(cell) ? NaN : Number(cell);
}

/** A reader of texts: the place of a cell among values, or what stands for one not there. */
function readerOf(values, missing, other) {
  const places = new Map(values.map((value, place) => [value, place]));
  return (cell) => (isMissing(cell) ? missing : places.get(String(cell)) ?? other);
}
"""


def cell_lines(columns: Sequence[RawColumn]) -> Iterator[str]:
    """Yield the columns of a table, each with what reads its cells; nothing if there are none."""
    if not columns:
        return
    yield READERS
    for place, column in enumerate(columns):
        if column.text is not None:
            yield from column_lines(place, column.text)
    yield "/** The columns of a row, and how the cells of each become numbers. */"
    yield "export const columns = ["
    for place, column in enumerate(columns):
        read = "readNumber" if column.text is None else f"readText{place}"
        if column.values is not None:
            values = json.dumps(column.values, ensure_ascii=False)
            read = f"readerOf({values}, {column.missing}, {column.other})"
        name = json.dumps(column.name, ensure_ascii=False)
        yield f"  {{ name: {name}, read: {read} }}, // {in_comment(column.told)}"
    yield "];"
    yield ""
