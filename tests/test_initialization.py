"""How parameters start: the bound of each scheme, what suits each function, and the seed."""

import math
from dataclasses import dataclass
from typing import Any

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
    Multilinear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    random,
)
from chainrule.functions.starts import Normal, Signs, Uniform


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


@dataclass(frozen=True)
class Ensemble(Multilinear):
    """Members that share W, each with scales of its own."""

    members: int
    start: Any = None

    def text(self):
        return "Y[n,k,o] = X[n,k,i] r[k,i] W[i,o] s[o] a + b[k,o]"

    def parameter_shapes(self, input_shape):
        _, i = input_shape
        return {"r": (3, i), "W": (i, 40), "s": (40,), "a": (), "b": (self.members, 40)}

    def starts(self, input_shape):
        return {"r": self.start or Signs(), "b": 0.5}


def test_a_function_states_how_its_parameters_start():
    parameters = drawn(Ensemble(3), shape=(3, 50))
    assert set(np.unique(parameters["r0"])) == {-1.0, 1.0}
    assert (parameters["b0"] == 0.5).all()
    normal = drawn(Ensemble(3, Normal(1, 0.1)), shape=(3, 50))["r0"]
    assert stats.kstest(normal.ravel(), stats.norm(1, 0.1).cdf).pvalue > 0.01
    uniform = drawn(Ensemble(3, Uniform(-1, 3)), shape=(3, 50))["r0"]
    assert stats.kstest(uniform.ravel(), stats.uniform(-1, 4).cdf).pvalue > 0.01
    other = drawn(Ensemble(3, Uniform(-1, 3)), shape=(3, 50), seed=1)["r0"]
    assert not np.array_equal(uniform, other)


def test_scales_start_at_one_and_biases_at_zero():
    parameters = drawn(Ensemble(3), shape=(3, 50))
    assert (parameters["s0"] == 1).all()
    assert parameters["a0"] == 1
    assert not drawn(Conv2d(3), shape=(2, 5, 5))["b0"].any()


def test_the_bound_counts_the_letters_that_are_summed_over():
    # 50 inputs of an output; of W[i,o] the input has i, so an input feeds 40 outputs.
    parameters = drawn(Ensemble(3), shape=(3, 50), initialization="glorot")
    assert_uniform(parameters["W0"], math.sqrt(6 / 90))
    assert Ensemble(3).fans((3, 50)) == (50, 1)  # of r, which is first


def test_parameters_of_one_function_are_drawn_apart():
    parameters = drawn(Ensemble(3, Uniform(-1, 1)), shape=(3, 50), initialization="glorot")
    first, second = parameters["r0"].ravel()[:150], parameters["W0"].ravel()[:150]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.3


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        ({"q": 1.0}, "expected starts of W, got one of 'q'"),
        ({"W": math.nan}, "expected a finite number or a distribution .* of W, got nan"),
        ({"W": "ones"}, "expected a finite number or a distribution .* of W, got 'ones'"),
    ],
)
def test_a_wrong_start_is_named(starts, message):
    class Wrong(Linear):
        def starts(self, input_shape):
            return starts

    with pytest.raises(ValueError, match=rf"Wrong\(2, bias=False\): {message}"):
        Chain(Wrong(2, bias=False)).initialize((3,))


def test_numbers_of_the_library_stay_as_they_were():
    drawn_before = drawn(Linear(2), ReLU(), Linear(3), shape=(2,), seed=7)
    words = random.uniform(4, 7, random.Stream.INITIALIZATION, 0)
    bound = math.sqrt(6 / 2)
    np.testing.assert_array_equal(drawn_before["W0"].ravel(), (2 * words - 1) * bound)
