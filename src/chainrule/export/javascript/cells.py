"""How a module of JavaScript reads the cells of a table's row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.data.cells import MISSING
from chainrule.export.javascript.samples import TOO_LARGE
from chainrule.export.javascript.texts import column_lines
from chainrule.export.language.printing import in_comment
from chainrule.export.raw_columns import RawColumn
from chainrule.inputs.tables.base import TableColumn
from chainrule.inputs.tables.booleans import FALSE, TRUE, BooleanColumn
from chainrule.inputs.tables.dates import DateColumn
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import PiecewiseColumn
from chainrule.inputs.tables.readings import MARKERS

__all__ = ["cell_lines"]

LONGEST_AGO = 2.0**63 / 1e6
"""Seconds from 1970 to the ends of the times that NumPy counts in microseconds."""

READERS = r"""/** What cells say that are missing, in small letters. */
const markers = new Set(%(missing)s);
const space = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+";
const spacesAround = new RegExp(`^${space}|${space}$`, "g");
const decimalNumber = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;

/** The error of a cell that a column cannot have. */
function misread(caller, name, expected, cell) {
  const told = `column ${shown(name)}: expected ${expected}, got ${shown(cell)}`;
  return new TypeError(`${caller}: ${told}`);
}

/** A cell as text, without spaces around it; undefined of what is none, as objects are. */
function textOf(cell) {
  if (typeof cell === "string") return cell.replace(spacesAround, "");
  if (typeof cell === "boolean") return cell ? "True" : "False";
  if (cell === Infinity || cell === -Infinity) return cell > 0 ? "inf" : "-inf";
  return typeof cell === "number" || typeof cell === "bigint" ? String(cell) : undefined;
}

/** Whether a cell is missing. */
function isMissing(cell) {
  if (cell === null || Number.isNaN(cell)) return true;
  return typeof cell === "string" && markers.has(textOf(cell).toLowerCase());
}
"""

NUMBERS = r"""
/** Words that stand for a missing number, in small letters. */
const blanks = new Set(%(markers)s);
const infinite = /^[+-]?inf(inity)?$/i;

/**
 * A reader of numbers: NaN for a missing one, and for words that training took as such.
 * Texts of numbers are read if `texts` is so; a number's distance from `middle` has a limit.
 */
function numberReader(name, told, { words = [], texts, middle = 0, unit = 1, limit = Infinity }) {
  const known = new Set(words);
  const inside = (number) => Math.abs((number - middle) / unit) < limit;
  return (cell, caller = "read") => {
    if (typeof cell === "number" && (inside(cell) || cell !== cell)) return cell;
    if (isMissing(cell)) return NaN;
    const text = typeof cell === "string" ? textOf(cell) : "";
    if (text && (known.has(text) || blanks.has(text.toLowerCase()))) return NaN;
    const written = texts && (decimalNumber.test(text) || infinite.test(text));
    const whole = written ? text.replace(/inf(inity)?/i, "Infinity") : cell;
    const isNumber = written || typeof cell === "number" || typeof cell === "bigint";
    const number = isNumber ? Number(whole) : NaN;
    if (inside(number)) return number;
    const near = Number.isFinite(number) ? "near those of training" : "that is finite";
    throw misread(caller, name, Number.isNaN(number) ? told : `${told} ${near}`, cell);
  };
}
"""

TRUTH = r"""
const yes = new Set(%(true)s);
const no = new Set(%(false)s);

/** A reader of truth values: 1 for yes, 0 for no, ½ for what is neither, NaN where missing. */
function truthReader(name) {
  return (cell, caller = "read") => {
    if (cell === true || cell === 1) return 1;
    if (cell === false || cell === 0) return 0;
    if (isMissing(cell)) return NaN;
    const text = textOf(cell)?.toLowerCase();
    if (text === undefined) throw misread(caller, name, "a truth value, a number or a text", cell);
    const number = decimalNumber.test(text) ? Number(text) : NaN;
    return yes.has(text) || number === 1 ? 1 : no.has(text) || number === 0 ? 0 : 0.5;
  };
}
"""

CATEGORIES = r"""
/** What is the same of a number however it is written; none of other texts. */
function valueOf(text) {
  if (!decimalNumber.test(text) || !Number.isFinite(Number(text))) return undefined;
  const whole = Math.abs(Number(text)) > 2 ** 53 && /^[+-]?[0-9]+$/.test(text);
  return whole ? BigInt(text.replace("+", "")).toString() : Number(text);
}

