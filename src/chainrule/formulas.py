"""A function's rule as formulas for people, made from the rule itself."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from html import escape
from typing import Any

from chainrule import notation
from chainrule.notation.text_typesetting import text_latex
from chainrule.symbols import read

SECTIONS = ("Definition", "Shapes", "Derivative", "Jacobian", "Backprop", "At kinks", "Numerics")


PARTS = ("definition", "derivative", "backprop")
UNWRITTEN = "no formulas: its docstring has no Definition: and Derivative:"
"""What is shown of a rule that cannot be read, and says nothing of itself."""


@dataclass(frozen=True, repr=False)
class Formulas:
    r"""A rule's definition, derivative (or Jacobian) and backprop.

    Printed, these are lines of text; a notebook shows them typeset.

    Attributes
    ----------
    definition, derivative, backprop : tuple of str
        Lines of text: ``y = max(x, 0)``.
    latex : tuple of str
        The same formulas as LaTeX, in the same order: ``y = \max\left(0, x\right)``.
    """

    definition: tuple[str, ...]
    derivative: tuple[str, ...]
    backprop: tuple[str, ...]
    latex: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the formulas line by line, each part behind its name; where to write them."""
        if not any(getattr(self, name) for name in PARTS):
            return [UNWRITTEN]
        return [
            f"{name if position == 0 else '':<12}{line}"
            for name in PARTS
            for position, line in enumerate(getattr(self, name))
        ]

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_latex_(self) -> str | None:
        """Return what a notebook typesets; it shows the text where there is no LaTeX."""
        if not self.latex:
            return None
        lines = r" \\ ".join(f"& {line}" for line in self.latex)
        return rf"$$\begin{{aligned}} {lines} \end{{aligned}}$$"


@dataclass(frozen=True, repr=False)
class FormulaSheet:
    """The formulas of several rules under their titles; rules that are the same are told once.

    Printed, these are lines of text; a notebook shows them typeset.

    Attributes
    ----------
    rules : dict from str to Formulas
        The formulas by title.
    """

    rules: dict[str, Formulas]

    def together(self) -> dict[str, Formulas]:
        """Return each set of formulas once, with the titles of all that have it."""
        titles: dict[Formulas, list[str]] = {}
        for title, formulas in self.rules.items():
            titles.setdefault(formulas, []).append(title)
        return {", ".join(names): formulas for formulas, names in titles.items()}

    def lines(self, *, latex: bool = False) -> list[str]:
        """Return titles and, indented, their formulas as text or as LaTeX; a blank line between."""
        lines: list[str] = []
        for title, formulas in self.together().items():
            own = (latex and formulas.latex) or formulas.lines()
            lines += [*([""] if lines else []), title, *(f"    {line}" for line in own)]
        return lines

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        """Return titles and formulas, which a notebook typesets."""
        return "".join(
            f"<p><b>{escape(title)}</b></p>"
            + escape(formulas._repr_latex_() or "")
            + ("" if formulas.latex else f"<pre>{escape(repr(formulas))}</pre>")
            for title, formulas in self.together().items()
        )


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
            f"y = {sympy.latex(value)}",
            rf"\frac{{d y}}{{d x}} = {sympy.latex(derivative)}",
            r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \frac{d y}{d x}",
        ),
    )


