"""The network of a module of JavaScript layer by layer: what each makes, and backprop."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chainrule.export.functions import Gradient
from chainrule.export.javascript.loops import step_lines
from chainrule.export.javascript.parameters import needs_parameters
from chainrule.export.javascript.printer import JavaScriptPrinter
from chainrule.export.language.printing import identifier
from chainrule.export.lowering.base import Made
from chainrule.export.plan import ExportPlan
from chainrule.export.steps import Array, Step

__all__ = ["layer_lines", "layer_places"]


def layer_lines(printer: JavaScriptPrinter, plan: ExportPlan) -> Iterator[str]:
    """Yield the layers, and the functions forward and backward."""
    gradient = plan.gradient
    assert gradient is not None
    places = layer_places(gradient)
    yield ""
    for array, place in places.items():
        yield f"const {place} = new real({array.size});"
    yield ""
    yield "/** The layers in their order; a block has those inside. */"
    yield "export const layers = ["
    for made in gradient.made:
        yield from _layer(made, places, "  ")
    yield "];"
    yield ""
    steps = gradient.program.steps
    forward, back = steps[: gradient.forward_steps], steps[gradient.forward_steps :]
    yield "/**"
    yield " * What each layer makes of X, the numbers that the first one takes: [X, Y0, Y1, …]."
    yield f" * @param {{ArrayLike<number>}} X {gradient.X.size} numbers"
    yield " */"
    yield "export function forward(X) {"
    yield from needs_parameters(plan, "forward")
    yield f"  take(X, {places[gradient.X]}, 'forward', 'X');"
    yield from step_lines(printer, forward, places)
    yield f"  return [{places[gradient.X]}, ...layers.map((layer) => layer.value)];"
    yield "}"
    yield ""
    own = gradient.program.gradients
    yield "/**"
    yield " * The loss of what `forward` was given, and its gradients by all it depends on."
    yield f" * @param {{ArrayLike<number>}} T {gradient.T.size} targets"
    yield " */"
    yield "export function backward(T) {"
    yield from needs_parameters(plan, "backward")
    yield f"  take(T, {places[gradient.T]}, 'backward', 'T');"
    yield from step_lines(printer, back, places)
    yield "  return {"
    yield f"    loss: {places[gradient.L]}[0],"
    yield f"    dX: {places[gradient.dX]},"
    named = ", ".join(f"{identifier(name)}: {places[a]}" for name, a in own.items())
    yield f"    parameters: {{ {named} }},"
    values = ", ".join(_gradients_of_values(gradient.made, places))
    yield f"    values: [{values}],"
    yield "  };"
    yield "}"


def layer_places(gradient: Gradient) -> dict[Array, str]:
    """Return the names that the arrays of forward and backward have in a module."""
    arrays = _arrays(gradient.program.steps, [gradient.X, gradient.T, gradient.L, gradient.dX])
    fixed = set(gradient.program.parameters.values())
    return {array: f"{identifier(array.name)}_array" for array in arrays if array not in fixed}


def _layer(made: Made, places: Mapping[Array, str], indent: str) -> Iterator[str]:
    layer = made.layer
    sheet = layer.function.formulas()
    told: dict[str, Any] = {
        "name": str(layer.function),
        "kind": type(layer.function).__name__,
        "inputShape": list(layer.input_shape),
        "outputShape": list(layer.output_shape),
        "parameters": {own: identifier(name) for own, name in layer.names.items()},
        "formulas": {
            "definition": sheet.definition,
            "derivative": sheet.derivative,
            "backprop": sheet.backprop,
            "latex": sheet.latex,
        },
    }
    yield f"{indent}{{"
    for key, value in told.items():
        yield f"{indent}  {key}: {json.dumps(value, ensure_ascii=False)},"
    yield f"{indent}  value: {places[made.Y]},"
    if made.inner:
        yield f"{indent}  inner: ["
        for inner in made.inner:
            yield from _layer(inner, places, f"{indent}    ")
        yield f"{indent}  ],"
    yield f"{indent}}},"


def _arrays(steps: Sequence[Step], first: Iterable[Array]) -> list[Array]:
    """Return the arrays of steps, each once."""
    return list(dict.fromkeys([*first, *(a for step in steps for a in step.arrays.values())]))


def _gradients_of_values(made: Sequence[Made], places: Mapping[Array, str]) -> Iterator[str]:
    """Yield the gradient by each layer's output, null where the loss includes what made it."""
    by_name = {array.name: place for array, place in places.items()}
    for each in made:
        yield by_name.get(f"d{each.Y.name}", "null")
