"""Losses, each on the outputs of a chain, and the pairs that fuse with its last function."""

from dataclasses import fields, replace
from typing import Any

from chainrule.functions import Exp, Function, LogSoftmax, Sigmoid, Softmax
from chainrule.losses.base import ElementwiseLoss, Loss
from chainrule.losses.binary_cross_entropy import BinaryCrossEntropy, SigmoidBinaryCrossEntropy
from chainrule.losses.cross_entropy import CrossEntropy, SoftmaxCrossEntropy
from chainrule.losses.half_squared_error import HalfSquaredError
from chainrule.losses.huber import Huber
from chainrule.losses.mean_absolute_error import MeanAbsoluteError
from chainrule.losses.mean_over_members import MeanOverMembers
from chainrule.losses.mean_squared_error import MeanSquaredError
from chainrule.losses.poisson import ExpPoisson, Poisson
from chainrule.losses.quantile_loss import QuantileLoss

LOSSES: tuple[type[Loss], ...] = (
    MeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    Huber,
    QuantileLoss,
    Poisson,
    BinaryCrossEntropy,
    CrossEntropy,
    MeanOverMembers,
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


INCLUDED: dict[type[Loss], tuple[type[Function], ...]] = {
    SoftmaxCrossEntropy: (Softmax, LogSoftmax),
    SigmoidBinaryCrossEntropy: (Sigmoid,),
    ExpPoisson: (Exp,),
}
"""The functions that a loss includes: after one of them, it is the loss of that one's input.

So no function is applied twice; softmax of a LogSoftmax's output is that of its input anyway.
"""

APART: dict[tuple[type[Function], type[Loss]], str] = {
    (Sigmoid, SoftmaxCrossEntropy): "logits: leave Sigmoid() out, or use BinaryCrossEntropy()",
    (Softmax, SigmoidBinaryCrossEntropy): "logits: leave Softmax() out, or use CrossEntropy()",
    (LogSoftmax, SigmoidBinaryCrossEntropy): "logits: use SoftmaxCrossEntropy() for classes",
    (LogSoftmax, CrossEntropy): "probabilities: use SoftmaxCrossEntropy(), which takes logarithms",
    (LogSoftmax, BinaryCrossEntropy): "probabilities: use SoftmaxCrossEntropy() for classes",
}
"""Last functions and losses that do not go together, and what the loss expects instead."""


def fused(function: Function, loss: Loss) -> Loss | None:
    """Return the loss that equals a function followed by a loss.

    Parameters
    ----------
    function : Function
        The last function of a chain, such as ``Softmax()``.
    loss : Loss
        The loss of its outputs, such as ``CrossEntropy()``; or ``SoftmaxCrossEntropy()``, which
        includes the function and is taken once.

    Returns
    -------
    pair : Loss or None
        The loss of the function's input; None where the two do not fuse.

    Raises
    ------
    ValueError
        The loss does not take what the function makes, such as logits of ``Sigmoid()``.
    """
    if isinstance(loss, MeanOverMembers):
        of_each = fused(function, loss.each)
        return replace(loss, each=of_each) if of_each else None
    kinds: Any = (type(function), type(loss))
    if kinds in APART:
        raise ValueError(f"{loss}: got the outputs of {function}, expected {APART[kinds]}")
    if kinds[0] in INCLUDED.get(kinds[1], ()):
        return loss
    pair: Any = FUSED.get(kinds)
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
    "MeanOverMembers",
    "MeanSquaredError",
    "Poisson",
    "QuantileLoss",
    "SigmoidBinaryCrossEntropy",
    "SoftmaxCrossEntropy",
    "fused",
]
