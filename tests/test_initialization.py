"""How parameters start: the bound of each scheme, what suits each function, and the seed."""

import math

import numpy as np
import pytest
from scipy import stats

from chainrule import (
    GELU,
    Chain,
    Conv2d,
    Dropout,
    EmbeddingBag,
    Flatten,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)


def drawn(*functions, shape, **options):
    return Chain(*functions).initialize(shape, dtype=np.float64, **options).parameters


def assert_uniform(W, bound):
    """Find the numbers inside (−bound, bound), spread evenly to the ends of it."""
    assert np.abs(W).max() < bound
    assert stats.kstest(W.ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.01
    assert np.var(W) == pytest.approx(bound**2 / 3, rel=0.05)


@pytest.mark.parametrize(
    ("scheme", "bound"), [("he", math.sqrt(6 / 70)), ("glorot", math.sqrt(6 / (70 + 50)))]
)
def test_weights_are_uniform_to_the_bound_of_the_scheme(scheme, bound):
    parameters = drawn(Linear(50), shape=(70,), initialization=scheme)
    assert_uniform(parameters["W0"], bound)
    assert not parameters["b0"].any()


def test_a_convolution_counts_its_taps_within_a_group():
    # 8 channels in 2 groups, windows of 3 by 5: 4·15 inputs of an output, 5·15 outputs of an input.
    layer, shape = Conv2d(10, size=(3, 5), groups=2), (8, 9, 7)
    assert_uniform(drawn(layer, shape=shape, initialization="he")["W0"], math.sqrt(6 / 60))
    glorot = drawn(layer, shape=shape, initialization="glorot")["W0"]
    assert_uniform(glorot, math.sqrt(6 / (60 + 75)))


@pytest.mark.parametrize(
    ("following", "inputs_alone"),
    [
        (ReLU(), True),
        (LeakyReLU(), True),
        (GELU(), True),
        (Tanh(), False),
        (Sigmoid(), False),
        (Softmax(), False),
    ],
)
def test_what_follows_decides_when_nothing_is_said(following, inputs_alone):
    bound = math.sqrt(6 / 60) if inputs_alone else math.sqrt(6 / (60 + 40))
    assert_uniform(drawn(Linear(40), following, shape=(60,))["W0"], bound)


def test_the_last_weights_are_drawn_for_outputs_as_they_are():
    assert_uniform(drawn(Linear(40), shape=(60,))["W0"], math.sqrt(6 / (60 + 40)))


def test_embeddings_start_as_in_fasttext():
    # Joulin et al., 2017: embeddings uniform to 1/dimensions, the output's weights zero.
    functions = EmbeddingBag(20), Linear(30, bias=False), Softmax()
    parameters = drawn(*functions, shape=(200,), initialization="fasttext")
    assert_uniform(parameters["A0"], 1 / 20)
    assert not parameters["W1"].any()
    unsaid = drawn(*functions, shape=(200,))
    assert np.array_equal(unsaid["A0"], parameters["A0"])
    assert_uniform(unsaid["W1"], math.sqrt(6 / (20 + 30)))


def test_signals_keep_their_size_through_many_rectifiers():
    layers = [f for _ in range(12) for f in (Linear(200), ReLU())]
    chain = Chain(*layers).initialize((150,), dtype=np.float64, seed=3)
    X = np.random.default_rng(8).normal(size=(40, 150))
    assert np.mean(chain.forward(X) ** 2) == pytest.approx(np.mean(X**2), rel=0.5)


def test_layers_of_one_shape_are_drawn_apart():
    parameters = drawn(Linear(7), Linear(7), shape=(7,))
    assert not np.intersect1d(parameters["W0"], parameters["W1"]).size


def test_float32_weights_are_those_of_float64_rounded():
    functions = Conv2d(3), ReLU(), Flatten(), Dropout(0.5), Linear(2)
    wide = drawn(*functions, shape=(2, 6, 5), seed=4)
    narrow = Chain(*functions).initialize((2, 6, 5), seed=4).parameters
    assert narrow.flat.dtype == np.float32
    assert np.array_equal(narrow.flat, wide.flat.astype(np.float32))


def test_initializing_again_starts_again():
    chain = Chain(Linear(3), Tanh(), Linear(2)).initialize((4,), seed=6)
    before = chain.parameters.flat.copy()
    chain.parameters.flat[...] = 9
    assert np.array_equal(chain.initialize((4,), seed=6).parameters.flat, before)


def test_an_unknown_scheme_is_named():
    message = "initialization: expected one of auto, he, glorot, fasttext, got 'xavier'"
    with pytest.raises(ValueError, match=message):
        drawn(Linear(2), shape=(3,), initialization="xavier")


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, True])
def test_a_seed_that_is_no_whole_number_is_named(seed):
    with pytest.raises(ValueError, match="seed: expected a whole number from 0"):
        drawn(Linear(2), shape=(3,), seed=seed)
