"""The engine's loss and gradient on all samples against the chain's."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule import functions as f, losses
from chainrule.chain import Chain
from chainrule.engine.running.gradients import Gradients
from engine.running.test_steps import close, networks

ROWS = 64


def expected(chain, loss, X, t, weights, l2):
    value, gradient = chain.gradient(loss, X, t, weights)
    penalized = np.where(chain.weight_mask(), chain.parameters.flat, 0)
    return value + l2 / 2 * penalized @ penalized, gradient.flat + l2 * penalized


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from([0.0, 0.3]), st.booleans())
def test_agrees_with_the_chain_at_any_parameters(network, l2, weighted):
    functions, loss, X, t = network
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X)) if weighted else None
    chain = Chain(*functions).initialize(X, seed=1, dtype=np.float64)
    gradients = Gradients(chain, loss, X, t, weights, rows=ROWS, l2=l2, threads=2)
    rng = np.random.default_rng(2)
    for _ in range(2):
        flat = chain.parameters.flat + 0.1 * rng.normal(size=chain.parameters.flat.shape)
        value, gradient = gradients(flat)
        chain.parameters.flat[...] = flat
        value_there, gradient_there = expected(chain, loss, X, t, weights, l2)
        assert close(value_there, value, 1e-12)
        assert close(gradient_there, gradient, 1e-12)


@pytest.mark.parametrize("n", [1, ROWS - 1, ROWS, 2 * ROWS + 3])
def test_any_number_of_samples(n):
    rng = np.random.default_rng(n)
    X, t, weights = rng.normal(size=(n, 6)), rng.normal(size=(n, 2)), rng.uniform(0.1, 3, n)
    chain = Chain(f.Linear(5), f.Tanh(), f.Linear(2)).initialize(X, dtype=np.float64)
    gradients = Gradients(chain, losses.MeanSquaredError(), X, t, weights, rows=ROWS, l2=0.1)
    value, gradient = gradients(chain.parameters.flat)
    value_there, gradient_there = expected(chain, losses.MeanSquaredError(), X, t, weights, 0.1)
    assert close(value_there, value, 1e-13)
    assert close(gradient_there, gradient, 1e-12)


def test_images_and_the_same_bits_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr("chainrule.engine.running.steps.WORTH_A_THREAD", 1)
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(300, 2, 7, 7)), rng.integers(0, 3, 300)
    functions = (f.Conv2d(4, 3), f.ReLU(), f.MaxPool2d(2), f.Flatten(), f.Linear(3), f.Softmax())
    chain = Chain(*functions).initialize(X, dtype=np.float64)
    loss, found = losses.CrossEntropy(), set()
    for threads in (1, 2, 3):
        gradients = Gradients(chain, loss, X, t, rows=ROWS, l2=0.1, threads=threads)
        assert gradients.steps.threads == threads
        value, gradient = gradients(chain.parameters.flat)
        assert close(expected(chain, loss, X, t, None, 0.1)[1], gradient, 1e-12)
        found.add((value, gradient.tobytes()))
    assert len(found) == 1


def test_dropout_draws_the_same_masks_at_each_call():
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(500, 4)), rng.normal(size=(500, 1))
    chain = Chain(f.Linear(9), f.Dropout(0.5), f.Linear(1)).initialize(X, dtype=np.float64)
    loss, flat = losses.MeanSquaredError(), chain.parameters.flat
    gradients = Gradients(chain, loss, X, t, rows=ROWS, seed=3)
    first, again = (gradients(flat) for _ in range(2))
    assert first[0] == again[0]
    assert np.array_equal(first[1], again[1])
    for seed in (0, None):
        assert first[0] != Gradients(chain, loss, X, t, rows=ROWS, seed=seed)(flat)[0]


def test_a_loss_that_is_not_finite_is_returned_as_it_is():
    X = np.array([[1e200], [1.0]])
    chain = Chain(f.Linear(1)).initialize(X, dtype=np.float64)
    gradients = Gradients(chain, losses.MeanSquaredError(), X, np.zeros(2), rows=ROWS)
    assert not np.isfinite(gradients(np.array([1e200, 0.0]))[0])
    assert np.isfinite(gradients(np.array([1e-200, 0.0]))[0])
