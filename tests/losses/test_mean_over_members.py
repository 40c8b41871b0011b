"""The mean of members' losses: weights of members, pairs that fuse, what does not fit."""

import numpy as np
import pytest

from chainrule.functions import ReLU, Sigmoid, Softmax
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanOverMembers,
    MeanSquaredError,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
    fused,
)

rng = np.random.default_rng(0)
Y = rng.normal(size=(5, 4, 3))
CLASSES = np.array([2, 0, 1, 1, 2])
LOSS = MeanOverMembers(SoftmaxCrossEntropy())


def test_it_is_not_the_loss_of_the_mean():
    outputs = np.array([[-1.0, 1.0], [3.0, -3.0]])  # two members that differ, mean 0
    assert MeanOverMembers(MeanSquaredError()).value(outputs, np.zeros(2)) == 5.0


def test_weights_of_members_leave_some_out():
    weights = np.zeros((5, 4))
    weights[[0, 3], 1] = 2.0, 1.0
    value, gradient = LOSS.value_and_gradient(Y, CLASSES, weights)
    rows = [0, 3], 1
    own = SoftmaxCrossEntropy().value_and_gradient(Y[rows], CLASSES[[0, 3]], [2.0, 1.0])
    assert value == pytest.approx(own[0], rel=1e-14)
    np.testing.assert_allclose(gradient[rows], own[1], rtol=1e-14)
    gradient[rows] = 0
    assert not gradient.any()


def test_weights_of_samples_are_all_their_members():
    weights = rng.uniform(0.1, 2, 5)
    each = np.repeat(weights[:, None], 4, axis=1)
    assert LOSS.value(Y, CLASSES, weights) == LOSS.value(Y, CLASSES, each)


def test_pairs_fuse_as_without_members():
    assert fused(Softmax(), MeanOverMembers(CrossEntropy())) == LOSS
    assert fused(Softmax(), LOSS) == LOSS
    own = MeanOverMembers(SigmoidBinaryCrossEntropy(outputs="sum"))
    assert fused(Sigmoid(), MeanOverMembers(BinaryCrossEntropy(outputs="sum"))) == own
    assert fused(ReLU(), MeanOverMembers(MeanSquaredError())) is None
    with pytest.raises(ValueError, match="expected logits: leave Sigmoid"):
        fused(Sigmoid(), LOSS)


def test_outputs_are_checked_where_the_members_loss_does():
    assert LOSS.takes_any_outputs
    assert not MeanOverMembers().takes_any_outputs
    with pytest.raises(ValueError, match="CrossEntropy: expected outputs from 0 to 1"):
        MeanOverMembers().value(Y, CLASSES)


@pytest.mark.parametrize("shape", [(5,), (5, 4, 3, 1), ()])
def test_outputs_have_members(shape):
    message = r"MeanOverMembers.* expected outputs of shape \(n, k\) or \(n, k, c\), got shape"
    with pytest.raises(ValueError, match=message):
        LOSS.value(np.zeros(shape), CLASSES)


@pytest.mark.parametrize("shape", [(4,), (20,), (4, 3)])
def test_there_are_targets_for_each_sample(shape):
    message = rf"expected targets of 5 samples, got shape \({shape[0]},"
    with pytest.raises(ValueError, match=message):
        LOSS.targets(np.zeros(shape, int), Y)


@pytest.mark.parametrize("shape", [(5, 3), (4, 4), (5, 4, 1), ()])
def test_there_is_a_weight_for_each_sample_or_member(shape):
    message = r"expected sample_weight of shape \(5,\) or \(5, 4\), got \("
    with pytest.raises(ValueError, match=message):
        LOSS.value(Y, CLASSES, np.ones(shape))


def test_the_loss_of_a_member_is_that_of_one():
    with pytest.raises(TypeError, match="MeanOverMembers: expected the loss of one member, got M"):
        MeanOverMembers(LOSS)
    with pytest.raises(TypeError, match=r"expected a loss such as CrossEntropy\(\), got 'squared'"):
        MeanOverMembers("squared")
