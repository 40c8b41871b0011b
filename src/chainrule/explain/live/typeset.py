"""The formulas of a rule as MathML, by their parts."""

from __future__ import annotations

from html import escape
from typing import Any

from chainrule.explain.mathml import mathml
from chainrule.formulas import Formulas, docstring_lines
from chainrule.functions import Elementwise

__all__ = ["typeset_formulas", "typeset_parts"]

TITLES = {
    "definition": ("Definition",),
    "derivative": ("Derivative",),
    "Jacobian": ("Jacobian",),
    "backprop": ("Backprop",),
}
DIAGONAL = (
    r"\frac{\partial y_{i}}{\partial x_{j}} = \begin{cases} \frac{d y}{d x} & \text{if } i = j "
    r"\\ 0 & \text{otherwise} \end{cases}"
)
"""The Jacobian of what is elementwise."""


def typeset_parts(function: Any) -> list[list[Any]]:
    """Return the parts of a function's formulas, each with its title and its lines of MathML."""
    parts = typeset_formulas(function.formulas(), function)
    if isinstance(function, Elementwise) and all(title != "Jacobian" for title, _ in parts):
        parts.insert(2, ["Jacobian", [_typeset(DIAGONAL, "diagonal")]])
    return parts


def typeset_formulas(formulas: Formulas, rule: Any = None) -> list[list[Any]]:
    """Return the parts of formulas, each with its title and its lines of MathML.

    Parameters
    ----------
    formulas : Formulas
        The lines, as text and as LaTeX.
    rule : Function or Loss, optional
        Whose docstring says which LaTeX belongs to which part, where formulas come from there.
    """
    lines = {
        "definition": formulas.definition,
        "derivative": formulas.derivative,
        "backprop": formulas.backprop,
    }
    count = sum(map(len, lines.values()))
    if len(formulas.latex) != count:
        return _of_docstring(lines, rule)
    latex, parts = iter(formulas.latex), []
    for title, own in lines.items():
        typeset = [_typeset(next(latex), text) for text in own]
        named = "Jacobian" if own and _is_jacobian(own[0]) else title
        if own:
            parts.append([named, typeset])
    return parts


def _of_docstring(lines: dict[str, tuple[str, ...]], rule: Any) -> list[list[Any]]:
    parts = []
    for part, titles in TITLES.items():
        text, latex = docstring_lines(rule, *titles) if rule is not None else (lines.get(part), ())
        if latex:
            parts.append([part, [_typeset(each, each) for each in latex]])
        elif text:
            parts.append([part, [_plain(line) for line in text]])
    return parts


def _is_jacobian(text: str) -> bool:
    return text.startswith(("dY_d", "∂Y["))


def _typeset(latex: str, text: str) -> str:
    """Return LaTeX as MathML; text as it is where a sign of it is not known."""
    try:
        return mathml(latex)
    except ValueError:
        return _plain(text)


def _plain(text: str) -> str:
    return f"<code>{escape(text)}</code>"
