"""Steps as lines of text, and as the body of a LaTeX document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from chainrule.explain.equations import Equation, Step
from chainrule.explain.numbers import Numbers
from chainrule.explain.text import text
from chainrule.notation.text_typesetting import RELATIONS, SYMBOLS

WIDTH = 96
ESCAPES = {c: "\\" + c for c in "#$%&_{}"} | {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}
SIGNS = {
    sign: written
    for sign, written in {**SYMBOLS, **RELATIONS}.items()
    if len(sign) == 1 and not sign.isascii()
} | {"∂": r"\partial", "Σ": r"\Sigma", "·": r"\cdot", "−": "-", "√": r"\surd", "ᵀ": r"^{\top}"}
"""Signs of formulas that stand in words."""


def step_lines(step: Step, numbers: Numbers | None) -> list[str]:
    """Return a step as lines: title, explanation, then the lines of each equation, a blank between.

    Parameters
    ----------
    step : Step
        The step.
    numbers : Numbers or None
        What shows the numbers of a sample.
    """
    lines = step_heading(step)
    if numbers is not None and step.number == 1:
        lines.append("")
        for name, array in numbers.given():
            lines += [f"     {line}" for line in numbers.array_lines(name, array)]
    for equation in step.equations:
        own = equation_lines(equation, numbers)
        lines += ["", *own] if own else []
    if step.lines:
        lines += ["", *(f"   {line}" for line in step.lines)]
    return lines


def step_heading(step: Step) -> list[str]:
    """Return the title and the explanation of a step."""
    title = f"{step.number}. {step.title}"
    return [title, *wrap(step.explanation, WIDTH, initial_indent="   ", subsequent_indent="   ")]


def step_questions(step: Step, numbers: Numbers | None) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a step, and of each whether a reader is to find it out.

    Parameters
    ----------
    step : Step
        The step.
    numbers : Numbers or None
        What shows the numbers of a sample.
    """
    yield "\n".join(["", *step_heading(step)]), False
    if numbers is not None and step.number == 1:
        given = [x for name, array in numbers.given() for x in numbers.array_lines(name, array)]
        yield "\n".join(["", *(f"     {line}" for line in given)]), False
    for equation in step.equations:
        lines = equation_lines(equation, numbers)
        if not lines:
            continue
        if not equation.stated:
            yield f"\n   {text(equation.left)} = ?", False
        groups = _groups(lines)
        for group in groups:
            yield "\n".join(group), True
    if step.lines:
        yield "\n".join(f"   {line}" for line in step.lines), True


def _groups(lines: list[str]) -> list[list[str]]:
    """Return lines, a reason on a line of its own with what it belongs to."""
    groups: list[list[str]] = []
    for line in lines:
        if groups and line.startswith("        ("):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def equation_lines(equation: Equation, numbers: Numbers | None) -> list[str]:
    """Return the lines of an equation, each with its reason, then its numbers and its program."""
    if equation.silent:
        return []
    lines: list[str] = []
    for line, reason in equation.lines():
        own = [f"   {part}" for part in line.split("\n")]
        if len(own[-1]) + len(reason) + 4 <= WIDTH:
            own[-1] += f"    ({reason})"
        else:
            own.append(f"        ({reason})")
        lines += own
    if numbers is not None:
        lines += [f"     {line}" for line in numbers.lines(equation)]
    if equation.program:
        lines.append(f"   program: {equation.program}")
    return lines


def latex_body(title: str, steps: Sequence[Step], numbers: Numbers | None) -> str:
    """Return steps as the body of a LaTeX document.

    Parameters
    ----------
    title : str
        What is derived.
    steps : sequence of Step
        The steps.
    numbers : Numbers or None
        What shows the numbers of a sample.
    """
    parts = [rf"\section*{{{escaped(title)}}}"]
    for step in steps:
        parts += [
            rf"\subsection*{{{step.number}. {escaped(step.title)}}}",
            escaped(step.explanation),
        ]
        shown = (equation for equation in step.equations if not equation.silent)
        parts += [_aligned(equation, numbers) for equation in shown]
        if step.lines:
            inside = "\n".join(step.lines)
            parts.append(f"\\begin{{quote}}\n{_typed(inside)}\n\\end{{quote}}")
    return "\n\n".join(parts) + "\n"


def _aligned(equation: Equation, numbers: Numbers | None) -> str:
    rows = []
    for line, reason in equation.latex_lines():
        formula = line if equation.stated else line.replace("= ", "&= ", 1)
        said = rf" && \text{{{escaped(reason)}}}" if reason else ""
        rows.append(formula if equation.stated else formula + said)
    if numbers is not None:
        rows += [f"{left} &= {right}" for left, right in numbers.latex_lines(equation)]
    if equation.stated:
        inside = r" \\ ".join(row.replace("&= ", "= ") for row in rows)
        return f"\\begin{{gather*}}\n{inside}\n\\end{{gather*}}"
    inside = " \\\\\n".join(rows)
    return f"\\begin{{align*}}\n{inside}\n\\end{{align*}}"


def _typed(lines: str) -> str:
    return " \\\\\n".join(rf"\texttt{{{escaped(line)}}}" for line in lines.split("\n"))


def escaped(words: str) -> str:
    """Return words with what LaTeX takes for commands escaped, mathematical signs as such."""
    words = re.sub(r"Σ_\{?([\w,≠']+)\}?", r"Σ \1:", words)
    plain = "".join(ESCAPES.get(letter, letter) for letter in words)
    return re.sub(f"[{''.join(SIGNS)}]", lambda m: f"${SIGNS[m[0]]}$", plain)
