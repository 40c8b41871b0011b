"""Steps as blocks of JavaScript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chainrule.export.javascript.printer import JavaScriptPrinter
from chainrule.export.language.printing import identifier, in_comment
from chainrule.export.steps import Array, Step

__all__ = ["step_lines"]


def step_lines(
    printer: JavaScriptPrinter, steps: Sequence[Step], places: Mapping[Array, str]
) -> Iterator[str]:
    """Yield steps one after the other, each in a block with its own names of arrays.

    Parameters
    ----------
    printer : JavaScriptPrinter
        How loops are written.
    steps : sequence of Step
        What is written.
    places : mapping of Array to str
        The names of arrays in the module; parameters have their own.
    """
    for step in steps:
        yield f"  // {in_comment(step.title)}"
        yield from (f"  //   {in_comment(formula)}" for formula in step.formulas)
        yield "  {"
        for own, array in step.arrays.items():
            place = places.get(array, identifier(array.name))
            local = printer.name(own)
            if local != place:
                yield f"    const {local} = {place};"
        printer.rounds = step.single and printer.double
        yield from printer.lines(step.body, "    ")
        yield "  }"
