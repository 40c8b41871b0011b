"""Products of every size, against NumPy, on this processor and on others that it can stand for."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from llvmlite import binding

from chainrule.engine.kernels import epilogues, product
from chainrule.engine.kernels.library import Library, library
from chainrule.engine.machine.memory import Panels
from engine.calls import OTHERS, call

TYPES = [np.float32, np.float64]


def multiply(kernels, A, X):
    """Return A X by the product kernel, X and the result in panels."""
    (m, k), n = A.shape, X.shape[1]
    right, out = Panels.zeros(k, n, X.dtype), Panels.zeros(m, n, X.dtype)
    right.write(X)
    out.data[...] = np.nan
    store = kernels.get(epilogues.store)
    arguments = store.pack(gradient=out.address, row_stride=64, vector_stride=out.stride)
    taps = np.stack([np.arange(k) * A.strides[1], right.rows_at], axis=-1).copy()
    call(
        kernels.get(product.product),
        rows=m,
        vectors=right.count,
        depth=k,
        a=A,
        row_offsets=np.arange(m) * A.strides[0],
        taps=taps,
        x=right.address,
        x_stride=right.stride,
        epilogue=store.address,
        arguments=arguments,
    )
    return out


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 20), st.integers(1, 130), st.sampled_from(TYPES))
def test_any_size(m, k, n, dtype):
    rng = np.random.default_rng(m * k * n)
    A, X = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    out = multiply(library(np.dtype(dtype)), A, X)
    exact = A.astype(np.longdouble) @ X.astype(np.longdouble)
    size = np.abs(A).astype(np.longdouble) @ np.abs(X).astype(np.longdouble)
    assert np.all(np.abs(out.read() - exact) <= k * np.finfo(dtype).eps * size)
    padding = out.data[:, m:]
    assert np.isnan(padding).all()  # nothing is written beyond the rows


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 20), st.integers(1, 9), st.sampled_from(TYPES))
def test_products_that_are_stored_have_the_same_bits(m, k, vectors, dtype):
    kernels = library(np.dtype(dtype))
    n = vectors * 64 // np.dtype(dtype).itemsize
    rng = np.random.default_rng(m * k * n)
    A, X = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    Y = np.full((m + 1, n), np.nan, dtype)
    call(
        kernels.get(product.stored),
        rows=m,
        vectors=vectors,
        depth=k,
        a=A,
        row_offsets=np.arange(m) * A.strides[0],
        taps=np.stack([np.arange(k) * A.strides[1], np.arange(k) * X.strides[0]], axis=-1).copy(),
        x=X,
        x_stride=64,
        y=Y,
        y_row=Y.strides[0],
    )
    assert np.array_equal(Y[:m], multiply(kernels, A, X).read())
    assert np.isnan(Y[m]).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 30),
    st.integers(1, 9),
    st.integers(0, 3),
    st.integers(0, 20),
    st.sampled_from(TYPES),
)
def test_blocks_and_even_rows_have_the_same_bits(m, k, vectors, row_blocks, taps, dtype):
    kernels = library(np.dtype(dtype))
    lanes, n = kernels.format.lanes, vectors * kernels.format.lanes
    rng = np.random.default_rng(m * k * n)
    A, X = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    expected = multiply(kernels, A, X).read()
    right, rows, turned = (Panels.zeros(*M.shape, dtype) for M in (X, A, A.T))
    for panels, M in ((right, X), (rows, A), (turned, A.T)):
        panels.write(M)
    store = kernels.get(epilogues.store)
    addresses = [row * A.strides[0] + A.ctypes.data for row in [*range(m), *[m - 1] * lanes]]
    numbers = np.arange(k) * A.itemsize
    ways = {
        product.product: (numbers, {"row_offsets": np.array(addresses), "ahead": 1}),
        product.even: (rows.columns, {"a": rows.address, "group": m}),
        product.turned: (
            turned.rows_at,
            {"a": turned.address, "group": lanes, "group_stride": turned.stride},
        ),
    }
    for emit, (columns, own) in ways.items():
        out = Panels.zeros(m, n, dtype)
        out.data[...] = np.nan
        call(
            kernels.get(emit),
            rows=m,
            vectors=vectors,
            depth=k,
            taps=np.stack([columns, right.rows_at], axis=-1).copy(),
            x=right.address,
            x_stride=right.stride,
            epilogue=store.address,
            arguments=store.pack(gradient=out.address, row_stride=64, vector_stride=out.stride),
            row_block=row_blocks * lanes,
            depth_block=taps,
            sums=np.full((m + lanes, 4, lanes), np.nan, dtype),
            **own,
        )
        assert np.array_equal(out.read(), expected)
        assert np.isnan(out.data[:, m:]).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", OTHERS)
def test_the_same_bits_on_other_processors(name, dtype):
    binding.load_library_permanently("libm.so.6")
    rng = np.random.default_rng(0)
    A, X = rng.normal(size=(13, 9)).astype(dtype), rng.normal(size=(9, 70)).astype(dtype)
    here = multiply(library(np.dtype(dtype)), A, X).read()
    there = multiply(Library(dtype, OTHERS[name]), A, X).read()
    assert np.array_equal(here, there)


def test_rows_and_taps_may_lie_anywhere():
    kernels = library(np.dtype(np.float64))
    rng = np.random.default_rng(3)
    A, X = rng.normal(size=(11, 6)), rng.normal(size=(6, 5))
    order, used = np.array([7, 2, 2, 10]), np.array([4, 0, 5])
    right, out = Panels.zeros(6, 5, float), Panels.zeros(4, 5, float)
    right.write(X)
    store = kernels.get(epilogues.store)
    call(
        kernels.get(product.product),
        rows=4,
        vectors=1,
        depth=3,
        a=A,
        row_offsets=order * A.strides[0],
        taps=np.stack([used * 8, used * 64], axis=-1).copy(),
        x=right.address,
        x_stride=right.stride,
        epilogue=store.address,
        arguments=store.pack(gradient=out.address, row_stride=64, vector_stride=out.stride),
    )
    assert np.allclose(out.read(), A[order][:, used] @ X[used], rtol=1e-14)
