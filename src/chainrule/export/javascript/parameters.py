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
from chainrule.export.weights import HEADER_BYTES, WeightsFile

__all__ = ["needs_parameters", "parameter_lines"]

READABLE = 64
"""Parameters of so many numbers are written as such, larger ones as bytes in base64."""

DECODE = """/** The numbers whose bytes, little-endian, a text has in base64. */
function decoded(text, kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new kind(bytes.buffer);
}
"""

CHECKSUM = """const bits = (n) => (n & 1 ? 0xEDB88320 : 0) ^ (n >>> 1);
const crcs = Int32Array.from({ length: 256 }, (_, n) => Array(8).fill().reduce(bits, n));

/** The CRC-32 of bytes. */
function checksum(bytes) {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = crcs[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
"""

LOAD = """let loaded = false;

/** The error of a function that is called before the parameters have come. */
function unloaded(caller) {{
  return new Error(`${{caller}}: expected load(bytes) first, with the file of parameters`);
}}

/** Take the parameters, the bytes of the file beside this one: a buffer or a view. */
export function load(buffer) {{
  loaded = false;
  const isView = ArrayBuffer.isView(buffer);
  if (!isView && !/ArrayBuffer/.test(Object.prototype.toString.call(buffer))) {{
    throw new TypeError(`load: expected an ArrayBuffer or a view of one, got ${{shown(buffer)}}`);
  }}
  const view = isView ? buffer : new Uint8Array(buffer);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const received = bytes.length;
  if (received !== {size}) {{
    throw new RangeError(`load: expected {size} bytes of parameters, got ${{received}}`);
  }}
  const words = [{words}];
  const head = new DataView(bytes.buffer, bytes.byteOffset, {header});
  if (!words.every((word, k) => head.getUint32(4 * k, true) === word)) {{
    throw new RangeError("load: expected the file of this network, got that of another");
  }}
  const own = bytes.slice({header});
  if (checksum(own) !== words[3]) {{
    throw new RangeError("load: expected the parameters as they were written, got damaged ones");
  }}
  const numbers = new real(own.buffer);"""


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
    if plan.weights is not None:
        yield from _load(plan, plan.weights)
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


def needs_parameters(plan: ExportPlan, caller: str) -> Iterator[str]:
    """Yield what throws an error in a function that is called before ``load``."""
    if plan.weights is not None:
        yield f"  if (!loaded) throw unloaded('{caller}');"


def _load(plan: ExportPlan, weights: WeightsFile) -> Iterator[str]:
    """Yield the function that takes the file of weights, and refuses any other."""
    words = ", ".join(f"0x{word:08X}" for word in weights.words)
    yield CHECKSUM
    yield LOAD.format(size=weights.size, words=words, header=HEADER_BYTES)
    start = 0
    for array in plan.separate:
        name = identifier(array.name)
        yield f"  {name}.set(numbers.subarray({start}, {start + array.size}));"
        start += array.size
    yield "  loaded = true;"
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
