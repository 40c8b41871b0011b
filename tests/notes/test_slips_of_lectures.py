"""The slips of the lecture on Jacobians and of the note on multi-class cross-entropy."""

import numpy as np
import pytest
import sympy

from chainrule.chain import Chain
from chainrule.checking import finite_difference
from chainrule.functions import Linear, Sigmoid, Softmax
from chainrule.losses import CrossEntropy, MeanSquaredError, SoftmaxCrossEntropy
from notes.comparison import assert_equal, differ
from notes.slip_cases import C, N, case, softmax

__all__ = ["case"]


# --- the lecture on Jacobians ---------------------------------------------------------------


def test_21_exponent_of_the_denominator():
    logits, k = sympy.symbols("l1:5", real=True), range(1, 5)
    for each in logits:
        assert sympy.diff(sum(sympy.exp(number) for number in k), each) == 0
        assert sympy.diff(sum(sympy.exp(l_k) for l_k in logits), each) == sympy.exp(each)


def test_22_vector_of_losses_is_not_its_derivative():
    J_0 = np.random.default_rng(0).uniform(size=N)
    printed = finite_difference(np.mean, J_0)
    assert differ(printed, J_0)
    assert differ(np.mean(printed), np.mean(J_0))


def test_23_gradient_of_one_loss_and_of_the_mean():
    rng, labels = np.random.default_rng(0), np.array([0, 3, 1, 3, 2])
    p, T = Softmax().forward(rng.normal(size=(N, C)), {}), np.eye(C)[labels]
    of_the_mean = finite_difference(lambda p: np.mean(CrossEntropy().errors(p, T)), p)
    assert differ(of_the_mean, -T / p)
    assert_equal(CrossEntropy().error_gradients(p, T), -T / p)
    assert_equal(CrossEntropy().gradient(p, T), of_the_mean)


def test_24_labels_are_zero_or_one(case):
    assert not any(0 < label < 1 for label in case.t)
    assert set(case.t) <= {0, 1}
    assert sum(case.t) == 1


# --- the note on multi-class cross-entropy --------------------------------------------------


def test_25_argument_of_the_sigmoid():
    theta, t = sympy.symbols("theta t", real=True)
    assert sympy.diff(Sigmoid().value(theta), t) == 0
    assert sympy.diff(Sigmoid().value(theta), theta) != 0


def test_26_one_name_for_every_probability(case):
    values = [np.exp(case.z[j]) / np.exp(case.z).sum() for j in range(C)]
    assert len(set(values)) == C
    assert_equal(values, case.p)


def test_27_digits_that_are_rounding():
    printed = np.array([0.0154493156751271, 0.631163353697413, 0.353387330637003])
    ours = softmax(np.array([-2.85, 0.86, 0.28]))
    assert abs(printed.sum() - 1) > 9e-12
    assert abs(ours.sum() - 1) < 1e-15
    errors = abs(printed / ours - 1)
    assert (errors < 3e-10).all()
    assert (errors > 5e-11).all()
    assert f"{-np.log(ours[2]):.9f}" == "1.040190569"
    assert f"{-np.log(printed[2]):.9f}" == "1.040190570"


def test_28_bias_of_the_layer_before_the_sigmoid(case):
    neuron = Chain(Linear(1), Sigmoid()).initialize((C,), dtype=np.float64)
    neuron.parameters["W0"][:, 0], neuron.parameters["b0"][...] = case.p, 0.7
    output = neuron.forward(case.z[None])[0, 0]
    logistic = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    assert differ(logistic(case.p @ case.z), output)
    assert_equal(logistic(case.p @ case.z + 0.7), output)


def test_29_two_classes_have_two_probabilities(case):
    g = Sigmoid().forward(case.z, {})
    assert differ(g + g, np.ones(C))
    assert_equal(g + Sigmoid().forward(-case.z, {}), np.ones(C))


def test_30_cross_entropy_takes_probabilities_not_scores():
    scores = np.array([[-2.85, 0.86, 0.28]])
    with pytest.raises(ValueError, match=r"expected outputs from 0 to 1, got -2\.85"):
        CrossEntropy().value(scores, [2])
    assert CrossEntropy().value(Softmax().forward(scores, {}), [2]) > 0


def test_31_one_letter_for_sample_and_sum():
    z, labels = np.array([0.5, -1.0, 0.25, 1.5]), [2, 0, 1, 3, 3]

    def loss(i, *, of_the_sum):
        sample, total = i, 0.0
        for k in range(C):
            total += np.exp(z[k])
            i = k if of_the_sum == "i" else sample
        return -np.log(np.exp(z[labels[i]]) / total)

    truth = SoftmaxCrossEntropy().value(z[None], [labels[1]])
    assert differ(loss(1, of_the_sum="i"), truth)
    assert_equal(loss(1, of_the_sum="k"), truth)


def test_32_loss_depends_on_every_score(case):
    correct = np.arange(C) == case.c
    assert differ(np.where(correct, case.p - 1, 0), case.dL_dz)
    assert_equal(np.where(correct, case.p - 1, case.p), case.dL_dz)


def test_33_label_and_probability_are_not_one_letter(case):
    label, probability = case.t[case.c], case.p[case.c]
    slope = case.J[case.c, case.c]
    assert -label * (label - 1) == 0
    assert differ(-label * (label - 1), slope)
    assert_equal(-probability * (probability - 1), slope)


def test_34_last_factor_of_the_gradient(case):
    p_k = case.p[case.c]
    assert differ(-p_k * (p_k - 1), case.dL_dz[case.c])
    assert_equal(-1 / p_k * (-p_k * (p_k - 1)), case.dL_dz[case.c])
    assert_equal(p_k - 1, case.dL_dz[case.c])


# --- conventions ----------------------------------------------------------------------------


def test_sum_and_mean_differ_by_the_number_of_samples():
    rng = np.random.default_rng(0)
    y, t = rng.normal(size=(N, 1)), rng.normal(size=(N, 1))
    of_the_sum = finite_difference(lambda y: np.sum((y - t) ** 2), y)
    assert_equal(N * MeanSquaredError().gradient(y, t), of_the_sum)
