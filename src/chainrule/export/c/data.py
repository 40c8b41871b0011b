"""What a file of C declares before its functions: classes, rows, parameters, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.export.c.printer import CPrinter, string
from chainrule.export.language.printing import identifier, in_comment
from chainrule.export.memory import letters
from chainrule.export.plan import ExportPlan
from chainrule.export.raw_columns import RawColumn

__all__ = ["constants", "members", "memory", "parameters", "row_struct", "row_values"]

PER_LINE = 8
"""Numbers of a parameter in a line."""


def constants(plan: ExportPlan) -> Iterator[str]:
    """Yield how many numbers go in and come out, and the classes."""
    upper, prediction = plan.name.upper(), plan.prediction
    if not prediction.columns and plan.texts is None:
        yield f"#define {upper}_INPUTS {prediction.x.size}"
    yield f"#define {upper}_OUTPUTS {prediction.y.size}"
    yield ""
    if plan.classes is not None:
        kind, texts = _class_literals(plan.classes)
        yield f"const {kind} {plan.name}_classes[{len(texts)}] = {{{', '.join(texts)}}};"
        yield ""


def members(columns: tuple[RawColumn, ...]) -> list[str]:
    """Return a name in C for each column of a raw row, all different."""
    names: list[str] = []
    for column in columns:
        name = identifier(column.name.replace(" ", "_")) or "column"
        while name in names:
            name += "_"
        names.append(name)
    return names


def row_struct(plan: ExportPlan) -> Iterator[str]:
    """Yield the struct of a raw row of a table."""
    columns = plan.prediction.columns
    if not columns:
        return
    yield f"/* A row: {_MISSING} where a cell is missing. */"
    yield f"struct {plan.name}_row {{"
    for column, name in zip(columns, members(columns), strict=True):
        kind = "const char *" if column.is_text else "double "
        yield f"  {kind}{name}; /* {in_comment(column.name)}: {column.told} */"
    yield "};"
    yield ""


_MISSING = "NAN, or NULL for a text,"


def row_values(plan: ExportPlan) -> Iterator[str]:
    """Yield the texts that are known of each column."""
    for place, column in enumerate(plan.prediction.columns):
        if column.values is None:
            continue
        yield f"static const char *const values_{place}[{len(column.values)}] = {{"
        line = " "
        for value in column.values:
            text = f" {string(value)},"
            if len(line) + len(text) > 98:
                yield line
                line = " "
            line += text
        yield from (line, "};")
    if any(column.values is not None for column in plan.prediction.columns):
        yield ""


def parameters(plan: ExportPlan, printer: CPrinter, wide: CPrinter) -> Iterator[str]:
    """Yield the parameters with their numbers, but for those in a file of their own."""
    for array in plan.parameters:
        assert array.numbers is not None
        shape = " × ".join(map(str, array.shape)) or "1"
        name, kind = identifier(array.name), "double" if array.wide else "real"
        if array in plan.separate:
            yield f"static real {name}[{array.size}]; /* {shape} */"
            continue
        yield f"static const {kind} {name}[{array.size}] = {{ /* {shape} */"
        own = wide if array.wide else printer
        numbers = [own.number(float(x)) for x in np.ravel(array.numbers)]
        for first in range(0, len(numbers), PER_LINE):
            yield f"  {', '.join(numbers[first : first + PER_LINE])},"
        yield "};"
    yield ""


def memory(plan: ExportPlan) -> Iterator[str]:
    """Yield the memory that functions share, and the struct of gradients."""
    for piece, size in enumerate(plan.memory_sizes):
        yield f"static real memory_{letters(piece)}[{size}];"
    if plan.memory_sizes:
        yield ""
    if plan.gradient is not None:
        yield f"struct {plan.name}_gradients {{"
        yield f"  real dX[{plan.gradient.X.size}];"
        for array in plan.gradient.program.gradients.values():
            yield f"  real {identifier(array.name)}[{array.size}];"
        yield "};"
        yield ""


def _class_literals(classes: Any) -> tuple[str, list[str]]:
    """Return the type of classes in C, and how each is written."""
    values = classes.tolist()
    if all(isinstance(value, bool | int) and abs(int(value)) < 2**63 for value in values):
        return "long long", [f"{int(value)}LL" for value in values]
    if all(isinstance(value, float) for value in values):
        return "double", [repr(value) for value in values]
    return "char *const", [string(str(value)) for value in values]
