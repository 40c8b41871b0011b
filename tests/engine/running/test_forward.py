"""Predictions by the parameters as they are at each call: where the chain has them, or copies."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import functions as f
from chainrule.chain import Chain
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.planning.in_place import MOST_BYTES, in_place
from chainrule.engine.planning.lowering import lower
from chainrule.engine.running.forward import FEW_ROWS, Forward
from chainrule.engine.running.prediction import Predictor

LAST = [(), (f.Softmax(),), (f.LogSoftmax(),), (f.Dropout(0.5), f.Softmax())]


def drawn(sizes, last, dtype, *, bias=True):
    rng = np.random.default_rng(sum(sizes))
    hidden = [part for size in sizes[1:-1] for part in (f.Linear(size, bias=bias), f.Tanh())]
    chain = Chain(*hidden, f.Linear(sizes[-1], bias=bias), *last)
    chain.initialize(tuple(sizes[:1]), seed=1, dtype=dtype)
    chain.parameters.flat[...] = rng.normal(size=chain.parameters.flat.size)
    return chain


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=4),
    st.sampled_from(LAST),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
    st.integers(1, FEW_ROWS + 2),
)
def test_the_bits_of_a_copy(sizes, last, bias, dtype, n):
    chain = drawn(sizes, last, dtype, bias=bias)
    X = np.random.default_rng(n).normal(size=(n, sizes[0])).astype(dtype)
    assert Forward(chain, threads=1)(X).tobytes() == Predictor(chain)(X).tobytes()


@pytest.mark.parametrize("last", LAST)
def test_what_lies_behind_a_row_counts_for_nothing(last):
    chain = drawn((5, 3), last, np.float32)
    W, X = chain.parameters["W0"], np.full((4, 5), 30, np.float32)
    X[:, 1:3] = 0
    expected = Predictor(chain)(X)
    W[1:3] = [[3e38], [-3e38]]  # behind rows 0 and 1, infinite and not a number
    np.testing.assert_array_equal(Forward(chain)(X), expected)


@pytest.mark.parametrize("n", [1, FEW_ROWS, FEW_ROWS + 1])
@pytest.mark.parametrize("outputs", [1, 10, 16])
def test_a_parameter_that_was_written_counts_in_the_next_call(n, outputs):
    chain = drawn((20, 33, outputs), (), np.float64)
    predict, X = Forward(chain, threads=1), np.random.default_rng(0).normal(size=(n, 20))
    views = [chain.parameters.flat[-1:], *chain.parameters.values()]
    for view in views:
        before = predict(X)
        view[...] += 1
        np.testing.assert_array_equal(predict(X), Predictor(chain)(X))
        assert not np.array_equal(predict(X), before)


def test_a_chain_that_is_initialized_anew_is_read_where_it_is_then():
    chain = drawn((20, 33, 10), (), np.float64)
    predict, X = Forward(chain, threads=1), np.random.default_rng(0).normal(size=(2, 20))
    for seed in range(3):
        predict(X)
        chain.initialize((20,), seed=seed, dtype=np.float64)
        np.testing.assert_array_equal(predict(X), Predictor(chain)(X))


@pytest.mark.parametrize(
    ("sizes", "copies"), [((7, 16), 0), ((7, 1), 2), ((7, 16, 17), 1), ((40, 9, 1), 2)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_vector_reaches_beyond_the_chains_memory(sizes, copies, dtype):
    chain = drawn(sizes, (), dtype)
    flat = chain.parameters.flat
    weights = in_place(lower(chain, None), chain.parameters)
    own = address(flat), address(flat) + flat.nbytes
    room = address(weights.copied), address(weights.copied) + weights.copied.nbytes + VECTOR
    found = 0
    for stored in weights.parameters.values():
        W = stored.values
        last = W.address + (W.rows - 1) * W.row_stride + (W.count - 1) * W.stride + VECTOR
        assert any(begin <= W.address and last <= end for begin, end in (own, room))
        found += own[0] <= W.address < own[1]
    assert found == len(weights.parameters) - copies


def test_where_parameters_cannot_be_read_in_place():
    wide = drawn((MOST_BYTES // 2, 1), (), np.float32, bias=False)  # all of it would be copied
    assert in_place(lower(wide, None), wide.parameters) is None
    X = np.random.default_rng(0).normal(size=(2, MOST_BYTES // 2)).astype(np.float32)
    np.testing.assert_array_equal(Forward(wide)(X), Predictor(wide)(X))
    images = Chain(f.Conv2d(3, 3), f.Flatten(), f.Linear(2)).initialize((1, 5, 5))
    assert in_place(lower(images, None), images.parameters) is None


def test_a_network_of_images_follows_its_chain(monkeypatch):
    chain = Chain(f.Conv2d(3, 3), f.ReLU(), f.Flatten(), f.Linear(2)).initialize((1, 6, 5))
    predict, X = Forward(chain), np.random.default_rng(0).random((20, 1, 6, 5), np.float32)
    for view in chain.parameters.values():
        before = predict(X)
        view[...] += 1
        np.testing.assert_array_equal(predict(X), Predictor(chain)(X))
        assert not np.array_equal(predict(X), before)
    taken = []
    monkeypatch.setattr(Predictor, "refresh", lambda self: taken.append(1))
    predict(X)
    assert not taken  # nothing has changed since


def test_numpy_where_there_is_no_kernel():
    chain = Chain(f.Linear(3), f.BatchNorm(), f.Linear(2)).initialize((5,), dtype=np.float64)
    with pytest.raises(CannotLowerError):
        lower(chain, None)
    X = np.random.default_rng(0).normal(size=(2, 5))
    np.testing.assert_array_equal(Forward(chain)(X), chain.forward(X))
