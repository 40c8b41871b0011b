"""Hui Xue, "Notes for derivative of CE loss": each formula in its order."""

import numpy as np
import pytest
import sympy

from chainrule.chain import Chain
from chainrule.checking import finite_difference, jacobian
from chainrule.functions import Linear, ReLU, Softmax
from chainrule.losses import CrossEntropy, SoftmaxCrossEntropy
from notes.comparison import assert_equal

B, K = 4, 5  # K=5 is the note's


@pytest.fixture
def z():
    return np.random.default_rng(1).normal(size=(B, K)) * 2


@pytest.fixture
def labels():
    return np.array([3, 0, 4, 3])


@pytest.fixture
def y(labels):
    return np.eye(K)[labels]


@pytest.fixture
def y_hat(z):
    return Softmax().forward(z, {})


def test_y_hat_is_softmax_of_the_scores(z, y_hat):
    for i in range(B):
        for j in range(K):
            assert_equal(y_hat[i, j], np.exp(z[i, j]) / sum(np.exp(z[i, t]) for t in range(K)))


def test_cross_entropy_of_one_sample(y, y_hat):
    errors = CrossEntropy().errors(y_hat, y)
    for i in range(B):
        assert_equal(errors[i], -sum(y[i, j] * np.log(y_hat[i, j]) for j in range(K)))


def test_loss_is_the_mean_over_the_batch(labels, y, y_hat):
    errors = CrossEntropy().errors(y_hat, y)
    assert_equal(CrossEntropy().value(y_hat, labels), sum(errors) / B)


def test_gradient_is_the_mean_of_the_gradients(labels, y, y_hat):
    loss = CrossEntropy()
    for i in range(B):
        own = finite_difference(lambda row, i=i: loss.errors(row[None], y[i : i + 1])[0], y_hat[i])
        assert_equal(loss.gradient(y_hat, labels)[i], own / B)


def test_gradient_by_a_score_sums_over_all_probabilities(z, y, y_hat):
    for i in range(B):
        numeric = jacobian(lambda row: Softmax().forward(row[None], {})[0], z[i])
        for k in range(K):
            summed = -sum(y[i, j] / y_hat[i, j] * numeric[j, k] for j in range(K))
            assert_equal(SoftmaxCrossEntropy().error_gradients(z, y)[i, k], summed)


@pytest.mark.parametrize(("j", "k"), list(np.ndindex(3, 3)))
def test_derivative_of_softmax_in_symbols(j, k):
    z = sympy.symbols("z:3", real=True)
    y_hat = [sympy.exp(each) / sum(map(sympy.exp, z)) for each in z]
    stated = y_hat[j] - y_hat[j] ** 2 if j == k else -y_hat[j] * y_hat[k]
    assert sympy.simplify(sympy.diff(y_hat[j], z[k]) - stated) == 0


def test_jacobian_of_softmax_and_its_symmetry(z, y_hat):
    J = Softmax().jacobian(z, {})
    for i, j, k in np.ndindex(B, K, K):
        p = y_hat[i]
        assert_equal(J[i, j, k], p[j] - p[j] ** 2 if j == k else -p[j] * p[k])
    assert_equal(J, J.transpose(0, 2, 1))


def test_each_step_to_y_hat_minus_y(z, y, y_hat):
    J = Softmax().jacobian(z, {})
    for i, k in np.ndindex(B, K):
        a, p, others = y[i], y_hat[i], [j for j in range(K) if j != k]
        steps = [
            -sum(a[j] / p[j] * J[i, j, k] for j in range(K)),
            -a[k] / p[k] * (p[k] - p[k] ** 2) - sum(a[j] / p[j] * (-p[j] * p[k]) for j in others),
            -a[k] * (1 - p[k]) + sum(a[j] * p[k] for j in others),
            -a[k] + a[k] * p[k] + sum(a[j] * p[k] for j in others),
            -a[k] + sum(a[j] * p[k] for j in range(K)),
            -a[k] + p[k] * sum(a),
        ]
        for step in steps:
            assert_equal(step, p[k] - a[k])


def test_gradient_by_the_scores_is_y_hat_minus_y(z, labels, y, y_hat):
    fused = SoftmaxCrossEntropy()
    assert_equal(fused.error_gradients(z, y), y_hat - y)
    assert_equal(fused.gradient(z, labels), (y_hat - y) / B)
    composed = Softmax().backprop(CrossEntropy().gradient(y_hat, labels), z, y_hat, {})[0]
    assert_equal(composed, (y_hat - y) / B)


def test_last_step_needs_labels_that_sum_to_one(y_hat):
    with pytest.raises(ValueError, match="expected rows of targets that sum to 1, got a sum of 0"):
        CrossEntropy().value(y_hat, np.zeros((B, K)))


def test_soft_labels_have_the_same_gradient(z, y_hat):
    soft = Softmax().forward(z[::-1], {})
    value = SoftmaxCrossEntropy().value
    assert_equal(finite_difference(lambda at: value(at, soft), z), (y_hat - soft) / B)


@pytest.fixture
def network():
    chain = Chain(Linear(2), ReLU(), Linear(4), ReLU(), Linear(K), Softmax())
    chain.initialize((3,), dtype=np.float64, seed=2)
    chain.parameters.flat += 0.1 * np.arange(chain.parameters.flat.size) % 0.7  # biases too
    return chain


def test_gradient_by_parameters_is_the_jacobian_transposed_times_that_by_scores(network, labels, y):
    X, theta = np.random.default_rng(3).normal(size=(B, 3)), network.parameters.flat

    def scores(values):
        kept = theta.copy()
        theta[:] = values
        result = network.trace(X, until=5)[-1]
        theta[:] = kept
        return result

    dz_dtheta, dL_dz = jacobian(scores, theta), network.forward(X) - y
    _, gradient = network.gradient(CrossEntropy(), X, labels)
    assert_equal(gradient.flat, sum(dz_dtheta[i].T @ dL_dz[i] for i in range(B)) / B)


def test_layer_by_layer(network, labels, y):
    X = np.random.default_rng(4).normal(size=(B, 3))
    _, a1, h1, a2, h2, _, y_hat = network.trace(X)
    W2, W1 = network.parameters["W2"], network.parameters["W1"]
    d3 = (y_hat - y) / B
    d2 = d3 @ W2.T * (a2 > 0)
    d1 = d2 @ W1.T * (a1 > 0)
    _, gradient = network.gradient(CrossEntropy(), X, labels)
    for name, by_hand in {"W2": h2.T @ d3, "W1": h1.T @ d2, "W0": X.T @ d1}.items():
        assert_equal(gradient[name], by_hand)
    for name, by_hand in {"b2": d3, "b1": d2, "b0": d1}.items():
        assert_equal(gradient[name], by_hand.sum(axis=0))
