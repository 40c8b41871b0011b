"""How a module of JavaScript reads the cells of a table's row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from chainrule.data.cells import MISSING
from chainrule.export.javascript.texts import column_lines
from chainrule.export.language.printing import in_comment
from chainrule.export.raw_columns import RawColumn

__all__ = ["cell_lines"]

READERS = r"""/** What cells say that are missing, in small letters. */
const markers = new Set(%s);
const space = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+";
const spacesAround = new RegExp(`^${space}|${space}$`, "g");
const decimalNumber = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;

/** A cell as text, without spaces around it. */
function textOf(cell) {
  if (typeof cell === "boolean") return cell ? "True" : "False";
  return String(cell).replace(spacesAround, "");
}

/** Whether a cell is missing. */
function isMissing(cell) {
  return cell === null || cell === undefined || markers.has(textOf(cell).toLowerCase());
}

/** A cell that is a number, NaN where it is missing. */
function readNumber(cell) {
  return isMissing(cell) ? NaN : Number(cell);
}

/** What is the same of a number however it is written; none of other texts. */
function valueOf(text) {
  if (!decimalNumber.test(text) || !Number.isFinite(Number(text))) return undefined;
  const whole = Math.abs(Number(text)) > 2 ** 53 && /^[+-]?[0-9]+$/.test(text);
  return whole ? BigInt(text.replace("+", "")).toString() : Number(text);
}

/** A reader of texts: the place of a cell among values, or what stands for one not there. */
function readerOf(values, missing, other) {
  const places = new Map(values.map((value, place) => [value, place]));
  const numbers = new Map(values.map((value, place) => [valueOf(value), place]));
  numbers.delete(undefined);
  return (cell) => {
    if (isMissing(cell)) return missing;
    const text = textOf(cell);
    const truth = text === "True" || text === "False";
    const spellings = truth ? [text, text.toLowerCase(), text.toUpperCase()] : [text];
    const known = spellings.find((each) => places.has(each));
    return known === undefined ? numbers.get(valueOf(text)) ?? other : places.get(known);
  };
}
"""


def cell_lines(columns: Sequence[RawColumn]) -> Iterator[str]:
    """Yield the columns of a table, each with what reads its cells; nothing if there are none."""
    if not columns:
        return
    yield READERS % json.dumps(sorted(MISSING))
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
