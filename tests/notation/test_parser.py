"""Texts become lines, lines become texts, and a text that is no line is told where and why."""

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from chainrule.notation import Line, NotationError, parse
from chainrule.notation.line import Factor, Index, Scale, Term

CONSTANTS = {"s": 2, "p": 1, "d": 3}


@pytest.mark.parametrize(
    "text",
    [
        "Y[n,o] = X[n,i] W[i,o] + b[o]",
        "Y[n,o,i,j] = W[o,c,u,v] X[n,c,s*i+d*u-p,s*j+v-2*p] + b[o]",
        "z = 1/3 x[i] x[i]",
        "z = -x[i] y[i] + 2 - 1/2 a",
        "z = A[i,i] A[0,2]",
        "J[i,i] = x[i]",
        "dX[n,c,i+u] = W[o,c,u] dY[n,o,i]; dX[n,c,i] = dZ[n,c,i]",
        "y[i] = w[u] x[-u+i]",
        "y[i] = w[u] x[-s*u-3*s*i-p-1]",
        "ŷ[n] = w'[i] x1[n,i]",
    ],
)
def test_a_text_comes_back(text):
    assert str(parse(text, CONSTANTS)) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("y=x", "y = x"),
        ("  y [ i ]  =  2*x[ i ] * w ", "y[i] = 2 x[i] w"),
        ("y = 2 x 3 w 1/2", "y = 3 x w"),
        ("y = 0.5 x − 0.25 w", "y = 1/2 x - 1/4 w"),
        ("y = + x", "y = x"),
        ("y[1+i+2-0] = x[i*2]", "y[i+1+2] = x[2*i]"),
        ("y[i] = x[2*i*s+u*3]", "y[i] = x[2*s*i+3*u]"),
        ("y = 0 x", "y = 0 x"),
        ("y = 1", "y = 1"),
        ("y = 4/2 x; y = 007", "y = 2 x + 7"),
    ],
)
def test_many_texts_are_one_line(text, plain):
    assert str(parse(text, CONSTANTS)) == plain
    assert parse(plain, CONSTANTS) == parse(text, CONSTANTS)


def test_a_line_is_data():
    line = parse("y[i] = -1/2 w[u] x[s*i+u-p] + b", CONSTANTS)
    window = Index(((Scale(1, "s"), "i"), (Scale(1), "u")), (Scale(-1, "p"),))
    i, u = (Index(((Scale(1), letter),)) for letter in "iu")
    assert line.terms == (
        Term((i,), Fraction(-1, 2), (Factor("w", (u,)), Factor("x", (window,)))),
        Term((i,), Fraction(1), (Factor("b"),)),
    )
    assert line.constants == (("d", 3), ("p", 1), ("s", 2))
    assert (line.target, line.names, line.rank) == ("y", ("w", "x", "b"), 1)
    assert (line.terms[0].letters(), line.terms[0].summed()) == (["i", "u"], ["u"])


LETTERS = st.sampled_from(("i", "j", "k", "u1", "ä"))
NUMBERS = st.integers(-3, 3).filter(bool)
SCALES = st.builds(Scale, NUMBERS, st.sampled_from((None, *CONSTANTS)))
INDICES = st.builds(
    lambda letters, scales, offsets: Index(
        tuple(zip(scales, letters, strict=False)), tuple(offsets)
    ),
    st.lists(LETTERS, max_size=3, unique=True),
    st.lists(SCALES, min_size=3, max_size=3),
    st.lists(SCALES, max_size=2),
)
FACTORS = st.builds(
    Factor, st.sampled_from(("x", "W1", "dY", "w'")), st.lists(INDICES, max_size=3).map(tuple)
)


@st.composite
def lines(draw):
    rank = draw(st.integers(0, 2))
    left = st.lists(INDICES, min_size=rank, max_size=rank).map(tuple)
    coefficient = st.fractions(-9, 9, max_denominator=9).filter(bool)
    term = st.builds(Term, left, coefficient, st.lists(FACTORS, max_size=3).map(tuple))
    terms = draw(st.lists(term, min_size=1, max_size=4).map(tuple))
    return Line("y", terms, tuple(sorted(CONSTANTS.items())))


@given(lines())
def test_any_line_comes_back_from_its_text(line):
    assert parse(str(line), CONSTANTS) == line


@given(st.text("xyi[]+-*/,;= 012.−§", max_size=25))
def test_any_text_is_a_line_or_a_notation_error(text):
    with contextlib.suppress(NotationError):
        line = parse(text)
        assert parse(str(line)) == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the name of an operand"),
        ("= x", "expected the name of an operand"),
        ("2 = x", "expected the name of an operand"),
        ("y", "expected '='"),
        ("y x", "expected '='"),
        ("y = ", "expected a number or an operand"),
        ("y = + - x", "expected a number or an operand"),
        ("y = x +", "expected a number or an operand"),
        ("y = x *", "expected a number or an operand"),
        ("y = * x", "expected a number or an operand"),
        ("y = x * - x", "expected a number or an operand"),
        ("y = x; ", "expected the name of an operand"),
        ("y = x ]", r"expected a factor, \+, -, ; or the end"),
        ("y = x = z", r"expected a factor, \+, -, ; or the end"),
        ("y = x / 0", "a division by zero"),
        ("y = 1/0 x", "a division by zero"),
        ("y = 1/√0 x", "expected a letter or a whole number"),
        ("y = 1/√ √2 x", "expected a letter or a whole number"),
        ("y[n] = x[n] / z[n]", "z is an operand: only numbers and sizes of letters divide"),
        ("y[n] = 1/√q x[n]", "q is no letter of the line, so its size is unknown"),
        ("y = x^2", "this character has no meaning here"),
        ("y[i = x", r"expected '\]'"),
        ("y[i] = x[i", r"expected '\]'"),
        ("y[] = x", "expected a letter or a whole number"),
        ("y[i,] = x", "expected a letter or a whole number"),
        ("y[i+] = x", "expected a letter or a whole number"),
        ("y[2*] = x", "expected a letter or a whole number"),
        ("y[1/2*i] = x", "expected a letter or a whole number"),
        ("y[0.5] = x", "expected a letter or a whole number"),
        ("y[i*j] = x", r"i multiplies j: an index is a sum of letters; if i is a constant, give "),
        ("y[s*p*i] = x", "a product of two constants; give their product a name"),
        ("y[i+j-i] = x", "the letter i stands twice in one index"),
        ("y[i] = x[0*i]", "the letter i is multiplied by zero"),
        ("y[i] = y[i] x", "y stands on both sides"),
        ("y = x; y = y", "y stands on both sides"),
        ("y[i] = x[i]; z[i] = x[i]", "all statements of a line add to one target, here y"),
        ("y[i] = x[i]; y[i,j] = A[i,j]", "all statements of a line add to one target, here y"),
    ],
)
def test_what_is_no_line_is_an_error(text, message):
    with pytest.raises(NotationError, match=message):
        parse(text, CONSTANTS)


def test_an_error_shows_the_place():
    with pytest.raises(NotationError) as caught:
        parse("y[i] = x[i] § 2")
    assert str(caught.value) == (
        "this character has no meaning here:\n    y[i] = x[i] § 2\n                ^"
    )


def test_a_constant_of_zero_cannot_multiply_a_letter():
    with pytest.raises(NotationError, match="the letter i is multiplied by zero"):
        parse("y[i] = x[s*i]", {"s": 0})
    assert str(parse("y[i] = x[i-p]", {"p": 0})) == "y[i] = x[i-p]"
