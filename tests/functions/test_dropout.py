"""A dropout mask depends on seed, step, layer and element, and on nothing else."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.functions import Dropout, RandomKey

RATES = (0.1, 0.5, 0.9)


def mask(rate, *place, shape=(4, 5), dtype=np.float64):
    return Dropout(rate).forward(np.ones(shape, dtype), {}, RandomKey(*place))


def test_the_mask_is_fixed_for_good():
    assert mask(0.5, 0, 0, 0, shape=(2, 6)).tolist() == [[2, 2, 2, 2, 2, 2], [0, 2, 2, 2, 2, 2]]
    assert mask(0.2, 1, 2, 3, shape=(8,)).tolist() == [1.25, 1.25, 1.25, 0, 1.25, 0, 1.25, 1.25]


@given(st.integers(0, 2**64 - 1), st.integers(0, 9), st.integers(0, 9))
def test_the_mask_depends_on_the_moment_alone(seed, step, layer):
    one, two = (mask(0.5, seed, step, layer, shape=s) for s in ((4, 15), (3, 2, 5)))
    assert (one.reshape(-1)[:30] == two.reshape(-1)).all()
    narrow = mask(0.5, seed, step, layer, dtype=np.float32)
    assert (narrow == mask(0.5, seed, step, layer)).all()
    X = np.random.default_rng(0).normal(size=(4, 5))
    Y = Dropout(0.5).forward(X, {}, RandomKey(seed, step, layer))
    assert (X * mask(0.5, seed, step, layer) == Y).all()


def test_other_moments_have_other_masks():
    masks = [mask(0.5, *place) for place in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert len({m.tobytes() for m in masks}) == 4


def test_a_higher_rate_drops_more_of_the_same():
    kept = [mask(rate, 3, 1, 2, shape=(50, 20)) > 0 for rate in RATES]
    assert (kept[0] >= kept[1]).all()
    assert (kept[1] >= kept[2]).all()


@pytest.mark.parametrize("rate", RATES)
def test_the_mean_is_kept(rate):
    M = mask(rate, 3, 1, 2, shape=(1000, 100))
    assert set(np.unique(M)) == {0, 1 / (1 - rate)}
    deviation = np.sqrt(rate / (1 - rate) / M.size)
    assert abs(M.mean() - 1) < 4 * deviation


def test_prediction_is_the_identity():
    X = np.random.default_rng(0).normal(size=(4, 5))
    assert (Dropout(0.9).forward(X, {}) == X).all()
    dY = np.ones_like(X)
    assert (Dropout(0.9).backprop(dY, X, X, {})[0] == dY).all()


def test_backprop_draws_the_mask_of_its_forward_pass():
    function, key = Dropout(0.5), RandomKey(7, 3, 1)
    X, dY = np.random.default_rng(0).normal(size=(2, 4, 5))
    Y = function.forward(X, {}, key)
    dX, _ = function.backprop(dY, X, Y, {}, key)
    np.testing.assert_allclose(dX * X, dY * Y, rtol=1e-15)
    assert ((dX == 0) == (Y == 0)).all()
