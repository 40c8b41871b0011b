"""A function's rule as formulas for people, made from the rule itself."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

SECTIONS = ("Definition", "Shapes", "Derivative", "Jacobian", "Backprop", "At kinks", "Numerics")


@dataclass(frozen=True)
class Formulas:
    """Definition, derivative (or Jacobian) and backprop as lines of text, and as LaTeX."""

    definition: tuple[str, ...]
    derivative: tuple[str, ...]
    backprop: tuple[str, ...]
    latex: tuple[str, ...] = ()


def elementwise_formulas(function: Any) -> Formulas:
    """Let SymPy read ``value`` and ``derivative`` of an elementwise function."""
    import sympy

    x, y = sympy.symbols("x y", real=True)
    value, derivative = function.value(x), function.derivative(x, y)
    y_of_x, dy_dx = sympy.Symbol("y"), sympy.Symbol("dy/dx")
    return Formulas(
        definition=(f"y = {formula(value)}",),
        derivative=(f"dy/dx = {formula(derivative)}",),
        backprop=("dX = dY · dy/dx",),
        latex=(
            sympy.latex(sympy.Eq(y_of_x, value, evaluate=False)),
            rf"\frac{{d y}}{{d x}} = {sympy.latex(sympy.sympify(derivative))}",
            r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \frac{d y}{d x}",
        ),
    )


def formula(expression: Any) -> str:
    """Return a SymPy expression as one line of text: ``x if x > 0 else 0.01*x``."""
    import sympy

    expression = sympy.sympify(expression)
    if isinstance(expression, sympy.Piecewise):
        (first, condition), (second, _) = expression.args[0].args, expression.args[-1].args
        return f"{formula(first)} if {condition} else {formula(second)}"
    return str(expression).replace("**", "^").replace("Max(", "max(").replace("Abs(", "abs(")


def sections(function: type) -> dict[str, str]:
    """Return the sections of a function's docstring, title to text."""
    doc = inspect.getdoc(function) or ""
    found: dict[str, str] = {}
    title = ""
    for line in doc.splitlines():
        match = re.match(rf"({'|'.join(SECTIONS)}|Source):\s*(.*)", line)
        if match:
            title, first = match.groups()
            found[title] = first
        elif title and (line.startswith(" ") or not line.strip()):
            found[title] = f"{found[title]}\n{line.strip()}".strip()
        else:
            title = ""
    return found


def written_formulas(function: Any) -> Formulas:
    """Take the formulas from the docstring of a function that writes its rules out."""
    parts = sections(type(function))

    def lines(title: str) -> tuple[str, ...]:
        return tuple(line for line in parts.get(title, "").splitlines() if line)

    return Formulas(
        definition=lines("Definition"),
        derivative=lines("Derivative") + lines("Jacobian"),
        backprop=lines("Backprop"),
    )
