"""Docstrings on their way into the reference: fields for lectures, signs that mean themselves."""

import pytest

from docstrings import escaped, readable


def test_the_lines_of_a_lecture_become_fields():
    lines = [
        "Absolute: of any sign.",
        "",
        "Definition: y = |x|",
        "Backprop: dX = dY·s, where",
        "    s = ±1",
        "",
        "More.",
    ]
    assert readable(lines) == [
        "Absolute: of any sign.",
        "",
        r":Definition: y = \|x\|",
        ":Backprop: dX = dY·s, where",
        "    s = ±1",
        "",
        "More.",
    ]


def test_a_lecture_that_follows_a_sentence_is_told_apart_from_it():
    assert readable(["With words.", "Shapes: X (n, i)"]) == ["With words.", "", ":Shapes: X (n, i)"]


def test_parameters_and_examples_stay_as_they_are():
    lines = [
        "Parameters",
        "----------",
        "*functions : Function",
        "    All of them.",
        "",
        ">>> a_ * 2",
    ]
    assert readable(lines) == lines
    assert readable(["coefs_, intercepts_ : list"]) == [r"coefs\_, intercepts_ : list"]


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("the norm |x| * 2", r"the norm \|x\| \* 2"),
        ("classes_ and n_features_in_", r"classes\_ and n_features_in\_"),
        ("``a_ * b_`` stays", "``a_ * b_`` stays"),
        ("* an item", "* an item"),
        ("(n, *output)", r"(n, \*output)"),
        (":class:`~chainrule.losses.Huber`", ":class:`~chainrule.Huber`"),
        (":func:`chainrule.layout.layout`", ":func:`chainrule.layout.layout`"),
    ],
)
def test_signs_are_escaped_outside_of_code(line, result):
    assert escaped(line) == result
