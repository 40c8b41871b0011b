"""Docstrings as Sphinx reads them: the lines of a lecture, and signs that have a meaning there."""

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes

import chainrule

PARTS = "Definition|Shapes|Derivative|Jacobian|Backprop|At kinks|Numerics|Source"
LECTURE = re.compile(rf"({PARTS}): (.*)")
"""A line such as ``Backprop: dX = dY·(1 − |Y|)²``, which the lines under it, indented, go on."""

VERBATIM = re.compile(r"(``.*?``|(?::\w+)?:?`[^`]+`)")
"""What stands between backquotes, with its role."""

NAME = re.compile(r"\*{0,2}\w+(, \*{0,2}\w+)*( : .*)?$")
"""A parameter's or attribute's line."""

SIGNS = re.compile(r"\||(?<!^)\*|\*(?! )|_(?!\w)")
"""Bars, stars that begin no item of a list, and low lines at the end of words."""

DASH = re.compile(r"^(\)?) -- ")

ROOM = re.compile(r"chainrule\.\w+\.(\w+)(?=[.`])")
"""A public name, written with the room that has it."""


def readable(lines: list[str]) -> list[str]:
    """Return a docstring's lines with fields in place of the lecture's lines, and signs escaped.

    Parameters
    ----------
    lines : list of str
        Those of a docstring, without indentation.

    Returns
    -------
    lines : list of str
        reStructuredText, with numpydoc's sections as they are.
    """
    result: list[str] = []
    example = field = False
    for line in lines:
        example = line.startswith(">>>") or (example and bool(line.strip()))
        if example or NAME.fullmatch(line):
            result.append(line if example else re.sub("_(?=,)", r"\\_", line))
            field = False
            continue
        found = LECTURE.fullmatch(line)
        if found:
            if not field and result and result[-1]:
                result.append("")
            result.append(f":{found[1]}: {escaped(found[2])}")
            field = True
        else:
            field &= line.startswith(" ") or not line
            result.append(escaped(line))
    return result


def escaped(line: str) -> str:
    """Return a line in which bars, stars and low lines mean themselves."""
    parts = VERBATIM.split(line)
    parts[::2] = [SIGNS.sub(r"\\\g<0>", part) for part in parts[::2]]
    return ROOM.sub(_public, "".join(parts))


def _public(found: re.Match[str]) -> str:
    return f"chainrule.{found[1]}" if found[1] in chainrule.__all__ else found[0]


def _process(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = readable(lines)
    if what in ("property", "attribute", "data"):
        lines.insert(0, "")  # else what stands before a colon would be its type


def _signature(
    app: Any, what: str, name: str, value: Any, options: Any, text: str | None, returns: str | None
) -> tuple[str | None, str | None] | None:
    """Return a signature whose default values are words that Python reads."""
    return (re.sub(r"<\w+ ([\w.]+)[^>]*>", r"\1", text), returns) if text else None


def _tidy(app: Any, document: nodes.document) -> None:
    """Put a dash between a parameter and its description, and link types that are public."""
    for body in document.findall(nodes.field_body):
        for text in list(body.findall(nodes.Text)):
            if DASH.search(text):
                text.parent.replace(text, nodes.Text(DASH.sub("\\1 – ", text)))
    for link in list(document.findall(addnodes.pending_xref)):
        typed = link.get("refdomain") == "py" and link.get("refspecific")
        if typed and link["reftarget"].split(".")[-1] not in chainrule.__all__:
            link.replace_self(link.children)


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx read docstrings so, before it takes numpydoc's sections apart."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-process-signature", _signature)
    app.connect("doctree-read", _tidy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
