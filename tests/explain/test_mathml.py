"""LaTeX of the library's formulas as MathML: well-formed, and with what is in it."""

import re
import xml.etree.ElementTree as ET

import pytest

from chainrule import Linear, functions as f, losses
from chainrule.explain.mathml import mathml
from functions.cases import CASES


def tree(latex):
    return ET.fromstring(mathml(latex))


def shape(element):
    """Return an element as text: ``frac(1,N)``."""
    if len(element) == 0:
        return element.text or ""
    name = element.tag.removeprefix("m")
    if name in ("row", "ath"):
        return " ".join(map(shape, element))
    return f"{name}({','.join(map(shape, element))})"


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{1}{N} x", "frac(1,N) x"),
        (r"W^{(0)}_{i,o}", "subsup(W,i , o,( 0 ))"),
        (r"\sum_{n,o'} X_{n}", "under(∑,n , o ′) sub(X,n)"),
        (r"\sqrt{2} \cdot 10^{-3}", "sqrt(2) · sup(10,− 3)"),
        (r"\left(a + b\right)^{2}", "sup(( a + b ),2)"),
        (r"\text{if } a \leq b", "if\xa0 a ≤ b"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & -4 \end{pmatrix}",
         "( table(tr(td(1),td(2)),tr(td(3),td(− 4))) )"),
        (r"\mathrm{erf}\left|x\right|", "erf | x |"),
    ],
)  # fmt: skip
def test_formulas_by_hand(latex, expected):
    assert shape(tree(latex)) == expected


@pytest.mark.parametrize("cases", CASES.values(), ids=lambda cases: str(cases[0].function))
def test_the_formulas_of_every_function_are_read(cases):
    for line in cases[0].function.formulas().latex:
        written = "".join(tree(line).itertext())
        numbers = re.findall(r"\d+", re.sub(r"\\text\{[^}]*\}", "", line))
        assert all(number in written for number in numbers)


@pytest.mark.parametrize("kind", losses.LOSSES)
def test_the_formulas_of_every_loss_are_read(kind):
    for line in kind().formulas().latex:
        assert "\\" not in "".join(tree(line).itertext())


def test_an_unknown_command_is_an_error():
    with pytest.raises(ValueError, match=r"mathml: expected LaTeX of this library, got \\oint"):
        mathml(r"\oint x")


def test_signs_of_html_are_escaped():
    assert "&lt;" in mathml("a < b")
    assert "<mtext>a&lt;b</mtext>" in mathml(r"\text{a<b}")
    assert f.Softmax().formulas().latex
    assert Linear(2).formulas().latex
