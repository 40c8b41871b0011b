"""Formulas: computed, printed, typeset, read, and their algebra a step at a time."""

import numpy as np
import pytest
import sympy

from chainrule import functions as f, losses, notation
from chainrule.explain.algebra import simplified
from chainrule.explain.building import (
    by_loss,
    indexed,
    product,
    renamed,
    summed,
)
from chainrule.explain.elementary import formula_of
from chainrule.explain.evaluation import Scope, TooLargeError, evaluate
from chainrule.explain.expressions import ONE, Derivative, Sum, Symbol
from chainrule.explain.lines import line_jacobian, line_value
from chainrule.explain.statements import NoStatementError, read_statement
from chainrule.explain.text import text
from chainrule.explain.typesetting import latex, name_latex
from chainrule.formulas import docstring_lines
from chainrule.symbols import read
from typeset import parsed

NO_SCOPE = Scope()
NAMES = {"X": "X", "Y": "Y", "T": "T", "N": "N", "L": "L"}


class Arrays:
    """Arrays by name, and by "dX" those of derivatives of the loss."""

    def __init__(self, **arrays):
        self.arrays = {name: np.asarray(array, dtype=float) for name, array in arrays.items()}

    def array(self, term):
        if isinstance(term, Derivative):
            of = f"{term.of.name}_d" if term.of else "d"
            return self.arrays[of + term.by.name]
        return self.arrays[term.name]


def value(formula, letters, shape, scope=NO_SCOPE, **arrays):
    left = indexed("left", letters).indices
    return evaluate(formula, left, shape, Arrays(**arrays), scope)


def stated(owner, title, names=NAMES):
    return read_statement(" ".join(docstring_lines(owner, title)[0]), names)


# ---- computed


