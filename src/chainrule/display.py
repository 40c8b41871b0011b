"""What is shown of a chain: its layers as a table, as text and for notebooks; its formulas."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.formulas import Formulas, FormulaSheet, pair_formulas
from chainrule.functions import Elementwise, Function
from chainrule.functions.sequence import every
from chainrule.layout import Layer
from chainrule.losses import ElementwiseLoss, Loss, fused
from chainrule.parameters import Parameters
from chainrule.tables import html_table, text_table
from chainrule.types import Shape

HEADING = ("", "function", "output", "parameters", "count")
NUMBERS = (4,)
"""The columns of numbers."""


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
    table = text_table([HEADING, *_rows(layers, parameters)], NUMBERS)
    return f"input {shape_text(layers[0].input_shape)}\n{table}"


def layers_html(layers: Sequence[Layer], parameters: Parameters) -> str:
    """Return layers, shapes and parameter counts as a table for notebooks."""
    caption = f"Chain, input {shape_text(layers[0].input_shape)}"
    return html_table(caption, HEADING, _rows(layers, parameters), NUMBERS)


def functions_html(functions: Sequence[Function]) -> str:
    """Return the functions of a chain that has no parameters yet as a table for notebooks."""
    numbered = [(str(position), str(function)) for position, function in enumerate(functions)]
    return html_table("Chain, not initialized", HEADING[:2], numbered)


def formula_sheet(functions: Sequence[Function], loss: Loss | None) -> FormulaSheet:
    """Return the formulas of functions, of a loss, and of it after the last of the functions."""
    rules = {str(function): function.formulas() for function in every(functions)}
    if loss is not None:
        rules[str(loss)] = loss.formulas()
        if (together := _together(functions[-1], loss)) is not None:
            rules[f"{functions[-1]} and {loss} together"] = together
    return FormulaSheet(rules)


def _together(function: Function, loss: Loss) -> Formulas | None:
    """Return a loss by what goes into a function: y − t after softmax and cross-entropy."""
    try:
        pair = fused(function, loss)
    except ValueError:  # they do not go together, but each can be shown
        return None
    if pair == loss:  # which includes the function, and has its formulas
        return None
    read = (function, loss) if pair is None else (function, loss, pair)
    formulas = None
    if isinstance(function, Elementwise) and all(isinstance(x, ElementwiseLoss) for x in read[1:]):
        formulas = pair_formulas(*read)
    return pair.formulas() if formulas is None and pair is not None else formulas
