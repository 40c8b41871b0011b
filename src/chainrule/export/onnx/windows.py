"""Functions of windows that slide over images: convolution and pools."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from chainrule.export.onnx.graph import Tensor
from chainrule.export.onnx.layers import Layers
from chainrule.functions import Conv2d
from chainrule.functions.sliding import window_axes
from chainrule.layout import Layer

__all__ = ["write_average", "write_conv", "write_maximum"]


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


def write_conv(own: Layers, layer: Layer, X: Tensor) -> Tensor:
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


def write_average(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return means of windows, zeros around the image among them.

    Some runtimes let the pool do the padding, which then has to count it, too.
    """
    padded = _padded(own, X, _pads(layer), 0.0)
    return own.graph.op("AveragePool", padded, **_windows(layer), count_include_pad=1)


def write_maximum(own: Layers, layer: Layer, X: Tensor) -> Tensor:
    """Return the largest numbers of windows."""
    return own.graph.op("MaxPool", _padded(own, X, _pads(layer), -inf), **_windows(layer))
