"""Operands, sizes and gradients that do not fit a line are named."""

import numpy as np
import pytest

from chainrule.notation import NotationError, backprop, evaluate, parse

LINEAR = parse("Y[n,o] = X[n,i] W[i,o] + b[o]")


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((5, 3), (4, 2), (2,)), r"the letter i is 3 in X\[n,i\] and 4 in W\[i,o\]"),
        (((5, 3), (3, 2), (4,)), r"the letter o is 2 in W\[i,o\] and 4 in b\[o\]"),
        (((5, 3, 1), (3, 2), (2,)), r"X has 2 indices, got an array of shape \(5, 3, 1\)"),
        (((5, 3), (3, 2), ()), r"b has 1 indices, got an array of shape \(\)"),
    ],
)
def test_operands_that_do_not_fit_are_named(shapes, message):
    operands = dict(zip("XWb", map(np.ones, shapes), strict=True))
    with pytest.raises(NotationError, match=message):
        evaluate(LINEAR, operands)


def test_a_missing_operand_is_named():
    with pytest.raises(NotationError, match=r"Y\[n,o\] = .*: the operand b is missing"):
        evaluate(LINEAR, {"X": np.ones((5, 3)), "W": np.ones((3, 2))})


def test_a_matrix_without_a_diagonal_has_no_trace():
    with pytest.raises(NotationError, match=r"the letter i is 3 in A\[i,i\] and 2 in A\[i,i\]"):
        evaluate(parse("z = A[i,i]"), {"A": np.ones((3, 2))})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y[i] = w[u] x[i-u]", r"no operand tells the size of i; give it: sizes={'i': …}"),
        ("y[i] = 1", r"no operand tells the size of i; give it: sizes={'i': …}"),
        ("y[i] = x[i+j+k]", r"no operand tells the size of i, j, k; give it: sizes={'i': …}"),
        ("y[i] = w[u] x[i+2*u]", r"a window of 7 does not fit into 6 elements of x\[i\+2\*u\]$"),
        ("y[i] = v[u] x[i+u-1]", r"a window of 9 does not .* x\[i\+u-1\] padded by 1 at both ends"),
    ],
)
def test_sizes_that_cannot_be_told(text, message):
    with pytest.raises(NotationError, match=message):
        evaluate(parse(text), {"x": np.ones(6), "w": np.ones(4), "v": np.ones(9)})


def test_a_shape_has_an_axis_for_each_index():
    line, operands = parse("y[i+j] = x[i] w[j]"), {"x": np.ones(3), "w": np.ones(2)}
    with pytest.raises(NotationError, match=r"the target has 1 indices, got shape \(4, 1\)"):
        evaluate(line, operands, shape=(4, 1))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 2), r"the letter n is 5 in the target and 4 in its gradient, of shape \(4, 2\)"),
        ((5, 3), r"the letter o is 2 in the target and 3 in its gradient"),
        ((5,), r"dY has 2 indices, got an array of shape \(5,\)"),
    ],
)
@pytest.mark.parametrize("by", ["X", "W", "b"])
def test_a_gradient_has_the_shape_of_the_target(by, shape, message):
    operands = {"X": np.ones((5, 3)), "W": np.ones((3, 2)), "b": np.ones(2)}
    with pytest.raises(NotationError, match=message):
        backprop(LINEAR, operands, np.ones(shape), by=by)
