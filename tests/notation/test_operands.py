"""What an operand may be: of any type, sparse, read-only; and what it may not be."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from scipy import sparse

from chainrule.notation import (
    NotationError,
    backprop,
    dense_jacobian,
    evaluate,
    parse,
)
from notation.cases import LINES, SIZES, numbers, operands_for, rng


def test_symbols_compute_too():
    x, A = np.array(sympy.symbols("x:3")), np.array(sympy.symbols("a:9")).reshape(3, 3)
    z = evaluate(parse("z = 1/3 x[i] A[i,j] x[j]"), {"x": x, "A": A})
    assert z.shape == ()
    assert sympy.expand(z[()] - x @ A @ x / 3) == 0
    by_x = dense_jacobian(parse("z = 1/3 x[i] A[i,j] x[j]"), {"x": x, "A": A}, by="x")
    expected = [sympy.diff(z[()], symbol) for symbol in x]
    assert [sympy.expand(a - b) for a, b in zip(by_x, expected, strict=True)] == [0, 0, 0]


def test_fractions_stay_exact():
    x = np.array([Fraction(1, 2), Fraction(2, 3)])
    assert evaluate(parse("z = 1/3 x[i] x[i]"), {"x": x})[()] == Fraction(25, 108)


def test_lists_and_numbers_are_operands():
    assert evaluate(parse("z = a x[i]"), {"x": [1.0, 2.0], "a": 3}).tolist() == 9


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("text", ["y[i] = 300 x[i]", "y[i] = 1/4 x[i]", "y[i] = a[i] + x[i]"])
def test_a_jacobian_has_the_float_type_of_the_operands(text, dtype):
    operands = {"x": np.ones(3, dtype), "a": np.ones(3, dtype)}
    line = parse(text)
    J = dense_jacobian(line, operands, by="x")
    assert J.dtype == dtype
    assert (float(line.terms[-1].coefficient) * np.eye(3) == J).all()


@pytest.mark.parametrize("text", [*LINES, "y[i] = x[i]", "Y[i,j] = x[i]", "Y[j,i] = A[i,j]"])
def test_a_result_is_nobody_elses_memory(text):
    line = parse(text)
    operands = operands_for(line)
    before = {name: array.copy() for name, array in operands.items()}
    for array in operands.values():
        array.flags.writeable = False
    results = [evaluate(line, operands, sizes=SIZES)]
    dY = numbers(results[0].shape)
    results += [backprop(line, operands, dY, by=name, sizes=SIZES) for name in line.names]
    results += [dense_jacobian(line, operands, by=name, sizes=SIZES) for name in line.names]
    for result in results:
        assert result.flags.writeable
        assert result.flags.c_contiguous
        assert not np.shares_memory(result, dY)
        assert not any(np.shares_memory(result, array) for array in operands.values())
    assert all((operands[name] == before[name]).all() for name in operands)


def test_transposed_and_reversed_operands_are_read_where_they_are():
    X, W = numbers((3, 5)), numbers((2, 3))
    Y = evaluate(parse("Y[n,o] = X[n,i] W[i,o]"), {"X": X.T[::-1], "W": W.T})
    assert Y.tolist() == (X.T[::-1] @ W.T).tolist()
    windows = evaluate(parse("Y[n,i,u] = X[n,i+u]"), {"X": X.T[::-2]}, sizes={"u": 2})
    assert windows[:, 1, 1].tolist() == X.T[::-2][:, 2].tolist()


def test_no_samples_give_no_outputs():
    line = parse("Y[n,o] = X[n,i] W[i,o] + b[o]")
    operands = {"X": np.ones((0, 3)), "W": np.ones((3, 2)), "b": np.ones(2)}
    assert evaluate(line, operands).shape == (0, 2)
    for name, array in operands.items():
        back = backprop(line, operands, np.ones((0, 2)), by=name)
        assert back.tolist() == np.zeros(array.shape).tolist()


def test_a_given_size_shortens_the_loop():
    line, x = parse("y[i] = x[i] x[i]"), np.array([1.0, 2, 3, 4, 5])
    assert evaluate(line, {"x": x}, sizes={"i": 3}).tolist() == [1, 4, 9]
    back = backprop(line, {"x": x}, np.ones(3), by="x", sizes={"i": 3})
    assert back.tolist() == [2, 4, 6, 0, 0]
    assert evaluate(line, {"x": x}, sizes={"i": 7}).tolist() == [1, 4, 9, 16, 25, 0, 0]


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_a_sparse_matrix_is_its_dense_twin(kind):
    X, W, b = numbers((5, 3)) * (rng.random((5, 3)) < 0.5), numbers((3, 2)), numbers(2)
    line, dY = parse("Y[n,o] = 1/2 X[n,i] W[i,o] + b[o]"), numbers((5, 2))
    dense, thin = {"X": X, "W": W, "b": b}, {"X": kind(X), "W": W, "b": b}
    assert evaluate(line, thin).tolist() == evaluate(line, dense).tolist()
    assert type(evaluate(line, thin)) is np.ndarray
    for name in dense:
        back = [backprop(line, operands, dY, by=name) for operands in (thin, dense)]
        assert back[0].tolist() == back[1].tolist()
    J = [dense_jacobian(line, operands, by="X") for operands in (thin, dense)]
    assert J[0].tolist() == J[1].tolist()


@pytest.mark.parametrize("text", ["z[i,k] = A[j,i] B[j,k]", "z[k,i] = B[j,k] A[j,i]"])
def test_a_sparse_matrix_may_stand_on_either_side_and_transposed(text):
    A, B = numbers((3, 4)), numbers((3, 2))
    expected = evaluate(parse(text), {"A": A, "B": B}).tolist()
    assert evaluate(parse(text), {"A": sparse.csr_array(A), "B": B}).tolist() == expected
    assert evaluate(parse(text), {"A": A, "B": sparse.csr_matrix(B)}).tolist() == expected


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y[i] = S[i,j]", r"a sparse operand cannot stand alone: S\[i,j\]"),
        ("y[i,j] = 2 S[j,i]", r"a sparse operand cannot stand alone: 2 S\[j,i\]"),
        ("y[i,j] = S[i,j] A[i,j]", "product of two matrices, the other one dense, with one letter"),
        ("y[i] = S[i,j] v[j]", r"product of two matrices.* here \('i', 'j'\) and \('j',\)"),
        ("y[i,k] = S[i,j] S[j,k]", "product of two matrices, the other one dense"),
        ("y[i,j,k] = S[i,j] A[j,k]", "with one letter summed over"),
        ("y[k,i+j] = S[i,k] A[k,j]", "product of two matrices, the other one dense"),
        ("y = S[i,i]", "a sparse operand needs two different, plain letters as indices"),
        ("y[i] = S[i+1,j] A[j,i]", "a sparse operand needs two different, plain letters"),
    ],
)
def test_other_uses_of_a_sparse_matrix_are_errors(kind, text, message):
    S = kind(np.eye(3))
    with pytest.raises(NotationError, match=message):
        evaluate(parse(text), {"S": S, "A": np.eye(3), "v": np.ones(3)})
