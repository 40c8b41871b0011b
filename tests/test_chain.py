"""The chain: shapes, parameters, what it refuses, how it prints, forward; against NumPy."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse

from chainrule import (
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    RandomKey,
    ReLU,
    Softmax,
    Tanh,
)
from small_chains import three_layers


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_parameters_are_numbered_by_the_functions_that_have_any():
    chain = Chain(Conv2d(4), ReLU(), Flatten(), Linear(7, bias=False), Linear(2))
    chain.initialize((3, 6, 5))
    assert {name: array.shape for name, array in chain.parameters.items()} == {
        "W0": (4, 3, 3, 3),
        "b0": (4,),
        "W1": (4 * 4 * 3, 7),
        "W2": (7, 2),
        "b2": (2,),
    }
    outputs = [layer.output_shape for layer in chain.layers]
    assert outputs == [(4, 4, 3), (4, 4, 3), (48,), (7,), (2,)]


def test_a_seed_decides_every_bit():
    one, same, other = three_layers(), three_layers(), three_layers(seed=2)
    assert one.parameters.flat.tobytes() == same.parameters.flat.tobytes()
    assert not np.intersect1d(one.parameters["W0"], other.parameters["W0"]).size


def test_data_tell_the_shape_of_a_sample(rng):
    by_data = Chain(Linear(4)).initialize(rng.normal(size=(9, 3)))
    by_shape = Chain(Linear(4)).initialize((3,))
    assert by_data.parameters.flat.tobytes() == by_shape.parameters.flat.tobytes()


@pytest.mark.parametrize(
    ("functions", "error", "message"),
    [
        ([], ValueError, "expected at least one function"),
        ([Linear], TypeError, r"write Linear\(…\), not the bare class"),
        ([Linear(3), "relu"], TypeError, "expected functions, got 'relu' at 1"),
    ],
)
def test_what_is_no_chain_is_named(functions, error, message):
    with pytest.raises(error, match=f"Chain: {message}"):
        Chain(*functions)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 3, 3), r"Linear\(5\): expected samples of shape"),
        ((), "expected the shape of one sample"),
        ((0,), "expected the shape of one sample"),
        (np.zeros(4), "expected the shape of one sample"),
    ],
)
def test_shapes_that_do_not_fit_are_named(shape, message):
    with pytest.raises(ValueError, match=message):
        Chain(Linear(5)).initialize(shape)


def test_a_window_larger_than_what_is_left_is_named():
    message = r"Conv2d\(2\): expected images of at least 3 rows and columns .*, got 1"
    with pytest.raises(ValueError, match=message):
        Chain(Conv2d(4), MaxPool2d(4), Conv2d(2)).initialize((1, 6, 6))


@dataclass(frozen=True)
class AllButFour(Tanh):
    """A function of a user's own that leaves the first four numbers out."""

    def output_shape(self, input_shape):
        return (max(0, input_shape[0] - 4),)


def test_a_function_that_leaves_nothing_is_named():
    message = r"AllButFour\(\): nothing is left of samples of shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        Chain(Linear(3), AllButFour(), Linear(2)).initialize((5,))


def test_use_before_initialization_is_named():
    with pytest.raises(ValueError, match=r"Chain: call initialize\(X\) first"):
        Chain(Linear(2)).forward(np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((5, 63)), r"Linear\(128\): expected X with 64 features, got 63"),
        (np.zeros((5, 8, 8)), r"expected X of shape \(n, 64\), got \(5, 8, 8\)"),
        (np.full((5, 64), "a"), "expected numbers as X"),
        (sparse.csr_matrix((5, 64)), "expected a dense array, got a sparse matrix"),
    ],
)
def test_data_that_do_not_fit_are_named(X, message):
    chain = Chain(Linear(128)).initialize((64,))
    if sparse.issparse(X):
        chain = Chain(Tanh(), Linear(128)).initialize((64,))
    with pytest.raises(ValueError, match=message):
        chain.forward(X)


