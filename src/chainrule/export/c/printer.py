"""How C writes numbers, functions and local names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from chainrule.export.language.printing import Printer

__all__ = ["CPrinter", "helpers"]

FUNCTIONS = {"abs": "fabs", "maximum": "larger", "minimum": "smaller"}
"""Functions of the vocabulary that C has under another name."""

OWN = {
    "maximum": "static real larger(real x, real y) { return x > y || x != x ? x : y; }",
    "minimum": "static real smaller(real x, real y) { return x < y || x != x ? x : y; }",
}
"""Functions that C lacks: of fmax and fmin NaN does not come back."""

ENDS = {
    "max": "static int max_int(int a, int b) { return a > b ? a : b; }",
    "min": "static int min_int(int a, int b) { return a < b ? a : b; }",
}


class CPrinter(Printer):
    """C99 in float or double.

    Parameters
    ----------
    precision : {"float", "double"}
        The type ``real``.
    """

    equality: ClassVar[str] = "=="
    declared: ClassVar[tuple[str, str, str]] = "const real", "real", "int"
    counted: ClassVar[str] = "int"

    def __init__(self, precision: str) -> None:
        self.single = precision == "float"
        self.suffix = "f" if self.single else ""
        self.used: set[str] = set()

    def number(self, value: float) -> str:
        """Return the shortest text that reads back as the number of the type that it becomes."""
        if math.isnan(value):
            return "NAN"
        if math.isinf(value):
            return "-INFINITY" if value < 0 else "INFINITY"
        return f"{shortest(value, single=self.single)}{self.suffix}"

    def call(self, name: str, operands: Sequence[str]) -> str:
        """Return a call of the C library's function of the type, or of one of the file's own."""
        if name in OWN:
            self.used.add(name)
            return f"{FUNCTIONS[name]}({', '.join(operands)})"
        return f"{FUNCTIONS.get(name, name)}{self.suffix}({', '.join(operands)})"

    def extreme(self, name: str, ends: Sequence[str]) -> str:
        """Return a call of the file's own function of two whole numbers."""
        self.used.add(name)
        first, *others = ends
        for other in others:
            first = f"{name}_int({first}, {other})"
        return first

    def quotient(self, above: str, below: int) -> str:
        """Return a quotient of whole numbers, which C rounds towards zero."""
        return f"({above}) / {below}"


def shortest(value: float, *, single: bool) -> str:
    """Return the shortest decimal text of a number, with a point or an exponent."""
    text = str(np.float32(value)) if single else repr(float(value))
    if single and text in ("inf", "-inf"):  # beyond float's range
        raise ValueError(f"export: expected numbers that float can hold, got {value!r}")
    return text if any(sign in text for sign in ".e") else f"{text}.0"


def helpers(used: Iterable[str]) -> list[str]:
    """Return the definitions of the file's own functions that are used."""
    every = OWN | ENDS
    return [every[name] for name in every if name in set(used)]
