"""MathML for browsers: what they leave out of it is said with what they have."""

import re

import pytest

from math_font import lacking
from mathml import NAMESPACE, for_browsers


def rewritten(inner):
    found = for_browsers(f'<math xmlns="{NAMESPACE}"><mrow>{inner}</mrow></math>')
    return re.fullmatch(r"<math [^>]*><mrow>(.*)</mrow></math>", found)[1]


@pytest.mark.parametrize(
    ("inner", "result"),
    [
        ('<mi mathvariant="double-struck">R</mi>', "<mi>ℝ</mi>"),
        ('<mi mathvariant="bold">c</mi>', "<mi>𝐜</mi>"),
        ('<mi mathvariant="normal">d</mi>', '<mi mathvariant="normal">d</mi>'),
        ("<mi>≔</mi>", "<mo>≔</mo>"),
        ('<mspace width="thinmathspace" />', '<mspace width="0.17em" />'),
        (
            '<menclose notation="box"><mi>x</mi></menclose>',
            '<mrow class="boxed" displaystyle="true"><mi>x</mi></mrow>',
        ),
        (
            "<msub><mo>lim</mo><mi>h</mi></msub>",
            '<munder><mo movablelimits="true">lim</mo><mi>h</mi></munder>',
        ),
        ("<msub><mi>x</mi><mi>i</mi></msub>", "<msub><mi>x</mi><mi>i</mi></msub>"),
        ("<mi>log</mi><mi>y</mi>", '<mo lspace="0.17em" rspace="0.17em">log</mo><mi>y</mi>'),
        ("<mi>log</mi><mo>(</mo>", '<mo lspace="0.17em" rspace="0">log</mo><mo>(</mo>'),
    ],
)
def test_formulas_are_said_with_what_browsers_have(inner, result):
    assert rewritten(inner) == result


def test_signs_that_the_font_lacks_are_found():
    assert lacking("∂L/∂𝐜 ≔ Σ ŷ − ½ ℝ") == set()
    assert lacking("x 漢") == {"漢"}


def test_a_letter_without_a_double_struck_form_is_an_error():
    with pytest.raises(KeyError):
        rewritten('<mi mathvariant="double-struck">ω</mi>')