def test_a_line_is_computed_as_notation_computes_it():
    rng = np.random.default_rng(0)
    line = notation.parse("Y[n,o,i] = W[o,c,u] X[n,c,2*i+u-1] + b[o]")
    arrays = {"W": rng.normal(size=(2, 3, 4)), "X": rng.normal(size=(5, 3, 9)), "b": [1.0, 2.0]}
    names = {name: name for name in (*line.names, "Y")}
    expected = notation.evaluate(line, arrays, sizes={"i": 5})
    found = value(line_value(line, names), "noi", (5, 2, 5), Scope({"i": 5}), **arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("by", ["W", "X", "b"])
def test_a_jacobian_is_that_of_notation(by):
    rng = np.random.default_rng(1)
    line = notation.parse("Y[n,o,i] = W[o,c,u] X[n,c,i+u-1] + b[o]")
    arrays = {"W": rng.normal(size=(2, 3, 2)), "X": rng.normal(size=(2, 3, 4)), "b": [1.0, 2.0]}
    names = {name: name for name in (*line.names, "Y")}
    left, formula = line_jacobian(line, by, "n", names)
    expected = notation.dense_jacobian(line, arrays, by=by, batch="n", sizes={"i": 5})
    own = left.by.indices[1:] if by == "X" else left.by.indices
    scope = Scope({"i": 5})
    found = evaluate(formula, left.of.indices + own, expected.shape, Arrays(**arrays), scope)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_sums_over_all_but_one_and_over_what_a_body_has_not():
    x, k = np.array([1.0, 10.0, 100.0]), np.arange(3)
    apart = Sum(("j",), indexed("x", "j"), "k")
    assert np.array_equal(value(apart, "k", (3,), x=x), x.sum() - x[k])
    assert value(Sum(("j",), ONE), "", (), Scope({"j": 4})) == 4


def test_too_many_numbers_are_not_computed():
    many = summed(tuple("abc"), product(*(indexed("x", letter) for letter in "abc")))
    with pytest.raises(TooLargeError, match="a formula spans 1,000,000,000 numbers"):
        value(many, "", (), x=np.zeros(1000))


@pytest.mark.parametrize("kind", f.ACTIVATIONS.values())
def test_rules_of_single_numbers_are_the_formulas_that_sympy_reads(kind):
    function, (x, y) = kind(), sympy.symbols("x y", real=True)
    symbols = {x: indexed("X", "ni"), y: indexed("Y", "ni")}
    X = np.array([[-2.5, -0.3, 0.4], [1.7, 3.1, -0.01]])
    Y = function.forward(X, {})
    made = formula_of(read(function.value, x), symbols)
    slope = formula_of(read(function.derivative, x, y), symbols)
    np.testing.assert_allclose(value(made, "ni", (2, 3), X=X, **{"π": np.pi}), Y, rtol=1e-12)
    slopes = value(slope, "ni", (2, 3), X=X, Y=Y, **{"π": np.pi})
    np.testing.assert_allclose(slopes, function.slopes(X, Y), rtol=1e-9)
    assert parsed(latex(made))
    assert parsed(latex(slope))


# ---- printed and typeset


@pytest.mark.parametrize(
    ("name", "typeset"),
    [
        ("W0", "W^{(0)}"),
        ("1.W0", "W^{(1.0)}"),
        ("X3.1", "X^{(3.1)}"),
        ("Y.1", "Y^{(1)}"),
        ("X", "X"),
        ("mean2", r"\mathrm{mean}^{(2)}"),
        ("π", r"\pi"),
    ],
)
def test_names_are_typeset(name, typeset):
    assert name_latex(name) == typeset


def test_parentheses_stand_where_they_must():
    for statement in (
        "Y[n] = −(X[n] − T[n])²/(1 − X[n]·T[n])",
        "Y[n] = (Σ_k X[k])·T[n] − (−X[n])·(T[n] + 1)",
        "Y[n] = exp(X[n])/(Σ_k exp(X[k]))",
        "Y[n] = 1/2·(X[n]/T[n])/(X[n]·T[n])",
    ):
        left, right = read_statement(statement, NAMES)
        again = read_statement(f"{text(left)} = {text(right)}", NAMES)[1]
        X, T = np.array([0.5, -1.5, 2.0]), np.array([1.0, 3.0, -0.25])
        expected = value(right, "n", (3,), X=X, T=T)
        np.testing.assert_allclose(value(again, "n", (3,), X=X, T=T), expected, rtol=1e-14)
        assert parsed(latex(right))


# ---- read


def test_docstrings_are_read():
    left, right = stated(f.Softmax(), "Jacobian")
    assert text(left) == "∂Y[n,i]/∂X[n,j]"
    assert text(right) == "(Y[n,i]·(1 − Y[n,i]) if i = j else −Y[n,i]·Y[n,j])"
    assert text(stated(losses.CrossEntropy(), "Derivative")[1]) == "−1/N·T[n,k]/Y[n,k]"


@pytest.mark.parametrize(
    "statement",
    [
        "1 where the positions agree, else 0",
        "diagonal",
        "Y[n,i] = Z[n,i] g",
        "Y[n,…] = X[n,…]",
        "Y[n,i] = X[n,i] in training",
        "Y[n,i] = max over X[n,i]",
        "Y[n,i]",
        "Y[n,i] = (X[n,i]",
        "",
    ],
)
def test_what_is_no_formula_is_left_as_words(statement):
    with pytest.raises(NoStatementError):
        read_statement(statement, NAMES)


# ---- algebra


def through_softmax(slope):
    derivative, jacobian = stated(f.Softmax(), "Jacobian")
    assert text(derivative) == "∂Y[n,i]/∂X[n,j]"
    return summed(("i",), product(slope, jacobian))


def test_softmax_and_cross_entropy_cancel_as_the_notes_have_it():
    slope = renamed(stated(losses.CrossEntropy(), "Derivative")[1], {"k": "i"})
    facts = {Sum(("i",), indexed("T", "ni")): ONE}
    sides = simplified(through_softmax(slope), facts)
    assert [text(side.formula) for side in sides] == [
        "−1/N·T[n,j]/Y[n,j]·Y[n,j]·(1 − Y[n,j]) + Σ_{i≠j} 1/N·T[n,i]/Y[n,i]·Y[n,i]·Y[n,j]",
        "−1/N·T[n,j]·(1 − Y[n,j]) + Σ_{i≠j} 1/N·T[n,i]·Y[n,j]",
        "−1/N·T[n,j] + 1/N·T[n,j]·Y[n,j] + Σ_{i≠j} 1/N·T[n,i]·Y[n,j]",
        "−1/N·T[n,j] + Σ_i 1/N·T[n,i]·Y[n,j]",
        "−1/N·T[n,j] + 1/N·Y[n,j]·Σ_i T[n,i]",
        "−1/N·T[n,j] + 1/N·Y[n,j]",
        "1/N·(Y[n,j] − T[n,j])",
    ]
    assert sides[-2].reason == "Σ_i T[n,i] = 1"


def test_without_what_is_known_of_targets_their_sum_stays():
    slope = renamed(stated(losses.CrossEntropy(), "Derivative")[1], {"k": "i"})
    last = simplified(through_softmax(slope), {})[-1]
    assert text(last.formula) == "1/N·(Y[n,j]·Σ_i T[n,i] − T[n,j])"


def test_softmax_by_itself_has_the_backprop_that_it_states():
    sides = simplified(through_softmax(by_loss(indexed("Y", "ni"))), {})
    assert text(sides[-1].formula) == "Y[n,j]·(∂L/∂Y[n,j] − Σ_i ∂L/∂Y[n,i]·Y[n,i])"


@pytest.mark.parametrize("function", [f.Softmax(), f.LogSoftmax()])
def test_each_form_has_the_same_value(function):
    rng = np.random.default_rng(2)
    X, dY = rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    Y = function.forward(X, {})
    derivative, jacobian = stated(function, "Jacobian")
    of = derivative.of.indices[1].letter
    upstream = by_loss(indexed("Y", ("n", of)))
    whole = summed((of,), product(upstream, jacobian))
    (dX, _) = function.backprop(dY, X, Y, {})
    sides = simplified(whole, {})
    assert len(sides) >= 3
    for formula in (whole, *(side.formula for side in sides)):
        np.testing.assert_allclose(value(formula, "nj", (2, 4), Y=Y, dY=dY), dX, rtol=1e-12)


def test_a_simple_formula_has_no_other_form():
    assert simplified(indexed("X", "ni"), {}) == []
    assert simplified(Symbol("L"), {}) == []
