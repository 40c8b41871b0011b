"""Functions that take sparse matrices give for them what they give for dense ones."""

import numpy as np
import pytest
from scipy import sparse

from chainrule.functions import FUNCTIONS, EmbeddingBag, Linear

rng = np.random.default_rng(0)
COUNTS = rng.integers(0, 3, (6, 5)) * (rng.random((6, 5)) < 0.6)
COUNTS[2] = 0


def test_who_takes_sparse_matrices():
    assert [kind for kind in FUNCTIONS if kind.sparse_input] == [Linear, EmbeddingBag]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize(
    "function",
    [Linear(2), Linear(2, bias=False), EmbeddingBag(2), EmbeddingBag(2, mode="mean")],
    ids=str,
)
def test_sparse_is_dense(function, kind, dtype):
    X = COUNTS.astype(dtype)
    shapes = function.parameter_shapes((5,))
    parameters = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    dY = rng.normal(size=(6, 2)).astype(dtype)
    results = []
    for at in (X, kind(X)):
        Y = function.forward(at, parameters)
        dX, gradients = function.backprop(dY, at, Y, parameters)
        none, same = function.backprop(dY, at, Y, parameters, input_gradient=False)
        assert none is None
        J = function.jacobian(at, parameters)
        results.append([Y, dX, J, *gradients.values(), *same.values()])
    for dense, thin in zip(*results, strict=True):
        assert type(thin) is np.ndarray
        assert thin.dtype == dtype
        np.testing.assert_allclose(thin, dense, rtol=0, atol=10 * np.finfo(dtype).eps)


@pytest.mark.parametrize("kind", [np.array, sparse.csr_array])
def test_counts_may_be_whole_numbers(kind):
    A = rng.normal(size=(5, 2))
    for mode in ("sum", "mean"):
        function = EmbeddingBag(2, mode=mode)
        whole, floats = (function.forward(kind(X), {"A": A}) for X in (COUNTS, COUNTS * 1.0))
        np.testing.assert_allclose(whole, floats, rtol=1e-14)
        dX, _ = function.backprop(np.ones((6, 2)), kind(COUNTS), whole, {"A": A})
        expected, _ = function.backprop(np.ones((6, 2)), kind(COUNTS * 1.0), whole, {"A": A})
        np.testing.assert_allclose(dX, expected, rtol=1e-14)
