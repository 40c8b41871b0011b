"""The parameters of a module of JavaScript: as numbers, as bytes, or in a file of their own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.export.javascript.printer import literal
from chainrule.export.language.printing import identifier
from chainrule.export.plan import ExportPlan
from chainrule.export.steps import Array

__all__ = ["parameter_lines"]

READABLE = 64
"""Parameters of so many numbers are written as such, larger ones as bytes in base64."""

DECODE = """/** The numbers whose bytes, little-endian, a text has in base64. */
function decoded(text, kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new kind(bytes.buffer);
}
"""


def parameter_lines(plan: ExportPlan) -> Iterator[str]:
    """Yield the parameters with their numbers, and the classes."""
    parameters = plan.parameters
    inside = [array for array in parameters if array not in plan.separate]
    if any(array.size > READABLE for array in inside):
        yield DECODE
    for array in parameters:
        yield f"const {identifier(array.name)} = {_numbers(plan, array)}; // {_shape(array)}"
    if parameters:
        yield ""
    if plan.separate:
        yield from _load(plan)
    names = ", ".join(identifier(array.name) for array in parameters)
    yield "/** The parameters by name; to change their numbers is to change the network. */"
    yield f"export const parameters = {{ {names} }};"
    yield ""
    if plan.classes is not None:
        yield "/** The classes, in the order of their probabilities. */"
        yield f"export const classes = {json.dumps(_plain(plan.classes))};"
        yield ""


def _numbers(plan: ExportPlan, array: Array) -> str:
    """Return what makes the array of a parameter."""
    if array in plan.separate:
        return f"new real({array.size})"
    kind = np.float64 if array.wide else plan.dtype
    numbers = np.ravel(np.asarray(array.numbers)).astype(kind)
    made = "Float64Array" if array.wide else "real"
    if array.size <= READABLE:
        texts = [literal(float(str(x))) for x in numbers]
        return f"new {made}([{', '.join(texts)}])"
    halves = numbers.astype(np.float32)
    if kind == np.float64 and np.array_equal(halves, numbers):  # as training has had them
        return f'{made}.from(decoded("{_base64(halves)}", Float32Array))'
    return f'decoded("{_base64(numbers)}", {made})'


def _load(plan: ExportPlan) -> Iterator[str]:
    count = sum(array.size for array in plan.separate)
    yield "/** Take the parameters, the bytes of the file beside this one: a buffer or a view. */"
    yield "export function load(buffer) {"
    yield "  const given = ArrayBuffer.isView(buffer) ? buffer : new Uint8Array(buffer);"
    yield f"  const size = {count} * real.BYTES_PER_ELEMENT;"
    yield "  const received = given.byteLength;"
    yield "  const wrong = `expected ${size} bytes of parameters, got ${received}`;"
    yield "  if (received !== size) throw new RangeError(wrong);"
    yield "  const start = given.byteOffset;"
    yield "  const numbers = new real(given.buffer.slice(start, start + size));"
    start = 0
    for array in plan.separate:
        name = identifier(array.name)
        yield f"  {name}.set(numbers.subarray({start}, {start + array.size}));"
        start += array.size
    yield "}"
    yield ""


def _plain(values: Any) -> list[Any]:
    found = values.tolist()
    return [each if isinstance(each, bool | int | float) else str(each) for each in found]


def _shape(array: Array) -> str:
    return " × ".join(map(str, array.shape)) or "1"


def _base64(numbers: Any) -> str:
    """Return the bytes of numbers, little-endian, in base64."""
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()