@pytest.mark.parametrize("dtype", ["int64", "complex128"])
def test_only_floats_are_computed_with(dtype):
    with pytest.raises(ValueError, match=f"Chain: expected a float type as dtype, got {dtype}"):
        Chain(Linear(2)).initialize((3,), dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_is_computed_in_the_type_of_the_parameters(rng, dtype):
    chain, X = three_layers(dtype), rng.normal(size=(7, 3)).astype("f8")
    assert {value.dtype for value in chain.trace(X)} == {np.dtype(dtype)}
    _, gradients, dX = chain.differentiate(CrossEntropy(), X, [0] * 7, input_gradient=True)
    assert gradients.flat.dtype == dX.dtype == dtype
    assert chain.jacobian(X).dtype == dtype


def test_another_float_type_is_a_copy():
    chain = three_layers()
    narrow = chain.astype(np.float32)
    narrow.parameters.flat[...] = 0
    assert (narrow.dtype, chain.dtype) == (np.float32, np.float64)
    assert chain.parameters["W0"].all()


def test_the_table_as_a_person_reads_it():
    chain = Chain(Conv2d(4), ReLU(), MaxPool2d(2), Flatten(), Linear(30), Softmax())
    assert str(chain) == repr(chain)
    assert str(chain.initialize((1, 8, 8))) == TABLE.strip("\n")
    assert chain.formula() == (
        "Softmax(Linear(W1, b1; Flatten(MaxPool2d(ReLU(Conv2d(W0, b0; x))))))"
    )


TABLE = """
input 1 × 8 × 8
   function     output     parameters              count
0  Conv2d(4)    4 × 6 × 6  W0 4 × 1 × 3 × 3, b0 4     40
1  ReLU()       4 × 6 × 6
2  MaxPool2d()  4 × 3 × 3
3  Flatten()    36
4  Linear(30)   30         W1 36 × 30, b1 30       1,110
5  Softmax()    30
                           in all, float32         1,150
"""


def test_forward_is_the_composition(rng):
    chain, X = three_layers(), rng.normal(size=(7, 3))
    p = chain.parameters
    H = np.tanh(X @ p["W0"] + p["b0"])
    Z = np.maximum(H @ p["W1"], 0) @ p["W2"] + p["b2"]
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(chain.forward(X), E / E.sum(axis=1, keepdims=True), rtol=1e-13)
    trace = chain.trace(X, until=2)
    assert len(trace) == 3
    np.testing.assert_allclose(trace[2], H, rtol=1e-13)


def test_whole_numbers_and_lists_are_numbers():
    chain = three_layers()
    assert np.array_equal(
        chain.forward([[1, 2, 3], [0, -1, 2]]), chain.forward(np.array([[1.0, 2, 3], [0, -1, 2]]))
    )


def test_each_dropout_of_a_chain_draws_for_itself():
    chain = Chain(Dropout(0.5), Dropout(0.5)).initialize((40,), dtype=np.float64)
    _, once, twice = chain.trace(np.ones((6, 40)), RandomKey(seed=1, step=7))
    # Of what the first lets through the second keeps about half, and not all as if it were it.
    assert 0.35 < np.mean(twice[once > 0] > 0) < 0.65


def test_a_chain_within_a_chain_stands_for_its_functions():
    inner = Chain(ReLU(), Chain(Linear(2)))
    chain = Chain(Linear(4), inner, Softmax())
    flat = Chain(Linear(4), ReLU(), Linear(2), Softmax())
    assert chain.functions == flat.functions
    assert repr(chain) == repr(flat)
    X = np.ones((3, 5))
    same = chain.initialize(X, seed=1), flat.initialize(X, seed=1)
    assert str(same[0]) == str(same[1])
    assert np.array_equal(same[0].forward(X), same[1].forward(X))
    assert not inner.initialized
