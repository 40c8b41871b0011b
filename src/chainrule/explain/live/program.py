"""The program of a page: a network as JavaScript, with what only a page asks it for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from chainrule.explain.live.layers import gradient_lines
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

    ``lossOf(T)`` is the loss without its gradients, ``backwardFrom(dY)`` backprop from any
    gradient by the numbers that the loss takes, and ``slopes`` has dy/dx of each layer that is
    elementwise, and ``pulls`` backprop of each that is neither that nor a line; null of others.
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
    yield "/** Backprop of one layer alone, of any gradient by its output; null of simple ones. */"
    yield "export const pulls = ["
    for made in gradient.made:
        yield from _pull(printer, made, gradient)
    yield "];"
    yield ""
    yield "/** dy/dx of each layer that is elementwise, at each number x and y = f(x). */"
    yield "export const slopes = ["
    for made in gradient.made:
        yield from _slopes(printer, made)
    yield "];"


def _pull(printer: JavaScriptPrinter, made: Made, gradient: Gradient) -> Iterator[str]:
    function, own = made.layer.function, (f"{made.suffix} ", f"{made.suffix}_")
    steps = gradient.program.steps[gradient.forward_steps + 1 :]
    steps = [step for step in steps if step.title.startswith(own)]
    places = layer_places(gradient)
    seed = {array.name: place for array, place in places.items()}.get(f"d{made.Y.name}")
    if isinstance(function, Elementwise) or gradient_lines(made.layer) or not steps or not seed:
        yield "  null,"
        return
    yield "  (dY) => {"
    yield f"    {seed}.set(dY);"
    yield from (f"  {line}" for line in step_lines(printer, steps, places))
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
