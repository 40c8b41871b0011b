"""How JavaScript writes numbers and functions, and the error function, which it lacks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

from chainrule.engine.language.fits import ERF_FAR, ERF_NEAR, ERFC_FAR
from chainrule.export.language.printing import Printer

__all__ = ["JavaScriptPrinter", "helpers", "literal"]

FUNCTIONS = {"maximum": "max", "minimum": "min"}
OWN = ("erf", "erfc")


class JavaScriptPrinter(Printer):
    """JavaScript, whose local numbers are doubles whatever arrays hold: floats, or ``double``."""

    equality: ClassVar[str] = "==="
    declared = "const", "let", "let"
    counted: ClassVar[str] = "let"

    def __init__(self, *, double: bool = False) -> None:
        self.double = double
        self.used: set[str] = set()

    def number(self, value: float) -> str:
        """Return the shortest text that reads back as the number."""
        return literal(value)

    def call(self, name: str, operands: Sequence[str]) -> str:
        """Return a call of a function of Math, or of one of the file's own."""
        given = ", ".join(operands)
        if name in OWN:
            self.used.add(name)
            return f"{name}({given})"
        return f"Math.{FUNCTIONS.get(name, name)}({given})"

    def extreme(self, name: str, ends: Sequence[str]) -> str:
        """Return the largest or the smallest of whole numbers."""
        return f"Math.{name}({', '.join(ends)})"

    def rounded(self, value: str) -> str:
        """Return a number rounded to float."""
        return f"Math.fround({value})"

    def truncated(self, value: str) -> str:
        """Return a number as a whole one."""
        return f"Math.trunc({value})"

    def quotient(self, above: str, below: int) -> str:
        """Return a quotient of whole numbers, rounded towards zero."""
        return f"Math.trunc(({above}) / {below})"


def literal(value: float) -> str:
    """Return a number as JavaScript reads it: whole ones without a point."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "-Infinity" if value < 0 else "Infinity"
    text = repr(float(value))
    return text.removesuffix(".0")


def _array(numbers: Iterable[float]) -> str:
    lines, line = [], ""
    for text in map(literal, numbers):
        if len(line) + len(text) > 90:
            lines.append(line)
            line = ""
        line += f"{text}, "
    return "\n".join(f"  {each.rstrip()}" for each in [*lines, line])


def _polynomials() -> str:
    _, _, most, tail = ERFC_FAR[8]
    return f"""/** a[0] + a[1] s + a[2] s² + …, by Horner's rule. */
function polynomial(s, a) {{
  let sum = 0;
  for (let k = a.length - 1; k >= 0; k--) sum = sum * s + a[k];
  return sum;
}}

/** erf(x)/x for |x| ≤ 1, in powers of 2x² − 1: a Chebyshev fit, the one of chainrule's kernels. */
const ERF_NEAR = [
{_array(ERF_NEAR[8])}
];

/** exp(x²)·erfc(x) for 1 ≤ x ≤ 6, in powers of 2.4 t − 0.2, t = (x − 2)/(x + 2); likewise. */
const ERF_FAR = [
{_array(ERF_FAR[8])}
];

/** (x + 2)·exp(x²)·erfc(x) for 0.5 ≤ x ≤ {most:g}, in powers of a·t + b, a and b as below. */
const ERFC_FAR = [
{_array(tail)}
];
"""


ERF = """/** The error function, 2/√π times the integral of exp(−u²) from 0 to x. */
function erf(x) {
  const a = Math.abs(x);
  if (a <= 1) return x * polynomial(2 * x * x - 1, ERF_NEAR);
  if (!(a <= 6)) return a > 6 ? Math.sign(x) : NaN;
  const t = (a - 2) / (a + 2);
  return Math.sign(x) * (1 - Math.exp(-a * a) * polynomial(2.4 * t - 0.2, ERF_FAR));
}
"""

ERFC = """/** 1 − erf(x), accurate where that is small. */
function erfc(x) {{
  const a = Math.abs(x);
  if (a <= 0.5) return 1 - x * polynomial(2 * x * x - 1, ERF_NEAR);
  if (!(a <= {most:g})) return a > {most:g} ? (x < 0 ? 2 : 0) : NaN;
  const square = a * a;
  const high = 134217729 * a - (134217729 * a - a); // Veltkamp's halves of a
  const low = a - high;
  const lost = high * high - square + 2 * high * low + low * low; // what the square rounds off
  const tail = Math.exp(-square);
  const t = (a - 2) / (a + 2);
  const scaled = polynomial({scale} * t + {shift}, ERFC_FAR);
  const far = ((tail - tail * lost) * scaled) / (a + 2);
  return x < 0 ? 2 - far : far;
}}
"""


def helpers(used: Iterable[str]) -> list[str]:
    """Return the definitions of the file's own functions that are used."""
    names = set(used) & set(OWN)
    if not names:
        return []
    scale, shift, most, _ = ERFC_FAR[8]
    own = {
        "erf": ERF,
        "erfc": ERFC.format(scale=literal(scale), shift=literal(shift), most=most),
    }
    return [_polynomials(), *(own[name] for name in OWN if name in names)]
