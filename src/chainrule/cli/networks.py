"""A sound network for a task: layers, activation, output and loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from chainrule.chain import Chain
from chainrule.cli.option_values import REGRESSION_LOSSES, hidden_sizes
from chainrule.cli.options import CommandLineOptions
from chainrule.functions import (
    ACTIVATIONS,
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Function,
    Identity,
    Linear,
    MaxPool2d,
    Sigmoid,
    Softmax,
    Softplus,
)
from chainrule.losses import BinaryCrossEntropy, CrossEntropy, Loss

CHANNELS = (16, 32, 64, 128)
"""Filters of the blocks of a convolutional network, each for images of half the sides; all that
come after have as many as the last.
"""

SMALL_SIDE = 20
"""Where no side is longer, the blocks are few, and begin with the second number of filters."""

LARGEST_SIDE = 64
"""Larger images are averaged to at most this many pixels a side before the first convolution,
unless a size was asked for."""

SMALLEST_POOLED = 6
"""Shorter sides are not halved any more."""


def build_chain(
    options: CommandLineOptions, *, task: str, classes: int, input_shape: tuple[int, ...]
) -> tuple[Chain, Loss]:
    """Return a chain for a task, and its loss.

    Parameters
    ----------
    options : CommandLineOptions
        With all defaults; `layers` of a convolutional network are those after its blocks.
    task : str
        "regression", "binary" or "multiclass".
    classes : int
        How many there are.
    input_shape : tuple of int
        The shape of a sample.
    """
    assert options.layers is not None
    assert options.activation is not None
    bias, activation = options.bias is not False, ACTIVATIONS[options.activation]
    functions: list[Function] = []
    if options.model == "cnn":
        largest = LARGEST_SIDE if options.size is None else max(input_shape)
        functions += convolutional_blocks(input_shape, options.activation, bias=bias, most=largest)
    if len(input_shape) > 1:
        functions.append(Flatten())
    for size in hidden_sizes(options.layers):
        functions += [Linear(size, bias=bias), activation()]
        if options.dropout:
            functions.append(Dropout(options.dropout))
    outputs = classes if task == "multiclass" else 1
    return ended(functions, task, outputs, options.loss, bias=bias)


def ended(
    functions: Sequence[Function], task: str, outputs: int, loss: str | None, *, bias: bool
) -> tuple[Chain, Loss]:
    """Return a chain of hidden functions with what ends it for a task, and its loss.

    Parameters
    ----------
    functions : sequence of Function
        The hidden ones.
    task : str
        "regression", "binary" or "multiclass".
    outputs : int
        How many numbers the chain makes.
    loss : str or None
        Of regression, by its name.
    bias : bool
        Whether the last layer has biases.
    """
    last = Linear(outputs, bias=bias)
    if task == "multiclass":
        return Chain(*functions, last, Softmax()), CrossEntropy()
    if task == "binary":
        return Chain(*functions, last, Sigmoid()), BinaryCrossEntropy()
    output = Softplus() if loss == "poisson" else Identity()
    return Chain(*functions, last, output), REGRESSION_LOSSES[loss or "squared"]()


def convolutional_blocks(
    shape: tuple[int, ...],
    activation: str = "relu",
    *,
    bias: bool = True,
    most: int = LARGEST_SIDE,
) -> list[Function]:
    """Return blocks of convolution, activation and max pooling for images of a shape (c, h, w).

    As many blocks as halve the longer side to less than SMALLEST_POOLED: one for 8 x 8, three for
    28 x 28, four for 64 x 64, six for 224 x 224. Images with a side above `most` are averaged
    first.
    """
    _, *sides = shape
    blocks: list[Function] = []
    averaged = _pair(-(-side // most) for side in sides)
    if averaged != (1, 1):
        blocks.append(AvgPool2d(averaged))
        sides = [side // window for side, window in zip(sides, averaged, strict=True)]
    filters = CHANNELS if max(sides) > SMALL_SIDE else CHANNELS[1:]
    for channels in chain(filters, repeat(CHANNELS[-1])):
        windows = _pair(2 if side >= SMALLEST_POOLED else 1 for side in sides)
        blocks += [Conv2d(channels, size=3, padding=1, bias=bias), ACTIVATIONS[activation]()]
        if windows == (1, 1):
            break
        blocks.append(MaxPool2d(windows))
        sides = [side // window for side, window in zip(sides, windows, strict=True)]
        if max(sides) < SMALLEST_POOLED:
            break
    return blocks


def _pair(numbers: Iterable[int]) -> tuple[int, int]:
    rows, columns = numbers
    return rows, columns
