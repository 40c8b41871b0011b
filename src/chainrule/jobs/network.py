"""A sound network for a task: layers, activation, output and loss."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.chain import Chain
from chainrule.functions import (
    ACTIVATIONS,
    Dropout,
    Flatten,
    Function,
    Identity,
    Linear,
    Sigmoid,
    Softmax,
    Softplus,
)
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
)

REGRESSION_LOSSES: dict[str, type[Loss]] = {
    "squared": MeanSquaredError,
    "absolute": MeanAbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
}


@dataclass(frozen=True)
class NetworkOptions:
    """What a network is made of.

    Parameters
    ----------
    layers : sizes of the hidden layers
    activation : a name in ACTIVATIONS, after each hidden layer
    dropout : the rate of dropout after each activation
    bias : whether layers have biases
    loss : a name in REGRESSION_LOSSES; classes always have their cross-entropy
    """

    layers: tuple[int, ...] = (128, 64)
    activation: str = "relu"
    dropout: float = 0.0
    bias: bool = True
    loss: str = "squared"


def build_chain(
    options: NetworkOptions, *, task: str, classes: int, input_shape: tuple[int, ...]
) -> tuple[Chain, Loss]:
    """Return a chain for a task, and its loss."""
    functions: list[Function] = [Flatten()] if len(input_shape) > 1 else []
    for size in options.layers:
        functions += [Linear(size, bias=options.bias), ACTIVATIONS[options.activation]()]
        if options.dropout:
            functions.append(Dropout(options.dropout))
    if task == "multiclass":
        return Chain(*functions, Linear(classes, bias=options.bias), Softmax()), CrossEntropy()
    functions.append(Linear(1, bias=options.bias))
    if task == "binary":
        return Chain(*functions, Sigmoid()), BinaryCrossEntropy()
    output = Softplus() if options.loss == "poisson" else Identity()
    return Chain(*functions, output), REGRESSION_LOSSES[options.loss]()
