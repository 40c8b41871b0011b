"""Losses, each on the outputs of a chain, and the pairs that fuse with its last function."""

from dataclasses import fields
from typing import Any

from chainrule.functions import Exp, Function, Sigmoid, Softmax
from chainrule.losses.base import ElementwiseLoss, Loss
from chainrule.losses.binary_cross_entropy import BinaryCrossEntropy, SigmoidBinaryCrossEntropy
from chainrule.losses.cross_entropy import CrossEntropy, SoftmaxCrossEntropy
from chainrule.losses.half_squared_error import HalfSquaredError
from chainrule.losses.huber import Huber
from chainrule.losses.mean_absolute_error import MeanAbsoluteError
from chainrule.losses.mean_squared_error import MeanSquaredError
from chainrule.losses.poisson import ExpPoisson, Poisson

LOSSES: tuple[type[Loss], ...] = (
    MeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    Huber,
    Poisson,
    BinaryCrossEntropy,
    CrossEntropy,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
    ExpPoisson,
)
"""Every loss; the last three take the place of a pair."""

FUSED: dict[tuple[type[Function], type[Loss]], type[Loss]] = {
    (Softmax, CrossEntropy): SoftmaxCrossEntropy,
    (Sigmoid, BinaryCrossEntropy): SigmoidBinaryCrossEntropy,
    (Exp, Poisson): ExpPoisson,
}
"""A last function and a loss, and the loss on that function's input that equals both."""


def fused(function: Function, loss: Loss) -> Loss | None:
    """Return the loss that equals a function followed by a loss.

    Parameters
    ----------
    function : Function
        The last function of a chain, such as ``Softmax()``.
    loss : Loss
        The loss of its outputs, such as ``CrossEntropy()``.

    Returns
    -------
    pair : Loss or None
        The loss of the function's input; None where the two do not fuse.
    """
    pair: Any = FUSED.get((type(function), type(loss)))
    if pair is None:
        return None
    one: Loss = pair(**{field.name: getattr(loss, field.name) for field in fields(pair)})
    return one


__all__ = [
    "FUSED",
    "LOSSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "ElementwiseLoss",
    "ExpPoisson",
    "HalfSquaredError",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "SigmoidBinaryCrossEntropy",
    "SoftmaxCrossEntropy",
    "fused",
]
