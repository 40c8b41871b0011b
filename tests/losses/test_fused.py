"""A fused pair is its function followed by its loss, and is exact where they are not."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import special

from chainrule.functions import Exp, ReLU, Sigmoid, Softmax
from chainrule.losses import (
    FUSED,
    BinaryCrossEntropy,
    CrossEntropy,
    ExpPoisson,
    MeanSquaredError,
    Poisson,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
    fused,
)


def targets_for(kind, n, k, seed):
    rng = np.random.default_rng(seed)
    if kind is Softmax:
        return [rng.integers(0, k, n), rng.dirichlet(np.ones(k), n), np.eye(k)[[0] * n]]
    if kind is Exp:
        return [rng.poisson(2, (n, k))]
    return [rng.integers(0, 2, (n, k)), rng.uniform(0, 1, (n, k))]


@pytest.mark.parametrize("pair", FUSED)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 999))
def test_a_fused_pair_is_its_composition(pair, n, k, seed):
    function, loss = pair[0](), pair[1]()
    one = fused(function, loss)
    Z = np.random.default_rng(seed).normal(size=(n, k)) * 3
    w = np.random.default_rng(seed).uniform(0.1, 2, n)
    Y = function.forward(Z, {})
    for t in targets_for(pair[0], n, k, seed):
        for weights in (None, w):
            value, dY = loss.value_and_gradient(Y, t, weights)
            dZ, _ = function.backprop(dY, Z, Y, {})
            fused_value, fused_gradient = one.value_and_gradient(Z, t, weights)
            assert fused_value == pytest.approx(value, rel=1e-12, abs=1e-13)
            np.testing.assert_allclose(fused_gradient, dZ, rtol=1e-12, atol=1e-13)


def test_soft_labels_that_sum_to_one_roughly_fit_too():
    Z, T = np.array([[0.5, -1.0, 2.0]]), np.array([[0.3334, 0.3334, 0.3334]])
    Y = Softmax().forward(Z, {})
    dZ, _ = Softmax().backprop(CrossEntropy().gradient(Y, T), Z, Y, {})
    np.testing.assert_allclose(SoftmaxCrossEntropy().gradient(Z, T), dZ, rtol=1e-12)


def test_the_gradient_is_output_minus_target_over_n():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(4, 3)) * 3
    classes = rng.integers(0, 3, 4)
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    expected = (softmax - np.eye(3)[classes]) / 4
    actual = SoftmaxCrossEntropy().gradient(Z, classes)
    np.testing.assert_allclose(actual, expected, rtol=1e-14)
    t = rng.integers(0, 2, (4, 1))
    expected = np.where(t == 1, -special.expit(-Z[:, :1]), special.expit(Z[:, :1])) / 4
    actual = SigmoidBinaryCrossEntropy().gradient(Z[:, :1], t)
    np.testing.assert_allclose(actual, expected, rtol=1e-15)
    several = SigmoidBinaryCrossEntropy().gradient(Z, np.ones((4, 3)))
    np.testing.assert_allclose(several, -special.expit(-Z) / 12, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e3, 1e4])
def test_any_logits_are_exact_and_finite(size, dtype):
    Z = np.array([[size, -size, 0], [-size, size, size]], dtype)
    value, gradient = SoftmaxCrossEntropy().value_and_gradient(Z, [1, 1])
    assert value == pytest.approx((2 * size + np.log(2)) / 2, rel=1e-6)
    assert gradient.tolist() == [[0.5, -0.5, 0], [0, -0.25, 0.25]]
    t = np.array([[1, 1, 1], [0, 0, 1]])
    value, gradient = SigmoidBinaryCrossEntropy().value_and_gradient(Z, t)
    assert value == pytest.approx((size + np.log(2) + size) / 6, rel=1e-6)
    expected = np.array([[0, -1, -0.5], [0, 1, 0]]) / 6
    np.testing.assert_allclose(gradient, expected, rtol=1e-7)


def test_small_errors_keep_their_digits():
    Z = np.array([[40.0]])
    assert SigmoidBinaryCrossEntropy().value(Z, [1]) == pytest.approx(np.exp(-40), rel=1e-14)
    assert SigmoidBinaryCrossEntropy().gradient(-Z, [0])[0, 0] == pytest.approx(
        np.exp(-40), rel=1e-14
    )


def test_only_a_pair_fuses():
    assert fused(Softmax(), CrossEntropy()) == SoftmaxCrossEntropy()
    assert fused(Sigmoid(), BinaryCrossEntropy()) == SigmoidBinaryCrossEntropy()
    assert fused(Softmax(), BinaryCrossEntropy()) is None
    assert fused(Sigmoid(), CrossEntropy()) is None
    assert fused(ReLU(), MeanSquaredError()) is None


def test_a_pair_keeps_what_becomes_of_several_outputs():
    assert fused(Exp(), Poisson(outputs="sum")) == ExpPoisson(outputs="sum")
    assert fused(Sigmoid(), BinaryCrossEntropy()) == SigmoidBinaryCrossEntropy(outputs="mean")
