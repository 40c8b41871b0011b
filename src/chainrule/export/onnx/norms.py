"""Normalisations: means are subtracted before anything is divided, as large ones cancel."""

from __future__ import annotations

from math import prod

import numpy as np

from chainrule.export.onnx.graph import Tensor
from chainrule.export.onnx.layers import Layers
from chainrule.functions import BatchNorm, LayerNorm
from chainrule.layout import Layer
from chainrule.types import Array

__all__ = ["write_batch_norm", "write_layer_norm"]


def write_layer_norm(own: Layers, layer: Layer, X: Tensor) -> Tensor:
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


def write_batch_norm(own: Layers, layer: Layer, X: Tensor) -> Tensor:
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
