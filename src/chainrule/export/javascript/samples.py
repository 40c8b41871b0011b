"""How a module of JavaScript takes a raw sample: each number is checked, once, and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.export.javascript.printer import literal
from chainrule.export.plan import ExportPlan
from chainrule.inputs import Images, Rows
from chainrule.types import Shape

__all__ = ["SHOWN", "TAKEN", "number_lines", "raw_shape"]

TOO_LARGE = 2.0**128 - 2.0**103
"""The least double that is rounded to infinity in float."""

SHOWN = """/** What was received, as messages tell it. */
function shown(value) {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value);
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || typeof value !== "object") return String(value);
  const kind = value.constructor?.name ?? "Object";
  return Number.isInteger(value.length) ? `${kind} of ${value.length}` : `an object, ${kind}`;
}
"""

TAKEN = """/** Copy so many numbers as a function needs, which messages name. */
function take(values, place, caller, name) {
  const expected = `${caller}: expected ${name} as an array of ${place.length} numbers, got `;
  if (values === null || typeof values !== "object" || !Number.isInteger(values.length)) {
    throw new TypeError(expected + shown(values));
  }
  if (values.length !== place.length) throw new RangeError(expected + values.length);
  for (let i = 0; i < place.length; i++) {
    const v = values[i];
    if (typeof v !== "number") throw new TypeError(`${expected}${shown(v)} in ${name}[${i}]`);
    place[i] = v;
  }
}
"""

FLATTENED = """/** The numbers of arrays in arrays, in order; undefined of another shape. */
function flattened(x, axis = 0) {
  if (axis === shape.length) return [x];
  if (x === null || typeof x !== "object" || x.length !== shape[axis]) return undefined;
  const parts = Array.from(x, (part) => flattened(part, axis + 1));
  return parts.includes(undefined) ? undefined : parts.flat();
}
"""

NUMBERS = """const sample = new Float64Array({size});

/** The numbers of a raw sample, checked for the function whose name is given. */
function numbers(x, caller) {{
{flat}  if (x === null || typeof x !== "object" || x.length !== {size}) throw misfit(x, caller);
  for (let i = 0; i < {size}; i++) {{
    const v = x[i];
    sample[i] = typeof v === "number" && {usual} ? v : numberFrom(v, i, caller);
  }}
  return sample;
}}

/** The error that says what a sample has to be. */
function misfit(x, caller) {{
  const count = x === null || typeof x !== "object" ? undefined : x.length;
  if (!Number.isInteger(count)) {{
    return new TypeError(`${{caller}}: expected x as an array of {told}, got ${{shown(x)}}`);
  }}
  return new RangeError(`${{caller}}: expected x with {told}, got ${{count}}`);
}}
"""

OF_ROWS = """
/** A number that is unlike others: a truth value, a text of a number; an error for the rest. */
function numberFrom(v, i, caller) {{
  let number = typeof v === "boolean" || typeof v === "bigint" ? Number(v) : v;
  if (typeof v === "string" && decimal.test(v.trim())) number = Number(v);
  if (typeof number === "number" && {usual_number}) return number;
  const place = `x[${{i}}]`{named};
  const bound = Number.isFinite(number) ? "{within}" : "finite numbers";
  if (typeof number === "number") {{
    throw new RangeError(`${{caller}}: expected ${{bound}}, got ${{shown(v)}} in ${{place}}`);
  }}
  throw new TypeError(`${{caller}}: expected numbers, got ${{shown(v)}} in ${{place}}`);
}}
"""

DECIMAL = "const decimal = /^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?$/i;\n"

OF_CHAINS = """
/** A number that is unlike others: a truth value, or infinite; an error for the rest. */
function numberFrom(v, i, caller) {{
  if (typeof v === "boolean") return Number(v);
  if (typeof v === "number" && !Number.isFinite(v)) return v;
  const numbers = typeof v === "number" ? "{within}" : "numbers";
  throw new RangeError(`${{caller}}: expected ${{numbers}}, got ${{shown(v)}} in x[${{i}}]`);
}}
"""


def raw_shape(plan: ExportPlan) -> Shape:
    """Return the shape in which a sample of numbers may be given, beside all in a row."""
    inputs = plan.network.inputs
    if isinstance(inputs, Images):
        return inputs.given
    return plan.network.input_shape if inputs is None else (plan.prediction.x.size,)


def number_lines(plan: ExportPlan) -> Iterator[str]:
    """Yield what takes a sample of numbers, as the library's own ``predict`` would.

    An estimator refuses NaN, infinity, and what is infinite in the type of its parameters; a chain
    computes with them, but refuses finite numbers that its type does not hold.
    """
    inputs, size = plan.network.inputs, plan.prediction.x.size
    limit = literal(_limit(plan))
    shape = raw_shape(plan)
    flat = ""
    if len(shape) > 1:
        yield f"const shape = {json.dumps(list(shape))};"
        yield ""
        yield FLATTENED
        flat = '  if (x !== null && typeof x?.[0] === "object") x = flattened(x) ?? x;\n'
    chain = inputs is None
    usual = f"!(Math.abs(v) >= {limit})" if chain else f"Math.abs(v) < {limit}"
    yield NUMBERS.format(size=size, flat=flat, usual=usual, told=_told(size, shape))
    names = inputs.raw_names if isinstance(inputs, Rows) else None
    if names is not None:
        yield f"const names = {json.dumps(list(names), ensure_ascii=False)};"
    if not chain:
        yield DECIMAL
    rest = OF_CHAINS if chain else OF_ROWS
    yield rest.format(
        within=f"numbers within ±{_limit(plan):.2g}",
        named="" if names is None else " + `, ${names[i]}`",
        usual_number=f"Math.abs(number) < {limit}",
    ).lstrip("\n")


def _told(size: int, shape: Shape) -> str:
    numbers = f"{size} number" if size == 1 else f"{size} numbers"
    return numbers if len(shape) == 1 else f"{numbers}, or {' × '.join(map(str, shape))}"


def _limit(plan: ExportPlan) -> float:
    """Return what numbers of a sample have to be below, without their signs."""
    network = plan.network
    if network.scalings or (network.dtype == np.float64 and plan.precision == "double"):
        return np.inf
    scaling = network.inputs.scaling if isinstance(network.inputs, Images) else None
    return TOO_LARGE * min([1.0, *_scales(scaling.scale if scaling else ())])


def _scales(scale: Sequence[float]) -> list[float]:
    return [float(each) for each in scale]
