"""What is shown of a chain: its layers as a table, as text and for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chainrule.functions import Function
from chainrule.layout import Layer
from chainrule.parameters import Parameters
from chainrule.types import Shape

HEADING = ("", "function", "output", "parameters", "count")

LINE = "rgba(128, 128, 128, 0.35)"
"""A gray that shows on white and on black."""

CELL = f"padding: 0.25em 0.9em 0.25em 0; text-align: left; border-bottom: 1px solid {LINE}"
NUMBER = CELL.replace("left", "right") + "; font-variant-numeric: tabular-nums"


def shape_text(shape: Shape) -> str:
    """Return a shape as people write it: ``3 × 32 × 32``."""
    return " × ".join(map(str, shape)) or "number"


def layer_rows(
    layers: Sequence[Layer], parameters: Parameters, above: str = ""
) -> list[tuple[str, ...]]:
    """Return a row of five cells for each layer, as in :data:`HEADING`.

    What a function holds comes under it, indented, and is numbered 2.0, 2.1, …
    """
    rows: list[tuple[str, ...]] = []
    indent = "  " * above.count(".")
    for position, layer in enumerate(layers):
        number, output = f"{above}{position}", shape_text(layer.output_shape)
        if layer.inner:
            rows.append((number, f"{indent}{type(layer.function).__name__}", output, "", ""))
            rows += layer_rows(layer.inner, parameters, f"{number}.")
            continue
        arrays = {name: parameters[name] for name in layer.names.values()}
        shapes = ", ".join(f"{name} {shape_text(a.shape)}" for name, a in arrays.items())
        count = sum(array.size for array in arrays.values())
        text = f"{indent}{layer.function}"
        rows.append((number, text, output, shapes, f"{count:,}" if count else ""))
    return rows


def _rows(layers: Sequence[Layer], parameters: Parameters) -> list[tuple[str, ...]]:
    """Return the rows of all layers, and the sum."""
    rows = layer_rows(layers, parameters)
    flat = parameters.flat
    return [*rows, ("", "", "", f"in all, {flat.dtype}", f"{flat.size:,}")]


def layers_text(layers: Sequence[Layer], parameters: Parameters) -> str:
    """Return layers, shapes and parameter counts as lines of text."""
    rows = [HEADING, *_rows(layers, parameters)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [f"input {shape_text(layers[0].input_shape)}"]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=False)]
        lines.append("  ".join([*cells, row[4].rjust(widths[4])]).rstrip())
    return "\n".join(lines)


def layers_html(layers: Sequence[Layer], parameters: Parameters) -> str:
    """Return layers, shapes and parameter counts as a table for notebooks."""
    caption = f"Chain, input {shape_text(layers[0].input_shape)}"
    return html_table(caption, HEADING, _rows(layers, parameters))


def functions_html(functions: Sequence[Function]) -> str:
    """Return the functions of a chain that has no parameters yet as a table for notebooks."""
    numbered = [(str(position), str(function)) for position, function in enumerate(functions)]
    return html_table("Chain, not initialized", HEADING[:2], numbered)


def html_table(caption: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as HTML, its text escaped; a fifth cell is a number, colors are the page's."""
    head = _html_row("th", heading, "; opacity: 0.75; font-weight: normal")
    body = "".join(_html_row("td", row) for row in rows)
    return (
        '<table style="border-collapse: collapse; color: inherit; background: transparent">'
        f'<caption style="text-align: left; color: inherit; opacity: 0.7">{escape(caption)}'
        f"</caption><thead>{head}</thead><tbody>{body}</tbody></table>"
    )


def _html_row(tag: str, cells: Sequence[str], more: str = "") -> str:
    styles = [CELL] * 4 + [NUMBER]
    inside = "".join(
        f'<{tag} style="{style}{more}">{escape(cell)}</{tag}>'
        for cell, style in zip(cells, styles, strict=False)
    )
    return f'<tr style="background: transparent; color: inherit">{inside}</tr>'
