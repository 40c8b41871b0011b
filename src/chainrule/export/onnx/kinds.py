"""How each kind of function is written: fills the tables."""

from __future__ import annotations

import numpy as np

from chainrule.export.language.expressions import as_expression, local
from chainrule.export.lowering.elementwise import read
from chainrule.export.onnx.graph import Tensor
from chainrule.export.onnx.layers import KINDS, OPERATORS, Layers
from chainrule.export.onnx.lines import LineWriter
from chainrule.export.onnx.norms import write_batch_norm, write_layer_norm
from chainrule.export.onnx.rules import log1p, write_rule
from chainrule.export.onnx.windows import write_average, write_conv, write_maximum
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
from chainrule.layout import Layer


def _elementwise(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return y = value(x)."""
    function = layer.function
    assert isinstance(function, Elementwise)
    value = as_expression(read(function, "value", function.value, local("x")))
    Y = write_rule(own.graph, value, {"x": X})
    if any(part.operation == "local" for part in value.walk()):
        return Y
    return own.graph.op("Expand", Y, own.graph.op("Shape", X))  # the same number everywhere


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


def _softmax(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return exp(X) over its sum."""
    return own.graph.op("Softmax", X, axis=-1)


def _log_softmax(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return (X − max) − log1p(Σ of the others' exp), which keeps the digits of small ones."""
    graph = own.graph
    top = graph.op("ArgMax", X, axis=-1, keepdims=1)
    places = graph.constant(np.arange(layer.input_shape[-1]), np.int64, "places")
    shifted = graph.op("Sub", X, graph.op("GatherElements", X, top, axis=len(layer.input_shape)))
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


OPERATORS.update({Linear: _linear, Conv2d: write_conv, AvgPool2d: write_average})

KINDS.update(
    {
        EmbeddingBag: _bag,
        Multilinear: _line,
        Elementwise: _elementwise,
        Softmax: _softmax,
        LogSoftmax: _log_softmax,
        MaxPool2d: write_maximum,
        LayerNorm: write_layer_norm,
        BatchNorm: write_batch_norm,
        Flatten: _flatten,
        Dropout: _nothing,
        Residual: _residual,
    }
)
