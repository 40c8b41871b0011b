"""Steps as HTML: for a notebook, and as a page by itself, with formulas as MathML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from chainrule.explain.equations import Equation, Step
from chainrule.explain.mathml import mathml
from chainrule.explain.numbers import Numbers

STYLE = """
.derivation { line-height: 1.5; }
.derivation h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
.derivation h2 { font-size: 1.1rem; margin: 2rem 0 0.3rem; overflow-wrap: anywhere; }
.derivation p { margin: 0.3rem 0 0.8rem; max-width: 46rem; }
.derivation .equation { margin: 0.8rem 0; border-left: 2px solid rgba(128, 128, 128, 0.35);
  padding-left: 0.8rem; }
.derivation .line { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1.5rem;
  padding: 0.2rem 0; }
.derivation .scroll { overflow-x: auto; overflow-y: hidden; max-width: 100%; padding: 0.15rem 0; }
.derivation math { display: inline math; font-size: 1.1em;
  font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; }
.derivation .next > .scroll { padding-left: 1.6rem; }
.derivation .reason { opacity: 0.7; font-size: 0.9em; }
.derivation .numbers { opacity: 0.85; padding-left: 1.6rem; }
.derivation pre { margin: 0.3rem 0; white-space: pre-wrap; overflow-wrap: anywhere;
  background: none; color: inherit; }
.derivation code { overflow-wrap: anywhere; background: none; color: inherit; }
.derivation summary { cursor: pointer; padding: 0.4rem 0; opacity: 0.8; }
"""
PAGE_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 62rem;
  background: Canvas; color: CanvasText; }
button { font: inherit; padding: 0.4rem 0.8rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  button, summary { display: none; }
  .derivation .equation { break-inside: avoid; }
  .derivation .scroll { overflow: visible !important; }
  .derivation .numbers math { font-size: 0.85em; }
}
"""
SCRIPT = """
const hidden = () => document.querySelectorAll("details");
const open = (is) => hidden().forEach((each) => { each.open = is; });
const button = document.querySelector("button");
if (button) button.onclick = () => open(true);
addEventListener("beforeprint", () => open(true));
"""


def notebook_html(
    title: str, steps: Sequence[Step], numbers: Numbers | None, *, hidden: bool
) -> str:
    """Return steps as HTML for a notebook; hidden, each line is opened by a click on "next".

    Parameters
    ----------
    title : str
        What is derived.
    steps : sequence of Step
        The steps.
    numbers : Numbers or None
        What shows the numbers of a sample.
    hidden : bool
        Whether a reader tries first.
    """
    parts = [f"<h1>{escape(title)}</h1>"]
    parts += [_section(step, numbers, hidden=hidden) for step in steps]
    return f'<div class="derivation"><style>{STYLE}</style>{"".join(parts)}</div>'


def page_html(title: str, steps: Sequence[Step], numbers: Numbers | None, *, hidden: bool) -> str:
    """Return steps as an HTML document that needs nothing else.

    Parameters
    ----------
    title : str
        What is derived.
    steps : sequence of Step
        The steps.
    numbers : Numbers or None
        What shows the numbers of a sample.
    hidden : bool
        Whether a reader tries first.
    """
    button = '<button type="button">Show all lines</button>' if hidden else ""
    body = notebook_html(title, steps, numbers, hidden=hidden)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{PAGE_STYLE}</style>\n</head>\n"
        f"<body>\n<main>{body}\n{button}</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _section(step: Step, numbers: Numbers | None, *, hidden: bool) -> str:
    parts = [f"<h2>{step.number}. {escape(step.title)}</h2><p>{escape(step.explanation)}</p>"]
    if numbers is not None and step.number == 1:
        given = [
            line for name, array in numbers.given() for line in numbers.array_lines(name, array)
        ]
        parts.append(f"<pre>{escape(chr(10).join(given))}</pre>")
    for equation in step.equations:
        lines = list(_lines(equation, numbers))
        if not lines:
            continue
        inside = _one_by_one(equation, lines) if hidden else "".join(lines)
        parts.append(f'<div class="equation">{inside}</div>')
    if step.lines:
        program = f"<pre><code>{escape(chr(10).join(step.lines))}</code></pre>"
        parts.append(_details("the program", program) if hidden else program)
    return f"<section>{''.join(parts)}</section>"


def _one_by_one(equation: Equation, lines: list[str]) -> str:
    """Return lines of which each opens the next."""
    inside = ""
    for line in reversed(lines[1:] if not equation.stated else lines):
        inside = _details("next", line + inside)
    if equation.stated:
        return inside
    question = _line(f"{equation.left_latex()} = ?", "")
    return question + _details("first line", lines[0] + inside)


def _details(summary: str, inside: str) -> str:
    return f"<details><summary>{summary}</summary>{inside}</details>"


def _lines(equation: Equation, numbers: Numbers | None) -> Iterator[str]:
    if equation.silent:
        return
    for number, (latex, reason) in enumerate(equation.latex_lines()):
        yield _line(latex, reason, after=number > 0 and not equation.stated)
    if numbers is not None and (inside := "".join(_number_lines(equation, numbers))):
        yield f'<div class="numbers">{inside}</div>'
    if equation.program:
        said = f"<code>{escape(equation.program)}</code>"
        yield f'<div class="line">{said}<span class="reason">the program</span></div>'


def _number_lines(equation: Equation, numbers: Numbers) -> Iterator[str]:
    typeset = numbers.latex_lines(equation)
    for left, right in typeset:
        yield _line(f"{left} = {right}", "")
    if not typeset:
        lines = numbers.lines(equation)
        yield f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def _line(latex: str, reason: str, *, after: bool = False) -> str:
    said = f'<span class="reason">{escape(reason)}</span>' if reason else ""
    kind = "line next" if after else "line"
    return f'<div class="{kind}"><div class="scroll">{mathml(latex)}</div>{said}</div>'
