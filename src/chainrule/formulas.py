"""A function's rule as formulas for people, made from the rule itself."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from chainrule.symbols import read

SECTIONS = ("Definition", "Shapes", "Derivative", "Jacobian", "Backprop", "At kinks", "Numerics")


@dataclass(frozen=True)
class Formulas:
    """Definition, derivative (or Jacobian) and backprop as lines of text, and as LaTeX."""

    definition: tuple[str, ...]
    derivative: tuple[str, ...]
    backprop: tuple[str, ...]
    latex: tuple[str, ...] = ()


def elementwise_formulas(function: Any) -> Formulas:
    """Let SymPy read ``value`` and ``derivative`` of an elementwise function.

    Where it cannot, as they use more than :mod:`chainrule.mathematics` has, the docstring's count.
    """
    import sympy

    x, y = sympy.symbols("x y", real=True)
    try:
        value, derivative = read(function.value, x), read(function.derivative, x, y)
    except (TypeError, AttributeError):
        return docstring_formulas(function)
    value, derivative = exact(value), exact(derivative)
    return Formulas(
        definition=(f"y = {formula(value)}",),
        derivative=(f"dy/dx = {formula(derivative)}",),
        backprop=("dX = dY · dy/dx",),
        latex=(
            sympy.latex(sympy.Eq(y, value, evaluate=False)),
            rf"\frac{{d y}}{{d x}} = {sympy.latex(derivative)}",
            r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \frac{d y}{d x}",
        ),
    )


def exact(expression: Any) -> Any:
    """Return a SymPy expression with whole numbers for floats that are whole: 1 for 1.0."""
    import sympy

    expression = sympy.sympify(expression)
    numbers = expression.atoms(sympy.Float)
    return expression.xreplace({x: sympy.Integer(x) for x in numbers if float(x).is_integer()})


def formula(expression: Any) -> str:
    """Return a SymPy expression as one line of text: ``x if x > 0 else 0.01*x``."""
    from sympy import Piecewise
    from sympy.printing.str import StrPrinter

    class Text(StrPrinter):  # type: ignore[misc]
        """SymPy's own text, with max, min, |x| and cases as people write them."""

        def _print_Piecewise(self, piecewise: Any) -> str:  # noqa: N802
            *pieces, (last, _) = (piece.args for piece in piecewise.args)
            cases = [f"{self._print(y)} if {self._print(c)} else " for y, c in pieces]
            return f"({''.join(cases)}{self._print(last)})"

        def _print_Max(self, maximum: Any) -> str:  # noqa: N802
            return f"max({', '.join(map(self._print, maximum.args[::-1]))})"

        def _print_Min(self, minimum: Any) -> str:  # noqa: N802
            return f"min({', '.join(map(self._print, minimum.args[::-1]))})"

        def _print_Abs(self, absolute: Any) -> str:  # noqa: N802
            inside = self._print(absolute.args[0])
            return f"|{self._print(-absolute.args[0]) if inside.startswith('-') else inside}|"

        def _print_Float(self, number: Any) -> str:  # noqa: N802
            return f"{float(number):g}"

    expression = exact(expression)
    text = Text({"order": "rev-lex"}).doprint(expression).replace("**", "^")
    whole = isinstance(expression, Piecewise)
    return str(text[1:-1] if whole else text)


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


def docstring_formulas(function: Any) -> Formulas:
    """Take the formulas from the docstring of a function that writes its rules out."""
    parts = sections(type(function))

    def lines(title: str) -> tuple[str, ...]:
        return tuple(line for line in parts.get(title, "").splitlines() if line)

    return Formulas(
        definition=lines("Definition"),
        derivative=lines("Derivative") + lines("Jacobian"),
        backprop=lines("Backprop"),
    )


def loss_formulas(loss: Any) -> Formulas:
    """Let SymPy read ``error`` and ``derivative`` of an elementwise loss, or its docstring."""
    import sympy

    y, t = sympy.symbols("y t", real=True)
    try:
        error, derivative = read(loss.error, y, t), read(loss.derivative, y, t)
    except (TypeError, AttributeError):
        return docstring_formulas(loss)
    error, derivative = exact(error), exact(derivative)
    mean = loss.outputs == "mean"
    whole = "L = mean of err" if mean else "L = mean over samples of the sum of err"
    return Formulas(
        definition=(f"err = {formula(error)}", whole),
        derivative=(f"derr/dy = {formula(derivative)}",),
        backprop=("dY = 1/N · derr/dy",),
        latex=(
            rf"\mathrm{{err}} = {sympy.latex(error)}",
            rf"\frac{{\partial\,\mathrm{{err}}}}{{\partial y}} = {sympy.latex(derivative)}",
        ),
    )
