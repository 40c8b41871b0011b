"""Outputs, targets and weights that make no sense are named."""

import numpy as np
import pytest

from chainrule.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    MeanAbsoluteError,
    MeanOverMembers,
    MeanSquaredError,
    Poisson,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)

NAN, INF = float("nan"), float("inf")
Y = np.full((4, 3), 1 / 3)
ELEMENTWISE = (
    MeanSquaredError(),
    MeanAbsoluteError(),
    Huber(),
    Poisson(),
    BinaryCrossEntropy(),
    SigmoidBinaryCrossEntropy(),
)
CLASSIFYING = (CrossEntropy(), SoftmaxCrossEntropy())
OF_SAMPLES = [kind() for kind in LOSSES if kind is not MeanOverMembers]
every_loss = pytest.mark.parametrize("loss", OF_SAMPLES, ids=str)
every_elementwise = pytest.mark.parametrize("loss", ELEMENTWISE, ids=str)
every_classifying = pytest.mark.parametrize("loss", CLASSIFYING, ids=str)


def right(loss):
    return np.zeros(4, int) if loss in CLASSIFYING else np.zeros((4, 3))


def with_one(number, *place):
    """Return right targets for any loss, one of them replaced."""
    T = np.tile([0.0, 1.0, 0.0], (4, 1))
    T[place] = number
    return T


@every_loss
def test_right_targets_raise_nothing(loss):
    assert np.isfinite(loss.value(Y, right(loss)))
    assert np.isfinite(loss.value(Y, with_one(1, 0, 1)))


@every_elementwise
@pytest.mark.parametrize("shape", [(4,), (3,), (3, 3), (4, 1), (4, 3, 1), ()])
def test_targets_have_the_shape_of_the_outputs(loss, shape):
    with pytest.raises(ValueError, match=rf"{loss}: expected targets of shape \(4, 3\), got shape"):
        loss.value(Y, np.zeros(shape))


@every_classifying
@pytest.mark.parametrize("shape", [(3, 3), (4, 1), (4, 2), (4, 3, 1), ()])
def test_rows_of_targets_have_the_shape_of_the_outputs(loss, shape):
    with pytest.raises(ValueError, match=rf"{loss}: expected targets of shape \(4, 3\), got shape"):
        loss.value(Y, np.ones(shape))


@every_loss
@pytest.mark.parametrize("shape", [(4,), (4, 3, 1), ()])
def test_outputs_have_two_axes(loss, shape):
    with pytest.raises(ValueError, match=rf"{loss}: expected outputs of shape \(n, k\), got shape"):
        loss.value(np.full(shape, 0.5), right(loss))


@every_loss
@pytest.mark.parametrize("targets", [[["a"] * 3] * 4, [[None] * 3] * 4, [[1j] * 3] * 4])
def test_targets_are_numbers(loss, targets):
    with pytest.raises(ValueError, match=f"{loss}: expected numbers as targets, got .* values suc"):
        loss.value(Y, targets)


@every_loss
@pytest.mark.parametrize("number", [NAN, INF, -INF])
def test_targets_are_finite(loss, number):
    with pytest.raises(ValueError, match=rf"{loss}: expected finite targets, got .* for sample 2"):
        loss.value(Y, with_one(number, 2, 0))


@pytest.mark.parametrize(
    "loss", [BinaryCrossEntropy(), SigmoidBinaryCrossEntropy(), *CLASSIFYING], ids=str
)
@pytest.mark.parametrize("number", [-0.25, 1.5])
def test_probabilities_are_from_0_to_1(loss, number):
    with pytest.raises(ValueError, match=f"{loss}: expected targets from 0 to 1, got {number}"):
        loss.value(Y, with_one(number, 2, 0))


@every_classifying
def test_rows_of_targets_sum_to_one(loss):
    with pytest.raises(ValueError, match=f"{loss}: expected rows of targets that sum to 1"):
        loss.value(Y, with_one(0.25, 2, 0))
    with pytest.raises(ValueError, match=r"got a sum of 0$"):
        loss.value(Y, with_one(0, 2, 1))


@every_classifying
@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0, 1, 2, -1], "expected class numbers from 0 to 2, got -1"),
        ([0, 1, 2, 3], "expected class numbers from 0 to 2, got 3"),
        ([0, 1, 2], r"expected 4 class numbers, got shape \(3,\)"),
        ([0.0, 1, 2, 2], r"expected class numbers, or rows of probabilities, got float64 \(n,\)"),
        ([True, False, True, True], "expected class numbers, or rows of probabilities, got bool"),
        (["a", "b", "c", "a"], "expected class numbers, or rows of probabilities, got <U1"),
    ],
)
def test_class_numbers_are_whole_and_in_range(loss, classes, message):
    with pytest.raises(ValueError, match=f"{loss}: {message}"):
        loss.value(Y, classes)


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), CrossEntropy()], ids=str)
@pytest.mark.parametrize("number", [-1e-9, 1.0000001, INF, -INF])
def test_outputs_are_probabilities(loss, number):
    outputs = Y.copy()
    outputs[2, 0] = number
    for t in (with_one(1, 0, 1), with_one(0, 0, 0)):
        with pytest.raises(ValueError, match=f"{loss}: expected outputs from 0 to 1, got {number}"):
            loss.value(outputs, t)


@pytest.mark.parametrize("number", [0, -0.5, -INF])
def test_poisson_outputs_are_positive(number):
    outputs = Y.copy()
    outputs[2, 0] = number
    with pytest.raises(ValueError, match=r"Poisson: expected outputs > 0 \(end the chain with "):
        Poisson().value(outputs, np.zeros((4, 3)))


def test_poisson_targets_are_not_negative():
    with pytest.raises(ValueError, match="Poisson: expected targets >= 0, got -2"):
        Poisson().value(Y, with_one(-2, 2, 0))


@every_loss
@pytest.mark.parametrize("shape", [(3,), (4, 1), (4, 3), ()])
def test_there_is_a_weight_for_each_sample(loss, shape):
    with pytest.raises(ValueError, match=rf"{loss}: expected sample_weight of shape \(4,\), got "):
        loss.value(Y, right(loss), np.ones(shape))


@every_loss
@pytest.mark.parametrize("weights", [[1, 1, -1, 1], [1, NAN, 1, 1], [1, INF, 1, 1], [0] * 4])
def test_weights_are_finite_and_not_negative_and_not_all_zero(loss, weights):
    message = f"{loss}: expected finite sample weights >= 0 with a positive sum, got"
    with pytest.raises(ValueError, match=message):
        loss.value(Y, right(loss), weights)
    with pytest.raises(ValueError, match=message):
        loss.gradient(Y, right(loss), weights)


@every_loss
def test_a_mean_needs_a_sample(loss):
    with pytest.raises(ValueError, match=f"{loss}: expected at least one sample, got none"):
        loss.value(Y[:0], right(loss)[:0])
    with pytest.raises(ValueError, match=f"{loss}: expected at least one sample, got none"):
        loss.gradient(Y[:0], right(loss)[:0], [])


@pytest.mark.parametrize("delta", [0, -1.0, NAN, INF, True, "1"])
def test_hubers_delta_is_positive(delta):
    with pytest.raises(ValueError, match=r"Huber: expected a number 1e-30 <= delta, got"):
        Huber(delta)
