"""A network as one file of C99."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.export.c.cells import cell_functions
from chainrule.export.c.check import check_lines
from chainrule.export.c.data import constants, memory, parameters, row_struct, row_values
from chainrule.export.c.functions import CFunctions
from chainrule.export.c.printer import CPrinter, helpers
from chainrule.export.c.texts import character_data, column_lines, text_data, text_functions
from chainrule.export.c.weights import ready_lines
from chainrule.export.language.printing import folded, in_comment
from chainrule.export.plan import ExportPlan
from chainrule.later import release

__all__ = ["c_source"]

COMPILE = (
    "Compile with -std=c99 -O3 -ffp-contract=off and link with -lm: a compiler that fuses a "
    "product and a sum, as gcc does without -std and newer clang by default, rounds otherwise, and "
    "what a difference has rounded off, on which last digits of softmax depend, is lost."
)


def c_source(plan: ExportPlan) -> str:
    """Return the text of the file."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ExportPlan) -> Iterator[str]:
    """Yield the file line by line: what is said first, data, functions, and a check."""
    printer = CPrinter(plan.precision)
    wide = CPrinter(plan.precision, wide=True, used=printer.used)
    functions = CFunctions(plan, printer, wide)
    written = list(functions.lines())
    yield from _heading(plan, functions)
    yield "#include <math.h>"
    texts = plan.texts
    vocabularies = plan.vocabularies
    if vocabularies:
        yield "#include <ctype.h>"
    if vocabularies or plan.separate:
        yield "#include <stdint.h>"
    if plan.separate:
        yield "#include <stdio.h>"
    cells = cell_functions(plan.prediction.columns)
    if cells:
        yield "#include <stdlib.h>"
    if vocabularies or cells:
        yield "#include <string.h>"
    if plan.samples is not None:
        own = [] if plan.gradient_samples is None else ["#include <stdint.h>"]
        yield from ("#ifdef CHAINRULE_MAIN", *own, "#include <stdio.h>", "#endif")
    yield from ("", f"typedef {plan.precision} real;", "")
    yield from constants(plan)
    yield from row_struct(plan)
    yield from row_values(plan)
    yield from parameters(plan, printer, wide)
    yield from memory(plan)
    yield from ready_lines(plan)
    if vocabularies:
        yield from character_data(lowercase=any(each.features.lowercase for each in vocabularies))
    yield from cells
    if texts is not None:
        yield from text_data(texts)
        yield from text_functions(texts)
    for place, column in enumerate(plan.prediction.columns):
        if column.text is not None:
            yield from column_lines(place, column.text)
    own = helpers(printer.used)
    yield from [*own, ""] if own else []
    yield from written
    if plan.samples is not None:
        yield from ("", *check_lines(plan, printer, wide))


def _heading(plan: ExportPlan, functions: CFunctions) -> Iterator[str]:
    yield f"/* {in_comment(plan.network.title)} as C99, written by chainrule {release()}."
    yield " *"
    yield from (f" *   {head};" for head in functions.heads)
    yield " *"
    for sentence in plan.sentences():
        yield from folded(in_comment(sentence), " * ")
    if (weights := plan.weights) is not None:
        told = (
            f"Before {plan.name}_read has taken {weights.name} and answered 0, all numbers are NAN"
            f"{'' if plan.prediction.choice is None else ' and the place is -1'}. That file has "
            f"{weights.size:,} bytes, little-endian, as the machine must be."
        )
        yield from folded(in_comment(told), " * ")
    yield " *"
    yield from folded(COMPILE, " * ")
    if plan.samples is not None:
        told = f"With -DCHAINRULE_MAIN it is a program that checks {plan.name} on kept samples."
        yield f" * {told}"
    yield " *"
    flash = plan.parameter_bytes - plan.separate_bytes
    yield f" * Flash: {flash:,} bytes of parameters."
    yield f" * RAM: {plan.memory_bytes:,} bytes, allocated once; so one call at a time. */"
    yield ""
