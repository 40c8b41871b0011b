"""How C writes numbers, functions and local names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from chainrule.export.language.printing import Printer, folded, in_comment

__all__ = ["CPrinter", "comment", "helpers", "string"]

OWN = {"maximum": "larger", "minimum": "smaller"}
"""Functions that C lacks, and what they are called here: fmax and fmin let no NaN through."""

HELPERS = {
    "larger": "static real larger(real x, real y) { return x > y || x != x ? x : y; }",
    "smaller": "static real smaller(real x, real y) { return x < y || x != x ? x : y; }",
    "larger_wide": (
        "static double larger_wide(double x, double y) { return x > y || x != x ? x : y; }"
    ),
    "smaller_wide": (
        "static double smaller_wide(double x, double y) { return x < y || x != x ? x : y; }"
    ),
    "max_int": "static int max_int(int a, int b) { return a > b ? a : b; }",
    "min_int": "static int min_int(int a, int b) { return a < b ? a : b; }",
}
"""The file's own functions."""


class CPrinter(Printer):
    """C99 in float or double.

    Parameters
    ----------
    precision : {"float", "double"}
        The type of numbers.
    wide : bool, default=False
        Whether that is double though ``real`` is float.
    used : set of str, optional
        Where the names of the file's own functions go that are called.
    """

    equality: ClassVar[str] = "=="
    counted: ClassVar[str] = "int"

    def __init__(self, precision: str, *, wide: bool = False, used: set[str] | None = None) -> None:
        self.single = precision == "float" and not wide
        self.suffix = "f" if self.single else ""
        self.own = "_wide" if wide and precision == "float" else ""
        kind = "double" if wide else "real"
        self.declared = f"const {kind}", kind, "int"
        self.used: set[str] = set() if used is None else used

    def number(self, value: float) -> str:
        """Return the shortest text that reads back as the number of the type that it becomes."""
        if math.isnan(value):
            return "NAN"
        if math.isinf(value):
            return "-INFINITY" if value < 0 else "INFINITY"
        return f"{shortest(value, single=self.single)}{self.suffix}"

    def call(self, name: str, operands: Sequence[str]) -> str:
        """Return a call of the C library's function of the type, or of one of the file's own."""
        given = ", ".join(operands)
        if name in OWN:
            own = f"{OWN[name]}{self.own}"
            self.used.add(own)
            return f"{own}({given})"
        return f"{'fabs' if name == 'abs' else name}{self.suffix}({given})"

    def extreme(self, name: str, ends: Sequence[str]) -> str:
        """Return a call of the file's own function of two whole numbers."""
        self.used.add(f"{name}_int")
        first, *others = ends
        for other in others:
            first = f"{name}_int({first}, {other})"
        return first

    def rounded(self, value: str) -> str:
        """Return a number rounded to float."""
        return f"(float)({value})"

    def truncated(self, value: str) -> str:
        """Return a number as a whole one."""
        return f"(int)({value})"

    def quotient(self, above: str, below: int) -> str:
        """Return a quotient of whole numbers, which C rounds towards zero."""
        return f"({above}) / {below}"


def string(text: str) -> str:
    """Return a text as a string of C, in UTF-8; what is no letter or digit by its bytes."""
    plain = {byte: chr(byte) for byte in range(32, 127) if chr(byte) not in '"\\?'}
    parts = [plain.get(byte, f"\\{byte:03o}") for byte in text.encode("utf-8", "surrogatepass")]
    return f'"{"".join(parts)}"'


def comment(sentence: str, indent: str = "") -> list[str]:
    """Return a comment of a sentence, folded."""
    lines = folded(in_comment(sentence), f"{indent} * ")
    lines[0] = f"{indent}/* {lines[0].removeprefix(f'{indent} * ')}"
    lines[-1] += " */"
    return lines


def shortest(value: float, *, single: bool) -> str:
    """Return the shortest decimal text of a number, with a point or an exponent."""
    with np.errstate(over="ignore"):
        text = str(np.float32(value)) if single else repr(float(value))
    if single and text in ("inf", "-inf"):  # beyond float's range
        raise ValueError(f"export: expected numbers that float can hold, got {value!r}")
    return text if any(sign in text for sign in ".e") else f"{text}.0"


def helpers(used: Iterable[str]) -> list[str]:
    """Return the definitions of the file's own functions that are used."""
    return [HELPERS[name] for name in HELPERS if name in set(used)]
