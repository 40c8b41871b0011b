"""Formulas as MathML, which browsers typeset by themselves: no script, and no request."""

import re
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.util import logging

from math_font import lacking

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
FUNCTIONS = {"log", "exp", "tanh", "sin", "cos"}
LIMITS = {"lim", "max", "min", "∑", "∏"}
STACKED = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
DOUBLE_STRUCK = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "C": "ℂ", "Q": "ℚ"}
BOLD = {"A": 0x1D400, "a": 0x1D41A}

logger = logging.getLogger(__name__)


def formula(latex: str, display: str, node: nodes.Node | None = None) -> str:
    """Return a formula of LaTeX as MathML, and warn where a word of it is not known."""
    from latex2mathml.converter import convert

    mathml = for_browsers(convert(latex.replace(":=", "≔"), display=display))
    for word in {*re.findall(r">(\\\w+)<", mathml), *lacking(re.sub(r"<[^>]+>|\s", "", mathml))}:
        logger.warning("a formula has %s, of which no MathML is made", word, location=node)
    return mathml


def for_browsers(mathml: str) -> str:
    """Return MathML with what browsers have in place of what they leave out.

    They have MathML Core: no element that draws a box, and no bold or double-struck variants of
    letters, which are letters of their own. Spaces around names of functions are TeX's.

    Parameters
    ----------
    mathml : str
        A formula.

    Returns
    -------
    mathml : str
        The same formula.
    """
    ElementTree.register_namespace("", NAMESPACE)
    tree = ElementTree.fromstring(mathml)
    for element in tree.iter():
        _rewrite(element)
        for place, one in enumerate(element):
            if one.tag == _tag("mi") and one.text in FUNCTIONS:
                one.tag = _tag("mo")
                opens = any(each.text == "(" for each in element[place + 1 : place + 2])
                one.attrib.update(lspace="0.17em", rspace="0" if opens else "0.17em")
    return ElementTree.tostring(tree, encoding="unicode")


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _rewrite(element: ElementTree.Element) -> None:
    name = element.tag.removeprefix(_tag(""))
    if name in STACKED and element[0].text in LIMITS:
        element.tag = _tag(STACKED[name])
        element[0].set("movablelimits", "true")  # beside it, in a line of text
    elif name == "menclose":
        element.tag = _tag("mrow")
        element.attrib = {"class": "boxed", "displaystyle": "true"}
    elif name == "mspace" and element.get("width") == "thinmathspace":
        element.set("width", "0.17em")
    elif name == "mi" and element.text == "≔":
        element.tag = _tag("mo")
    variant, letter = element.attrib.pop("mathvariant", ""), element.text or ""
    if variant == "double-struck":
        element.text = DOUBLE_STRUCK[letter]
    elif variant == "bold":
        element.text = "".join(map(_bold, letter))
    elif variant:
        element.set("mathvariant", variant)


def _bold(letter: str) -> str:
    first = "A" if letter.isupper() else "a"
    return chr(BOLD[first] + ord(letter) - ord(first)) if letter.isalpha() else letter


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(formula(node.astext(), "inline", node))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="formula">{formula(node.astext(), "block", node)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx write formulas so."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
