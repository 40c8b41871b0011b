"""Predictions by the engine against those of the chain."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from chainrule import functions as f
from chainrule.chain import Chain
from chainrule.engine.network.errors import CannotLowerError
from chainrule.engine.running import prediction
from chainrule.engine.running.forward import Forward
from chainrule.engine.running.prediction import Predictor

LAST = [(), (f.Softmax(),), (f.LogSoftmax(),), (f.Sigmoid(),), (f.Dropout(0.5), f.Softmax())]


def apart(chain, found, X):
    expected = chain.forward(X)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    return np.max(np.abs(found - expected), initial=0.0)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 1100),
    st.integers(1, 40),
    st.sampled_from(LAST),
    st.integers(1, 3),
    st.sampled_from([np.float32, np.float64]),
)
def test_any_number_of_samples_and_outputs(n, outputs, last, threads, dtype):
    X = np.random.default_rng(n).normal(size=(n, 7)).astype(dtype)
    chain = Chain(f.Linear(13), f.Tanh(), f.Dropout(0.3), f.Linear(outputs), *last)
    chain.initialize(X, seed=1, dtype=dtype)
    found = Predictor(chain, threads=threads)(X)
    assert apart(chain, found, X) <= (1e-13 if dtype == np.float64 else 2e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([1, 2, 7, 8, 31, 512, 513, 519, 520, 543, 1025]), min_size=2))
def test_blocks_of_any_sizes_in_turn(sizes):
    chain = Chain(f.Linear(13), f.Tanh(), f.Linear(3)).initialize((7,), dtype=np.float64)
    predict = Predictor(chain)
    for number, n in enumerate(sizes):  # memory of those before is free by then
        X = np.random.default_rng(number).normal(size=(n, 7))
        assert apart(chain, predict(X), X) <= 1e-13


@pytest.mark.parametrize("kind", [Predictor, Forward])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_have_programs_of_their_own(kind, copied):
    chain = Chain(f.Linear(9), f.Tanh(), f.Linear(3)).initialize((7,), dtype=np.float64)
    predict, X = kind(chain), np.random.default_rng(0).normal(size=(20, 7))
    expected = predict(X)
    again = copied(predict)
    del predict
    np.testing.assert_array_equal(again(X), expected)
    np.testing.assert_array_equal(again(X[:3]), expected[:3])


@pytest.mark.parametrize("kind", [Predictor, Forward])
def test_threads_take_turns(kind):
    chain = Chain(f.Linear(9), f.Tanh(), f.Linear(3)).initialize((7,), dtype=np.float64)
    predict, X = kind(chain), np.random.default_rng(0).normal(size=(60, 7))
    expected = predict(X)

    def several(first):
        return all(
            np.array_equal(predict(X[at : at + 1 + at % 9]), expected[at : at + 1 + at % 9])
            for at in range(first, 50)
            for _ in range(5)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(several, range(4)))


def test_other_parameters_need_another_predictor():
    chain = Chain(f.Linear(3)).initialize((7,), dtype=np.float64)
    predict, follows = Predictor(chain), Forward(chain)
    follows(np.ones((2, 7)))
    chain.initialize((5,), dtype=np.float64)
    with pytest.raises(ValueError, match=r"Predictor: expected parameters .* make a new one"):
        predict.refresh()
    assert apart(chain, follows(np.ones((2, 5))), np.ones((2, 5))) <= 1e-13


@pytest.mark.parametrize("n", [1, 3, 40, 600])
def test_images(n):
    X = np.random.default_rng(0).normal(size=(n, 2, 9, 8))
    functions = [f.Conv2d(5, 3, padding=1), f.ReLU(), f.MaxPool2d(2), f.Flatten(), f.Linear(4)]
    chain = Chain(*functions, f.Softmax()).initialize(X, dtype=np.float64)
    assert apart(chain, Predictor(chain, threads=2)(X), X) < 1e-13


def test_the_same_bits_for_a_sample_alone_and_among_others_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(prediction, "WORTH_A_THREAD", 1)
    X = np.random.default_rng(0).normal(size=(1030, 30)).astype(np.float32)
    chain = Chain(f.Linear(40), f.GELU(), f.Linear(11), f.Softmax()).initialize(X)
    whole = [Predictor(chain, threads=threads)(X) for threads in (1, 2, 3)]
    assert whole[0].tobytes() == whole[1].tobytes() == whole[2].tobytes()
    alone = Predictor(chain)
    for n in (0, 511, 512, 1029):
        assert alone(X[n : n + 1]).tobytes() == whole[0][n].tobytes()


def test_large_numbers_stay_finite_and_nan_shows():
    chain = Chain(f.Linear(3), f.Softmax()).initialize((2,), dtype=np.float64)
    X = np.array([[1e300, -1e300], [np.nan, 0.0], [1.0, 2.0]])
    chain.parameters["W0"][...] = [[1.0, -1.0, 2.0], [0.5, 0.0, 1.0]]
    found = Predictor(chain)(X)
    assert np.allclose(found[0], [0, 0, 1])
    assert np.isnan(found[1]).all()
    assert apart(chain, found[2:], X[2:]) < 1e-15


def test_no_samples_and_misfits():
    chain = Chain(f.Linear(3)).initialize((2,))
    predict = Predictor(chain)
    assert predict(np.empty((0, 2))).shape == (0, 3)
    with pytest.raises(ValueError, match="expected X with 2 features, got 5"):
        predict(np.ones((4, 5)))
    with pytest.raises(ValueError, match="expected X of shape"):
        predict(np.ones(2))


def test_a_predictor_keeps_its_copy_until_it_is_refreshed():
    chain = Chain(f.Linear(3)).initialize((2,), dtype=np.float64)
    predict, X = Predictor(chain), np.ones((1, 2))
    before = predict(X)
    chain.parameters.flat += 1
    assert np.array_equal(predict(X), before)
    predict.refresh()
    assert np.allclose(predict(X), chain.forward(X))


@pytest.mark.parametrize("n", [1, 3, 40])
def test_a_kept_program_takes_samples_as_they_come(n):
    chain = Chain(f.Linear(5), f.Tanh(), f.Linear(4), f.Softmax()).initialize((6,), seed=2)
    X = np.random.default_rng(n).normal(size=(n, 6)).astype(np.float32)
    predict = Predictor(chain)
    first = predict(X)
    kept = first.copy()
    wide = np.repeat(np.asfortranarray(X.astype(np.float64)), 2, axis=0)[::2]
    for again in (X, wide, X.tolist() if n > 3 else X):
        assert predict(np.asarray(again)).tobytes() == kept.tobytes()
    predict(X + 1)
    assert first.tobytes() == kept.tobytes()  # results are not memory of the program
    with pytest.raises(ValueError, match="expected X with 6 features, got 5"):
        predict(X[:, :5])
    integers = np.arange(6 * n).reshape(n, 6)
    assert np.array_equal(predict(integers), predict(integers.astype(np.float32)))


def test_few_samples_after_many_are_read_where_they_are():
    chain = Chain(f.Linear(5), f.Tanh(), f.Linear(4), f.Softmax()).initialize((6,), seed=2)
    predict, numbers = Forward(chain), np.random.default_rng(0)
    for n in (512 + 30, 30, 20, 2 * 512 + 1, 1):
        X = numbers.normal(size=(n, 6)).astype(np.float32)
        np.testing.assert_allclose(predict(X), chain.forward(X), rtol=1e-5)


def test_images_that_come_again():
    X = np.random.default_rng(0).normal(size=(3, 2, 5, 4))
    chain = Chain(f.Conv2d(5, 3, padding=1), f.ReLU(), f.Flatten(), f.Linear(4))
    predict = Predictor(chain.initialize(X, dtype=np.float64))
    first = predict(X)
    assert predict(X).tobytes() == first.tobytes()
    assert predict(np.asfortranarray(X)).tobytes() == first.tobytes()


class TestForward:
    def test_follows_the_chain(self):
        chain = Chain(f.Linear(3), f.Softmax()).initialize((2,), dtype=np.float64)
        forward, X = Forward(chain), np.random.default_rng(0).normal(size=(5, 2))
        for step in range(3):
            chain.parameters.flat *= step + 2
            assert apart(chain, forward(X), X) < 1e-14
        chain.initialize((4,), seed=3)
        X = np.ones((2, 4), dtype=np.float32)
        assert apart(chain, forward(X), X) < 1e-6

    def test_goes_by_the_chain_where_the_engine_cannot(self):
        chain = Chain(f.Softmax()).initialize((3,), dtype=np.float64)
        X = np.random.default_rng(0).normal(size=(5, 3))
        with pytest.raises(CannotLowerError):
            Predictor(chain)
        assert apart(chain, Forward(chain)(X), X) == 0
        linear = Chain(f.Linear(2)).initialize(X, dtype=np.float64)
        assert apart(linear, Forward(linear)(sparse.csr_matrix(X)), X) < 1e-15

    def test_a_sample_has_the_same_bits_in_every_call(self):
        chain = Chain(f.Linear(40), f.Tanh(), f.Linear(5), f.Softmax()).initialize((30,))
        forward, X = Forward(chain), np.random.default_rng(0).normal(size=(700, 30))
        first = forward(X[:1])
        whole = [forward(X) for _ in range(3)]
        assert len({Y.tobytes() for Y in whole}) == 1
        assert first.tobytes() == whole[0][:1].tobytes() == forward(X[:2])[:1].tobytes()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 700),
    st.sampled_from([f.Linear(20), f.EmbeddingBag(20), f.EmbeddingBag(3, mode="mean")]),
    st.integers(1, 3),
)
def test_sparse_samples(n, first, threads):
    dense = np.random.default_rng(n).poisson(0.2, size=(n, 30)).astype(float)
    dense[:, 0] += 1
    chain = Chain(first, f.Tanh(), f.Linear(4), f.Softmax()).initialize((30,), dtype=np.float64)
    predict = Predictor(chain, threads=threads)
    X = sparse.csr_array(dense)
    assert apart(chain, predict(X), X) < 1e-14
    assert apart(chain, predict(dense), dense) < 1e-14