def line_formulas(line: notation.Line, sample: str) -> Formulas:
    """Return a line, its Jacobians, a sample's letter standing once in each, and its gradients."""
    jacobians = [notation.jacobian(line, name, sample) for name in line.names]
    gradients = [notation.gradient(line, name) for name in line.names]
    return Formulas(
        definition=(str(line),),
        derivative=tuple(map(str, jacobians)),
        backprop=tuple(map(str, gradients)),
        latex=tuple(map(notation.latex, [line, *jacobians, *gradients])),
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
    definition, derivative, backprop = (
        docstring_lines(function, *titles)
        for titles in (("Definition",), ("Derivative", "Jacobian"), ("Backprop",))
    )
    latex = definition[1] + derivative[1] + backprop[1]
    return Formulas(definition[0], derivative[0], backprop[0], latex)


def docstring_lines(function: Any, *titles: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what stands under titles of a docstring: lines of text, and statements as LaTeX."""
    parts = sections(type(function))
    own = getattr(function, "__dict__", {})
    names = {name for name, value in own.items() if type(value) in (int, float)}
    names |= set(re.findall(r"∂(\w{2,})", " ".join(parts.values())))
    under = [parts.get(title, "") for title in titles]
    lines = tuple(line for part in under for line in part.splitlines() if line)
    statements = (statement for part in under for statement in part.split(";"))
    return lines, tuple(text_latex(each, names) for each in statements if each.strip())


def loss_formulas(loss: Any) -> Formulas:
    """Let SymPy read ``error`` and ``derivative`` of an elementwise loss, or its docstring."""
    import sympy

    y, t = sympy.symbols("y t", real=True)
    try:
        one = loss.with_values(**{name: sympy.Symbol(name[0]) for name in loss.of_outputs})
        error, derivative = read(one.error, y, t), read(one.derivative, y, t)
    except (TypeError, AttributeError):
        return docstring_formulas(loss)
    return _error_formulas(loss, "y", error, derivative)


def pair_formulas(function: Any, loss: Any, pair: Any = None) -> Formulas | None:
    """Return an elementwise loss after an elementwise function, by what goes into the function.

    None where SymPy cannot read them.

    Parameters
    ----------
    function : Elementwise
        The last function, y = value(z).
    loss : ElementwiseLoss
        The loss of y.
    pair : ElementwiseLoss, optional
        The loss of z that equals both, where there is one: it is what is trained. Its derivative
        is written with y where SymPy finds that it depends on z through y alone.
    """
    import sympy

    z, y, t = sympy.symbols("z y t", real=True)
    one, by = (loss, y) if pair is None else (pair, z)
    try:
        value, inner = exact(read(function.value, z)), exact(read(function.derivative, z, y))
        error, slope = exact(read(one.error, by, t)), exact(read(one.derivative, by, t))
    except (TypeError, AttributeError):
        return None
    if pair is None:
        slope = sympy.factor_terms(slope * inner)
    else:
        slope = through_output(slope, value, z, y)
    own = (f"y = {formula(value)}",), (f"y = {sympy.latex(value)}",)
    return _error_formulas(loss, "z", error, slope, own)


def through_output(slope: Any, value: Any, z: Any, y: Any) -> Any:
    """Return y plus what is free of z where a slope is that, value being y; else the slope."""
    import sympy

    rests = set()
    for half in (sympy.Symbol("z", positive=True), sympy.Symbol("z", negative=True)):
        rest = sympy.simplify((slope - value).xreplace({z: half}))
        rests.add(slope if rest.has(half) else y + rest)
    return rests.pop() if len(rests) == 1 else slope


def _error_formulas(
    loss: Any,
    by: str,
    error: Any,
    slope: Any,
    before: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
) -> Formulas:
    """Return the formulas of a loss whose outputs' errors are averaged, or added, per sample."""
    import sympy

    error, slope, mean = exact(error), exact(slope), loss.outputs == "mean"
    number, latex_number = ("1/(N·K)", "N K") if mean else ("1/N", "N")
    return Formulas(
        definition=(
            *before[0],
            f"err = {formula(error)}",
            f"L = {number} Σ_n Σ_k err, of N samples with K outputs",
        ),
        derivative=(f"derr/d{by} = {formula(slope)}",),
        backprop=(f"d{by.upper()} = {number} · derr/d{by}",),
        latex=(
            *before[1],
            rf"\mathrm{{err}} = {sympy.latex(error, order='rev-lex')}",
            rf"L = \frac{{1}}{{{latex_number}}} \sum_{{n,k}} \mathrm{{err}}",
            rf"\frac{{\partial\,\mathrm{{err}}}}{{\partial {by}}} = "
            + sympy.latex(slope, order="rev-lex"),
            rf"\frac{{\partial L}}{{\partial {by}}} = "
            rf"\frac{{1}}{{{latex_number}}} \frac{{\partial\,\mathrm{{err}}}}{{\partial {by}}}",
        ),
    )
