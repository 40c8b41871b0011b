"""Functions as nodes of ONNX: the one table of kinds, and layers in sequence.

Operators are chosen so that what runtimes round, or cut off, does not matter: means are subtracted
before anything is divided, and no sum is a difference of large numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, prod
from typing import Any

import numpy as np

from chainrule.export.language.expressions import local
from chainrule.export.lowering.elementwise import read
from chainrule.export.lowering.table import kind_of
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.export.onnx.lines import LineWriter
from chainrule.export.onnx.rules import log1p, write_rule
from chainrule.functions import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Elementwise,
    EmbeddingBag,
    Flatten,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Multilinear,
    Residual,
    Softmax,
)
from chainrule.functions.sliding import window_axes
from chainrule.layout import Layer
from chainrule.types import Array

__all__ = ["KINDS", "Layers"]


class Layers:
    """Layers with their parameters, in a graph.

    Parameters
    ----------
    graph : Graph
        Where the nodes go.
    parameters : mapping of str to ndarray
        By the names that layers have for them.
    """

    def __init__(self, graph: Graph, parameters: Mapping[str, Array]) -> None:
        self.graph, self.numbers = graph, parameters

    def sequence(self, layers: Sequence[Layer], X: Tensor) -> Tensor:
        """Return what layers in sequence make of X (n, …)."""
        for layer in layers:
            X = self.write(layer, X)
        return X

    def write(self, layer: Layer, X: Tensor) -> Tensor:
        """Return Y (n, …) of a layer; ValueError for a function that is of no kind."""
        kind_of(layer.function)  # it says what is replaced, and what is of no kind
        if type(layer.function) in OPERATORS:
            return OPERATORS[type(layer.function)](self, layer, X)
        for base, write in KINDS.items():
            if isinstance(layer.function, base):
                return write(self, layer, X)
        raise ValueError(f"{layer.function}: cannot be exported to ONNX: it has no operator there")

    def own(self, layer: Layer, name: str) -> Array:
        """Return the numbers of a layer's parameter in float64."""
        return np.asarray(self.numbers[layer.names[name]], np.float64)

    def parameter(self, layer: Layer, name: str) -> Tensor:
        """Return a layer's parameter as it is."""
        full = layer.names[name]
        return self.constant(self.numbers[full], full)

    def constant(self, numbers: Any, name: str = "constant") -> Tensor:
        """Return numbers in the graph's float type."""
        return self.graph.constant(numbers, np.float32, name)


