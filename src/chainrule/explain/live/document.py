"""A page as one file of HTML: style, data, the network's program, and the page's own script."""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from importlib import resources
from typing import Any

__all__ = ["SCRIPTS", "document"]

SCRIPTS = (
    "facts.js",
    "format.js",
    "terms.js",
    "network.js",
    "levels.js",
    "contributions.js",
    "texts.js",
    "state.js",
    "controls.js",
    "drawing.js",
    "fields.js",
    "sample.js",
    "answers.js",
    "painting.js",
    "picture_columns.js",
    "picture_svg.js",
    "picture_choice.js",
    "picture.js",
    "layers.js",
    "matrix.js",
    "choice.js",
    "step.js",
    "shares.js",
    "first_choice.js",
    "grey.js",
    "print.js",
    "main.js",
)
"""The parts of the page's script, in the order in which they stand in it."""

STYLES = ("page.css", "parts.css", "print.css")


def document(title: str, facts: dict[str, Any], program: str) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        Of the page.
    facts : dict
        What the script reads, as :mod:`.facts` makes it.
    program : str
        The network in JavaScript, as :mod:`.program` makes it.
    """
    data = json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {
        "title": escape(title),
        "style": "\n".join(map(packaged, STYLES)),
        "facts": data.replace("<", "\\u003c"),
        "program": _in_script(program),
        "script": _in_script("\n".join(map(packaged, SCRIPTS))),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], packaged("page.html"))


@cache
def packaged(name: str) -> str:
    """Return the text of a file of this package."""
    return resources.files(__package__).joinpath("files", name).read_text(encoding="utf-8")


def _in_script(text: str) -> str:
    """Return a script that no text in it ends before its end."""
    return re.sub(r"<(/script|!--)", r"<\\\1", text, flags=re.IGNORECASE)
