"""What notebooks show of a chain: its layers as a table, legible on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

LINE = "rgba(128, 128, 128, 0.35)"
"""A gray that shows on white and on black."""

CELL = f"padding: 0.25em 0.9em 0.25em 0; text-align: left; border-bottom: 1px solid {LINE}"
NUMBER = CELL.replace("left", "right") + "; font-variant-numeric: tabular-nums"


def html_table(caption: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML, its text escaped; a fifth cell is a number, colors are the page's."""
    head = _row("th", heading, "; opacity: 0.75; font-weight: normal")
    body = "".join(_row("td", row) for row in rows)
    return (
        '<table style="border-collapse: collapse; color: inherit; background: transparent">'
        f'<caption style="text-align: left; color: inherit; opacity: 0.7">{escape(caption)}'
        f"</caption><thead>{head}</thead><tbody>{body}</tbody></table>"
    )


def _row(tag: str, cells: Sequence[str], more: str = "") -> str:
    styles = [CELL] * 4 + [NUMBER]
    inside = "".join(
        f'<{tag} style="{style}{more}">{escape(cell)}</{tag}>'
        for cell, style in zip(cells, styles, strict=False)
    )
    return f'<tr style="background: transparent; color: inherit">{inside}</tr>'
