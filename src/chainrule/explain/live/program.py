"""The program of a page: a network as JavaScript, with what only a page asks it for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from chainrule.explain.live.layers import gradient_lines, placed
from chainrule.export.functions import Gradient
from chainrule.export.javascript.layers import layer_places
from chainrule.export.javascript.loops import step_lines
from chainrule.export.javascript.printer import JavaScriptPrinter
from chainrule.export.javascript.source import javascript_source
from chainrule.export.language.expressions import element
from chainrule.export.lowering.base import Made
from chainrule.export.lowering.elementwise import read
from chainrule.export.plan import ExportPlan, plan_export
from chainrule.export.steps import Array, Program
from chainrule.export.walk import Network
from chainrule.functions import Elementwise

__all__ = ["page_plan", "program_source"]

VOCABULARY = """
const vocabulary = { wordsOf, inRuns, WORDS, RUNS, PIECES, placeOf, pieces, LONGEST, GOLDEN };
"""
"""What finds the features of a text where they stand."""


def page_plan(network: Network) -> ExportPlan:
    """Return a network's prediction and its gradients, in doubles, which differences need."""
    return plan_export(network, "network", "double", gradient=True, whole=True)


def program_source(plan: ExportPlan) -> str:
    """Return one object, ``network``, that has what the module of a plan exports, and more.

    ``lossOf(T)`` is the loss without its gradients, and ``backwardFrom(dY)`` backprop from any
    gradient by the numbers that the loss takes. ``insideValues`` are what layers inside of blocks
    make, ``insideGradients`` the gradients by these. For each layer, in the order of
    :func:`.layers.placed`, ``slopes`` has dy/dx if it is elementwise, and ``pulls`` its backprop if
    it is neither that nor a line; null of others.
    """
    assert plan.gradient is not None
    printer = JavaScriptPrinter()
    text = javascript_source(plan) + "\n".join(_more(printer, plan.gradient)) + "\n"
    names = re.findall(r"^export (?:const|function) (\w+)", text, re.MULTILINE)
    if plan.texts is not None:
        names.append("vocabulary")
        text += VOCABULARY
    plain = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    return f"const network = (() => {{\n{plain}\nreturn {{ {', '.join(names)} }};\n}})();\n"


def _more(printer: JavaScriptPrinter, gradient: Gradient) -> Iterator[str]:
    places = layer_places(gradient)
    steps, begin = gradient.program.steps, gradient.forward_steps
    seed = next(array for array in steps[begin].writes if array is not gradient.L)
    yield ""
    yield "/** The loss of what `forward` was given, without its gradients. */"
    yield "export function lossOf(T) {"
    yield f"  {places[gradient.T]}.set(T);"
    yield from step_lines(printer, steps[begin : begin + 1], places)
    yield f"  return {places[gradient.L]}[0];"
    yield "}"
    yield ""
    yield "/** The gradient by X of what the loss takes, each number times a factor. */"
    yield "export function backwardFrom(dY) {"
    yield f"  {places[seed]}.set(dY);"
    yield from step_lines(printer, steps[begin + 1 :], places)
    yield f"  return {places[gradient.dX]};"
    yield "}"
    yield ""
    layers = placed(gradient.made)
    inside = [each.made for each in layers if each.within is not None]
    passed = gradient.program.passed
    yield "/** What each layer inside of a block makes, and the gradient by it. */"
    yield f"export const insideValues = [{', '.join(places[made.Y] for made in inside)}];"
    own = ", ".join(places[passed[made.suffix][0]] for made in inside)
    yield f"export const insideGradients = [{own}];"
    yield ""
    yield "/** Backprop of one layer alone, of any gradient by its output; null of simple ones. */"
    yield "export const pulls = ["
    for each in layers:
        yield from _pull(printer, each.made, gradient, places)
    yield "];"
    yield ""
    yield "/** dy/dx of each layer that is elementwise, at each number x and y = f(x). */"
    yield "export const slopes = ["
    for each in layers:
        yield from _slopes(printer, each.made)
    yield "];"


def _pull(
    printer: JavaScriptPrinter, made: Made, gradient: Gradient, places: dict[Array, str]
) -> Iterator[str]:
    layer, program = made.layer, gradient.program
    steps = program.steps[gradient.forward_steps + 1 :]
    steps = [step for step in steps if step.title.startswith(f"{made.suffix} ")]
    plain = isinstance(layer.function, Elementwise) or gradient_lines(layer) or made.inner
    if plain or not steps or made.suffix not in program.passed:
        yield "  null,"
        return
    dY, dX = program.passed[made.suffix]
    found = {own: places[program.gradient(name)] for own, name in layer.names.items()}
    if dX is not None:
        found["X"] = places[dX]
    yield "  (dY) => {"
    yield f"    {places[dY]}.set(dY);"
    yield from (f"  {line}" for line in step_lines(printer, steps, places))
    yield f"    return {{ {', '.join(f'{own}: {place}' for own, place in found.items())} }};"
    yield "  },"


def _slopes(printer: JavaScriptPrinter, made: Made) -> Iterator[str]:
    function = made.layer.function
    if not isinstance(function, Elementwise):
        yield "  null,"
        return
    shape = made.layer.input_shape
    arrays = {name: Array(name, shape) for name in "XYD"}
    program = Program({})
    with program.step("", (), arrays) as b, b.loop("e", prod(shape)) as e:
        x, y = element("X", e), element("Y", e)
        b.store(element("D", e), read(function, "derivative", function.derivative, x, y))
    yield "  (X, Y, D) => {"
    yield from printer.lines(program.steps[0].body, "    ")
    yield "  },"
