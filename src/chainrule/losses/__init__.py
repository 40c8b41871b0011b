"""Losses, each on the outputs of a chain, and the pairs that fuse with its last function."""

from chainrule.functions import Function, Sigmoid, Softmax
from chainrule.losses.base import ElementwiseLoss, Loss
from chainrule.losses.binary_cross_entropy import BinaryCrossEntropy, SigmoidBinaryCrossEntropy
from chainrule.losses.cross_entropy import CrossEntropy, SoftmaxCrossEntropy
from chainrule.losses.huber import Huber
from chainrule.losses.mean_absolute_error import MeanAbsoluteError
from chainrule.losses.mean_squared_error import MeanSquaredError
from chainrule.losses.poisson import Poisson

LOSSES: tuple[type[Loss], ...] = (
    MeanSquaredError,
    MeanAbsoluteError,
    Huber,
    Poisson,
    BinaryCrossEntropy,
    CrossEntropy,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)
"""Every loss; the last two take the place of a pair."""

FUSED: dict[tuple[type[Function], type[Loss]], type[Loss]] = {
    (Softmax, CrossEntropy): SoftmaxCrossEntropy,
    (Sigmoid, BinaryCrossEntropy): SigmoidBinaryCrossEntropy,
}
"""A last function and a loss, and the loss on that function's input that equals both."""


def fused(function: Function, loss: Loss) -> Loss | None:
    """Return the loss that equals a function followed by a loss, or None where there is none."""
    pair = FUSED.get((type(function), type(loss)))
    return pair() if pair else None


__all__ = [
    "FUSED",
    "LOSSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "ElementwiseLoss",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "SigmoidBinaryCrossEntropy",
    "SoftmaxCrossEntropy",
    "fused",
]
