"""What results show at a prompt and in a notebook: small tables, and lists cut short."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import MISSING, fields
from html import escape
from typing import Any

import numpy as np

LINE = "rgba(128, 128, 128, 0.35)"
"""A gray that shows on white and on black."""

CELL = f"padding: 0.25em 0.9em 0.25em 0; text-align: left; border-bottom: 1px solid {LINE}"
NUMBER = CELL.replace("left", "right") + "; font-variant-numeric: tabular-nums"

Rows = Sequence[Sequence[str]]


def text_table(rows: Rows, numbers: Collection[int] = ()) -> str:
    """Return rows as lines of text; the columns with these places are aligned at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def html_table(
    caption: str, heading: Sequence[str], rows: Rows, numbers: Collection[int] = ()
) -> str:
    """Return a table as HTML, its text escaped, its colors the page's; numbers are at the right."""
    head = _html_row("th", heading, numbers, "; opacity: 0.75; font-weight: normal")
    body = "".join(_html_row("td", row, numbers) for row in rows)
    return (
        '<table style="border-collapse: collapse; color: inherit; background: transparent">'
        f'<caption style="text-align: left; color: inherit; opacity: 0.7">{escape(caption)}'
        f"</caption><thead>{head}</thead><tbody>{body}</tbody></table>"
    )


def _html_row(tag: str, cells: Sequence[str], numbers: Collection[int], more: str = "") -> str:
    inside = "".join(
        f'<{tag} style="{NUMBER if place in numbers else CELL}{more}">{escape(cell)}</{tag}>'
        for place, cell in enumerate(cells)
    )
    return f'<tr style="background: transparent; color: inherit">{inside}</tr>'


def counted(count: int, word: str) -> str:
    """Return how many there are of something: ``1 row``, ``1,797 rows``."""
    return f"{count:,} {word}{'s' if count != 1 else ''}"


def cut(text: str, most: int = 40) -> str:
    """Return a text on one line, the end of a long one left out."""
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most and len(text) <= 2 * most else f"{line[: most - 1]}…"


def abridged(items: Any, most: int = 4) -> str:
    """Return items with commas between them; of many, some, and how many there are."""
    shown = ", ".join(cut(repr(item)) for item in items[: most if len(items) > most else None])
    return f"{shown}, … {len(items):,} in all" if len(items) > most else shown


def short_repr(record: Any) -> str:
    """Return a dataclass with the fields that are not the default, long ones cut short."""
    shown = []
    for field in fields(record):
        value, factory = getattr(record, field.name), field.default_factory
        default = field.default if factory is MISSING else factory()
        usual = type(value) is type(default) and value == default
        if field.repr and not usual:
            shown.append(f"{field.name}={_short(value)}")
    return f"{type(record).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    """Return a value; of a list some items, of an array of more than one axis its shape."""
    if isinstance(value, np.ndarray) and value.ndim != 1:
        return f"{value.dtype} {value.shape}"
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if type(value) not in (list, tuple):
        return repr(value)
    inside = abridged(value) + "," * (type(value) is tuple and len(value) == 1)
    return f"[{inside}]" if type(value) is list else f"({inside})"


def number_text(number: float | None) -> str:
    """Return a number with four digits, nothing for None."""
    return "" if number is None else f"{number:.4g}"
