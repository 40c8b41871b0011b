"""Products that are summed along lanes, against NumPy, and on other processors."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from llvmlite import binding

from chainrule.engine.kernels import dot
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.machine.memory import VECTOR, aligned
from engine.calls import OTHERS, call

TYPES = [np.float32, np.float64]


def operands(m, q, k, dtype):
    rng = np.random.default_rng(m * q * k)
    lanes = VECTOR // np.dtype(dtype).itemsize
    return rng.normal(size=(m, k, lanes)).astype(dtype), rng.normal(size=(q, k, lanes)).astype(
        dtype
    )


def common(A, X):
    (m, k, _), q = A.shape, len(X)
    tables = {
        "row_offsets": np.arange(m) * A.strides[0],
        "column_offsets": np.arange(q) * X.strides[0],
    }
    return {"rows": m, "columns": q, "depth": k, "a": A, "x": X, **tables}


def summed(kernels, A, X):
    """Return Σ A[m] X[q] by the kernel that puts each sum at its row and column."""
    Y = np.full((len(A), len(X) + 1), np.nan, A.dtype)
    offsets = np.arange(A.shape[1]) * VECTOR
    taps = np.stack([offsets, offsets], axis=-1).copy()
    call(kernels.get(dot.dot), **common(A, X), taps=taps, y=Y, y_row=Y.strides[0])
    assert np.isnan(Y[:, -1]).all()  # nothing is written beyond the columns
    return Y[:, :-1]


def added(kernels, A, X, times):
    """Return the sums, added so many times by the kernel that lets Y lie tile by tile."""
    Y = aligned((A.shape[0] * X.shape[0] + A.shape[2],), A.dtype)
    for _ in range(times):
        call(kernels.get(dot.added), **common(A, X), y=Y)
    return Y[np.array(dot.places(len(A), len(X), kernels.target.added_tile))]


sizes = st.tuples(st.integers(1, 13), st.integers(1, 40), st.integers(1, 200))


@settings(max_examples=60, deadline=None)
@given(sizes, st.sampled_from(TYPES))
def test_any_size(size, dtype):
    A, X = operands(*size, dtype)
    exact = np.einsum("mkl,qkl->mq", A.astype(np.longdouble), X.astype(np.longdouble))
    bound = np.einsum("mkl,qkl->mq", np.abs(A), np.abs(X)) * (size[2] + 5) * np.finfo(dtype).eps
    assert np.all(np.abs(summed(library(np.dtype(dtype)), A, X) - exact) <= bound)


@settings(max_examples=60, deadline=None)
@given(sizes, st.sampled_from(TYPES))
def test_sums_that_are_added_have_the_same_bits(size, dtype):
    A, X = operands(*size, dtype)
    kernels = library(np.dtype(dtype))
    once = summed(kernels, A, X)
    assert np.array_equal(added(kernels, A, X, 1), once)
    assert np.array_equal(added(kernels, A, X, 3), once + once + once)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", OTHERS)
def test_the_same_bits_on_other_processors(name, dtype):
    binding.load_library_permanently("libm.so.6")
    A, X = operands(13, 37, 90, dtype)
    here, there = library(np.dtype(dtype)), Library(dtype, OTHERS[name])
    assert np.array_equal(summed(here, A, X), summed(there, A, X))
    assert np.array_equal(added(here, A, X, 2), added(there, A, X, 2))