/** A reader of texts: the place of a cell among values, or what stands for one not there. */
function categoryReader(name, values, missing, other) {
  const places = new Map(values.map((value, place) => [value, place]));
  const numbers = new Map(values.map((value, place) => [valueOf(value), place]));
  numbers.delete(undefined);
  return (cell, caller = "read") => {
    if (typeof cell === "string" && places.has(cell)) return places.get(cell);
    if (isMissing(cell)) return missing;
    if (Number.isFinite(cell)) return numbers.get(cell) ?? other;
    const text = textOf(cell);
    if (text === undefined) throw misread(caller, name, "a text, a number or a truth value", cell);
    const truth = text === "True" || text === "False";
    const spellings = truth ? [text, text.toLowerCase(), text.toUpperCase()] : [text];
    const known = spellings.find((each) => places.has(each));
    if (known !== undefined) return places.get(known);
    const value = valueOf(text);
    return value === undefined ? other : numbers.get(value) ?? numbers.get(Number(value)) ?? other;
  };
}
"""

ROWS = """const cells = new Float64Array({width});

/** The numbers of a row's cells, checked for the function whose name is given. */
function numbers(row, caller) {{
  if (row === null || typeof row !== "object" || Array.isArray(row)) {{
    const expected = "a row, an object with a cell for each column";
    throw new TypeError(`${{caller}}: expected ${{expected}}, got ${{shown(row)}}`);
  }}
  let place = 0;
  for (const column of columns) {{
    const cell = row[column.name];
    if (cell === undefined) throw lacking(row, caller);
    const value = column.read(cell, caller);
    if (typeof value === "number") cells[place++] = value;
    else for (const number of value) cells[place++] = number;
  }}
  return cells;
}}

/** The error of a row without cells of some columns. */
function lacking(row, caller) {{
  const told = (names) => names.slice(0, 20).map(shown).join(", ") || "none";
  const absent = columns.map(({{ name }}) => name).filter((name) => row[name] === undefined);
  const hint = "null stands for a missing cell";
  return new TypeError(
    `${{caller}}: the row lacks columns seen in training: ${{told(absent)}}; ` +
      `it has ${{told(Object.keys(row))}}; ${{hint}}`,
  );
}}
"""


def cell_lines(columns: Sequence[RawColumn], encoded: Sequence[TableColumn]) -> Iterator[str]:
    """Yield the columns of a table, each with what reads its cells, and what takes a row.

    Parameters
    ----------
    columns : sequence of RawColumn
        What cells are.
    encoded : sequence of TableColumn
        What becomes of them.
    """
    told = {"missing": MISSING, "markers": MARKERS, "true": TRUE, "false": FALSE}
    sets = {name: _json(sorted(texts)) for name, texts in told.items()}
    readers = [_reader(*each) for each in zip(range(len(columns)), columns, encoded, strict=True)]
    yield READERS % sets
    for name, lines in (
        ("numberReader", NUMBERS),
        ("truthReader", TRUTH),
        ("categoryReader", CATEGORIES),
    ):
        if any(reader.startswith(name) for reader in readers):
            yield (lines % sets).lstrip("\n")
    for place, column in enumerate(columns):
        if column.text is not None:
            yield from column_lines(place, column.name, column.text)
    yield "/** The columns of a row, and how the cells of each become numbers. */"
    yield "export const columns = ["
    for column, reader in zip(columns, readers, strict=True):
        yield f"  {{ name: {_json(column.name)}, read: {reader} }}, // {in_comment(column.told)}"
    yield "];"
    yield ""
    yield ROWS.format(width=sum(column.width for column in columns))


def _reader(place: int, column: RawColumn, encoded: TableColumn) -> str:
    """Return what makes the reader of a column's cells."""
    name = _json(column.name)
    if column.text is not None:
        return f"readText{place}"
    if column.values is not None:
        return f"categoryReader({name}, {_json(column.values)}, {column.missing}, {column.other})"
    if isinstance(encoded, BooleanColumn):
        return f"truthReader({name})"
    options: dict[str, Any] = {}
    if isinstance(encoded, DateColumn):
        options = {"words": encoded.reading.blanks, "limit": LONGEST_AGO}
    elif isinstance(encoded, NumericColumn | PiecewiseColumn):
        options = {"words": encoded.reading.blanks, "texts": encoded.reading.format.decimal == "."}
    if isinstance(encoded, NumericColumn):
        options |= {"middle": encoded.mean, "unit": encoded.scale, "limit": TOO_LARGE}
    return f"numberReader({name}, {_json(column.told)}, {_json(options)})"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
