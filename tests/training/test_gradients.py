"""The loss and gradient on all samples: the engine and the textbook agree, and say who they are."""

import numpy as np
import pytest

from chainrule import Chain, CrossEntropy, Dropout, Linear, MeanSquaredError, Softmax, Tanh
from chainrule.training.gradients import ROWS, loss_and_gradient
from chainrule.training.samples import Samples

N = 2 * ROWS + 7
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(N, 5)), RNG.normal(size=(N, 2))
WEIGHTS = RNG.uniform(0.5, 2, N)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("seed", [None, 3])
def test_both_agree_in_prediction_and_with_the_same_masks(seed, weights):
    chain = Chain(Linear(6), Tanh(), Dropout(0.4), Linear(2)).initialize(X, dtype=np.float64)
    data, at = Samples(X, T, weights), chain.parameters.flat + 0.1
    found = {}
    for engine in ("machine", "reference"):
        options = {"l2": 0.3, "seed": seed, "engine": engine}
        evaluate, who = loss_and_gradient(chain, MeanSquaredError(), data, **options)
        assert who == engine
        found[engine] = evaluate(at)
    (value, gradient), (value_there, gradient_there) = found.values()
    assert value == pytest.approx(value_there, rel=1e-13)
    np.testing.assert_allclose(gradient, gradient_there, rtol=1e-12, atol=1e-14)
    without_masks = chain.loss(MeanSquaredError(), X, T, weights)
    penalty = 0.15 * np.sum(chain.parameters.flat[chain.weight_mask()] ** 2)
    assert (value == pytest.approx(without_masks + penalty, rel=1e-12)) == (seed is None)


def test_a_gradient_stays_as_it_is_when_the_next_one_is_taken():
    chain = Chain(Linear(2)).initialize(X, dtype=np.float64)
    for engine in ("machine", "reference"):
        options = {"engine": engine}
        evaluate, _ = loss_and_gradient(chain, MeanSquaredError(), Samples(X, T), **options)
        _, first = evaluate(chain.parameters.flat)
        kept = first.copy()
        evaluate(chain.parameters.flat + 1)
        np.testing.assert_array_equal(first, kept)


def test_what_the_engine_cannot_do_is_done_by_the_textbook_unless_it_is_asked_for():
    chain = Chain(Linear(3), Softmax(), Linear(3)).initialize(X, dtype=np.float64)
    data = Samples(X, RNG.integers(0, 3, N))
    _, who = loss_and_gradient(chain, CrossEntropy(), data)
    assert who == "reference"
    with pytest.raises(ValueError, match=r"engine='machine': CrossEntropy.* after Softmax only"):
        loss_and_gradient(chain, CrossEntropy(), data, engine="machine")