def _elementwise(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return y = value(x)."""
    function = layer.function
    assert isinstance(function, Elementwise)
    value = read(function, "value", function.value, local("x"))
    return write_rule(own.graph, value, {"x": X})


def _linear(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return X W + b."""
    return own.graph.op("Gemm", X, *(own.parameter(layer, name) for name in layer.names))


def _line(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return what a line of index notation says."""
    operands = {name: own.parameter(layer, name) for name in layer.names}
    return LineWriter(own.graph, layer, {"X": X, **operands}).write()


def _bag(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return X A, or the mean, by the weights X/Σ X, 0 for an empty bag."""
    function = layer.function
    assert isinstance(function, EmbeddingBag)
    Y = own.graph.op("MatMul", X, own.parameter(layer, "A"))
    if function.mode == "sum":
        return Y
    total = own.graph.reduce("ReduceSum", X, (1,), keep=True)
    zero, one = own.constant(0.0), own.constant(1.0)
    reciprocal = own.graph.op("Div", one, total)
    r = own.graph.op("Where", own.graph.op("Equal", total, zero), zero, reciprocal)
    return own.graph.op("Mul", Y, r)


def _pads(layer: Layer) -> list[int]:
    """Return how much stands before both axes, and after them."""
    pairs = zip(window_axes(layer.function), layer.input_shape[1:], strict=True)
    ends = []
    for axis, size in pairs:
        windows, before = axis.length(size, axis), axis.before(size)
        after = (windows - 1) * axis.stride + axis.span - size - before
        ends.append((before, max(0, after)))
    return [before for before, _ in ends] + [after for _, after in ends]


def _padded(own: Layers, X: Tensor, pads: Sequence[int], value: float) -> Tensor:
    """Return images X (n, c, h, w) with a number around."""
    if not any(pads):
        return X
    widths = own.graph.whole(0, 0, *pads[:2], 0, 0, *pads[2:])
    return own.graph.op("Pad", X, widths, own.constant(value))


def _windows(layer: Layer) -> dict[str, Any]:
    rows, columns = window_axes(layer.function)
    return {
        "kernel_shape": [rows.size, columns.size],
        "strides": [rows.stride, columns.stride],
    }


def _conv(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return the convolution."""
    function = layer.function
    assert isinstance(function, Conv2d)
    return own.graph.op(
        "Conv",
        X,
        *(own.parameter(layer, name) for name in layer.names),
        **_windows(layer),
        dilations=[axis.dilation for axis in window_axes(function)],
        pads=_pads(layer),
        group=function.groups,
    )


def _average(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return means of windows, zeros around the image among them."""
    return own.graph.op("AveragePool", _padded(own, X, _pads(layer), 0.0), **_windows(layer))


def _maximum(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return the largest numbers of windows."""
    return own.graph.op("MaxPool", _padded(own, X, _pads(layer), -inf), **_windows(layer))


def _layer_norm(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return Z·g + b with Z = (X − m)·s, mean and variance by two passes over each group."""
    function, graph = layer.function, own.graph
    assert isinstance(function, LayerNorm)
    rank = 1 + len(layer.input_shape)
    axes = {"last": (rank - 1,), "channels": (1,)}.get(function.over, tuple(range(1, rank)))
    centred = graph.op("Sub", X, graph.reduce("ReduceMean", X, axes, keep=True))
    count = own.constant(float(prod(layer.input_shape[axis - 1] for axis in axes)))
    squares = graph.reduce("ReduceSumSquare", centred, axes, keep=True)
    variance = graph.op("Div", squares, count)
    deviation = graph.op("Sqrt", graph.op("Add", variance, own.constant(function.epsilon)))
    Z = graph.op("Mul", centred, graph.op("Reciprocal", deviation))
    if not function.affine:
        return Z
    after = 0 if function.over == "last" else rank - 2
    g, b = (own.constant(_spread(own.own(layer, name), after)) for name in "gb")
    return graph.op("Add", graph.op("Mul", Z, g), b)


def _batch_norm(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return (X − mean)·(g·s) + b, s = 1/√(variance + epsilon); the mean goes first."""
    function = layer.function
    assert isinstance(function, BatchNorm)
    after = len(layer.input_shape) - 1
    s = 1 / np.sqrt(own.own(layer, "variance") + function.epsilon)
    scale = s * own.own(layer, "g") if function.affine else s
    mean, scale = _spread(own.own(layer, "mean"), after), _spread(scale, after)
    centred = own.graph.op("Sub", X, own.constant(mean))
    Z = own.graph.op("Mul", centred, own.constant(scale))
    if not function.affine:
        return Z
    return own.graph.op("Add", Z, own.constant(_spread(own.own(layer, "b"), after)))


def _spread(parameter: Array, after: int) -> Array:
    """Return a parameter of an axis, with axes of one number after it."""
    return parameter.reshape(-1, *[1] * after)


def _softmax(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return exp(X) over its sum."""
    return own.graph.op("Softmax", X, axis=-1)


def _log_softmax(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return (X − max) − log1p(Σ of the others' exp), which keeps the digits of small ones."""
    graph = own.graph
    top = graph.op("ArgMax", X, axis=-1, keepdims=1)
    places = graph.constant(np.arange(layer.input_shape[-1]), np.int64, "places")
    shifted = graph.op("Sub", X, graph.op("GatherElements", X, top, axis=-1))
    is_top = graph.op("Equal", places, top)
    others = graph.op("Where", is_top, own.constant(0.0), graph.op("Exp", shifted))
    rest = graph.reduce("ReduceSum", others, (len(layer.input_shape),), keep=True)
    return graph.op("Sub", shifted, write_rule(graph, log1p(local("x")), {"x": rest}))


def _flatten(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return the numbers of each sample on one axis."""
    return own.graph.reshape(X, layer.output_shape)


def _nothing(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return X: dropout, as it predicts."""
    return X


def _residual(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return X + F(X)."""
    return own.graph.op("Add", X, own.sequence(layer.inner, X))


Write = Callable[[Layers, Layer, Tensor], Tensor]

OPERATORS: dict[Any, Write] = {Linear: _linear, Conv2d: _conv, AvgPool2d: _average}
"""Lines that ONNX has an operator for; those of subclasses may be others."""

KINDS: dict[Any, Write] = {
    EmbeddingBag: _bag,
    Multilinear: _line,
    Elementwise: _elementwise,
    Softmax: _softmax,
    LogSoftmax: _log_softmax,
    MaxPool2d: _maximum,
    LayerNorm: _layer_norm,
    BatchNorm: _batch_norm,
    Flatten: _flatten,
    Dropout: _nothing,
    Residual: _residual,
}
"""How each kind of function is written: by the first class whose instance it is."""
