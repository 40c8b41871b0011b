"""Lines computed: against a literal loop over all letters."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.notation import (
    backprop,
    dense_jacobian,
    evaluate,
    gradient,
    parse,
    target_shape,
)
from notation import naive
from notation.cases import LINES, SIZES, numbers, operands_for


def exact_jacobian(f, x):
    """Return ∂f/∂x by five-point differences with step 1: exact for polynomials to degree 4."""
    columns = []
    for place in np.ndindex(x.shape):

        def moved(step, place=place):
            at = np.array(x)
            at[place] += step
            return np.asarray(f(at))

        columns.append((8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / 12)
    return np.stack(columns, axis=-1).reshape(np.shape(f(x)) + x.shape)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.int64, object])
@pytest.mark.parametrize("text", LINES)
def test_a_line_is_a_loop_over_its_letters(text, dtype):
    line = parse(text)
    operands = operands_for(line, np.int64 if dtype is object else dtype)
    if dtype is object:
        operands = {k: v.astype(object) * Fraction(1, 7) for k, v in operands.items()}
    result = evaluate(line, operands, sizes=SIZES)
    expected = naive.evaluate(text, operands, SIZES)
    assert result.shape == expected.shape
    assert (result == expected).all()
    halves = any(term.coefficient.denominator > 1 for term in line.terms)
    assert result.dtype == (np.float64 if dtype is np.int64 and halves else dtype)


@st.composite
def problems(draw):
    """Draw a line, sizes of its letters, and operands of any shape: zero outside."""
    letters = draw(st.permutations("ijkl")).__getitem__(slice(0, draw(st.integers(1, 4))))
    sizes = dict(zip(letters, draw(st.permutations([1, 2, 3, 4])), strict=False))
    constants = {"s": draw(st.integers(1, 3)), "p": draw(st.integers(0, 2))}
    plain = st.sampled_from(letters)
    sums = st.builds(
        lambda scale, first, sign, second, shift: (
            scale + first + (sign + second if second != first else "") + shift
        ),
        st.sampled_from(("", "2*", "s*", "-")),
        plain,
        st.sampled_from(("+", "-", "+s*", "-2*")),
        plain,
        st.sampled_from(("", "+1", "-p", "-2", "+p")),
    )
    index = st.one_of(plain, plain, sums)
    ranks = {"x": 1, "A": 2, "w": 1, "T": 3, "a": 0}

    def product():
        factors = []
        for name in draw(st.lists(st.sampled_from(sorted(ranks)), min_size=1, max_size=3)):
            indices = [draw(index) for _ in range(ranks[name])]
            factors.append(f"{name}[{','.join(indices)}]" if indices else name)
        number = draw(st.sampled_from(("", "2 ", "1/2 ", "0.25 ")))
        return number + " ".join(factors)

    rank = draw(st.integers(0, 3))

    def target():
        return f"y[{','.join(draw(index) for _ in range(rank))}]" if rank else "y"

    text = f"{target()} = {product()}"
    for _ in range(draw(st.integers(0, 2))):
        text += draw(st.sampled_from((" + ", " - ", f"; {target()} = "))) + product()
    names = parse(text, constants).names
    operands = {name: draw(arrays(ranks[name])) for name in names}
    return text, constants, sizes, operands


@st.composite
def arrays(draw, rank):
    shape = [draw(st.integers(1, 4)) for _ in range(rank)]
    seed = draw(st.integers(0, 99))
    return np.array(np.random.default_rng(seed).integers(-4, 5, shape), np.float64)


@settings(max_examples=300, deadline=None)
@given(problems(), st.integers(0, 4))
def test_any_line_is_a_loop_over_its_letters(problem, size):
    text, constants, sizes, operands = problem
    line = parse(text, constants)
    if not {x for term in line.terms for x in term.letters()} <= set(sizes):
        return
    expected = naive.evaluate(text, operands, sizes, constants)
    result = evaluate(line, operands, sizes=sizes)
    assert result.shape == expected.shape
    assert (result == expected).all()
    assert target_shape(line, sizes) == expected.shape
    shape = (size, 3, 4 - size)[: line.rank]
    cut = evaluate(line, operands, sizes=sizes, shape=shape)
    assert cut.shape == shape
    assert (cut == naive.evaluate(text, operands, sizes, constants, shape)).all()


def test_a_letter_without_values_leaves_an_axis_without_elements():
    line = parse("Y[n,o] = X[n,i] W[i,o] + b[o]")
    operands = {"X": np.zeros((0, 3)), "W": np.ones((3, 2)), "b": np.ones(2)}
    assert target_shape(line, {"n": 0, "i": 3, "o": 2}) == (0, 2)
    assert dense_jacobian(line, operands, by="X", batch="n").shape == (0, 2, 3)
    assert dense_jacobian(line, operands, by="W", batch="n").shape == (0, 2, 3, 2)


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 99))
def test_any_gradient_is_the_cotangent_times_the_jacobian(problem, seed):
    text, constants, sizes, operands = problem
    line = parse(text, constants)
    cotangent = np.random.default_rng(seed).integers(-4, 5, target_shape(line, sizes)) * 1.0
    for name, array in operands.items():

        def forward(at, name=name):
            return evaluate(line, {**operands, name: at}, sizes=sizes)

        J = exact_jacobian(forward, array)
        stated = dense_jacobian(line, operands, by=name, sizes=sizes)
        np.testing.assert_allclose(stated, J, rtol=1e-12, atol=1e-9)
        pulled = np.tensordot(cotangent, J, axes=cotangent.ndim)
        back = backprop(line, operands, cotangent, by=name, sizes=sizes)
        assert back.shape == array.shape
        np.testing.assert_allclose(back, pulled, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("text", LINES)
def test_gradients_are_lines_with_the_same_meaning(text):
    line = parse(text)
    operands = operands_for(line)
    cotangent = numbers(target_shape(line, SIZES))
    for name, array in operands.items():
        by = gradient(line, name, rename=False)
        values = {**operands, f"d{line.target}": cotangent}
        expected = naive.evaluate(str(by), values, SIZES, shape=array.shape)
        back = backprop(line, operands, cotangent, by=name, sizes=SIZES)
        assert back.tolist() == expected.tolist()


@pytest.mark.parametrize("text", ["z = x[i] A[i,j] x[j]", "y[i] = x[i]; y[j] = -A[j,k] x[k]"])
def test_a_gradient_in_other_letters_is_the_same(text):
    line, operands = parse(text), {"x": numbers(4), "A": numbers((4, 4))}
    sizes = dict.fromkeys("ijk", 4)
    values = {**operands, f"d{line.target}": numbers(target_shape(line, sizes))}
    two, one = gradient(line, "x", rename=False), gradient(line, "x")
    assert (str(two).count(";"), str(one).count(";")) == (1, 0)
    assert evaluate(one, values).tolist() == evaluate(two, values).tolist()
