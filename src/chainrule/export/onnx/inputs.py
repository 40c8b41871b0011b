"""The inputs of a graph, and what makes X of them: a function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.export.onnx.layers import Layers
from chainrule.export.onnx.tables import write_table
from chainrule.export.scaling import RowScaling
from chainrule.export.walk import Network
from chainrule.functions import EmbeddingBag
from chainrule.inputs import Images, Inputs, Rows, TableEncoder, Texts
from chainrule.inputs.scaling import ImageScaling
from chainrule.layout import Layer

__all__ = ["INPUT_KINDS", "write_counts", "write_encoded", "write_inputs"]

Axes = tuple[int | str, ...]

Told = list[dict[str, Any]]
"""Of each input its name, its column if it has one, its type, its shape, and what it is."""


PLACES = (
    "the places of each text's features among {count}: a row of the sparse matrix that the "
    "estimator's inputs_.encode(texts) returns, its indices, or features(text).places of a module "
    "in JavaScript; 0 behind the last, to the longest row"
)
WEIGHTS = "what these features weigh: the row's data, or features(text).weights; 0 behind the last"
"""What is told of the two inputs of a network of texts."""


def _told(name: str, kind: str, shape: Axes, meaning: str) -> Told:
    return [{"input": name, "type": kind, "shape": list(shape), "meaning": meaning}]


def _rows(graph: Graph, inputs: Rows) -> tuple[Tensor, Told]:
    """Return the numbers themselves."""
    shape = ("N", inputs.count)
    X = graph.input("X", np.float32, shape)
    return X, _told(X, "float", shape, f"rows of {inputs.count} numbers")


def _scaled(graph: Graph, count: int, scalings: Sequence[RowScaling]) -> tuple[Tensor, Told]:
    """Return rows as scalers make them, (x − shift) / divisor, in double."""
    x = X = graph.input("X", np.float64, ("N", count))
    for scaling in scalings:
        shift = graph.constant(scaling.shift, np.float64, "shift")
        divisor = graph.constant(scaling.divisor, np.float64, "divisor")
        X = graph.op("Div", graph.op("Sub", X, shift), divisor)
    told = _told(
        x, "double", ("N", count), f"rows of {count} numbers, as {scalings[0].name} takes them"
    )
    return graph.cast(X, np.float32), told


def _standardised(graph: Graph, X: Tensor, scaling: ImageScaling) -> Tensor:
    """Return (X − mean) / scale; what the mean loses in float is subtracted after it."""
    mean = np.reshape(scaling.mean, (-1, 1, 1))
    high = mean.astype(np.float32)
    X = graph.op("Sub", X, graph.constant(high, np.float32))
    if (mean != high).any():
        X = graph.op("Sub", X, graph.constant(mean - high, np.float32))
    scale = np.reshape(scaling.scale, (-1, 1, 1))
    return graph.op("Div", X, graph.constant(scale, np.float32))


def _images(graph: Graph, inputs: Images) -> tuple[Tensor, Told]:
    """Return X[c,i,j] = (x − mean[c]) / scale[c], of pixels in the order of the raw images."""
    shape: Axes = ("N", *inputs.given)
    x = X = graph.input("X", np.float32, shape)
    if inputs.format == "nhw":
        X = graph.unsqueeze(X, 1)
    elif inputs.format == "nhwc":
        X = graph.op("Transpose", X, perm=[0, 3, 1, 2])
    if inputs.scaling is not None:
        X = _standardised(graph, X, inputs.scaling)
    rows = f"; rows of {inputs.raw_count} pixels in that shape, too" if inputs.rows else ""
    return X, _told(x, "float", shape, f"{inputs.describe()}, raw, {inputs.format}{rows}")


def _texts(graph: Graph, inputs: Texts) -> tuple[Tensor, Told]:
    raise ValueError(
        "export: ONNX has no operators that split texts as training did; with encoded=True "
        "(--encoded) the file begins with the features that .inputs_.encode(texts) gives"
    )


INPUT_KINDS: dict[type[Inputs], Callable[[Graph, Any], tuple[Tensor, Told]]] = {
    Rows: _rows,
    Images: _images,
    TableEncoder: write_table,
    Texts: _texts,
}
"""The kinds of inputs that there are operators for, and what writes them."""


def write_inputs(graph: Graph, network: Network) -> tuple[Tensor, Told]:
    """Return X (n, …) as the first layer takes it, of raw samples; and what these are."""
    inputs = network.inputs
    if inputs is None:
        return write_encoded(graph, network)
    if network.scalings:
        return _scaled(graph, inputs.raw_count, network.scalings)
    for kind, write in INPUT_KINDS.items():
        if isinstance(inputs, kind):
            return write(graph, inputs)
    raise ValueError(
        f"{network.title}: cannot be exported to ONNX: expected inputs of rows, images or tables, "
        f"got those of kind {inputs.kind!r}; encoded=True begins with what they make"
    )


def write_encoded(graph: Graph, network: Network) -> tuple[Tensor, Told]:
    """Return X (n, …), an input as the first layer takes it."""
    shape: Axes = ("N", *network.input_shape)
    X = graph.input("X", np.float32, shape)
    return X, _told(X, "float", shape, "what the first layer takes")


def write_counts(graph: Graph, own: Layers, first: Layer) -> tuple[Tensor, Told, bool]:
    """Return what texts' features make, and whether the first layer is in it already.

    Features are too many for a row of numbers: of each text its own are given, by their places and
    their weights, which are 0 behind the last one. A bag of embeddings takes these as they are; for
    any other layer the row is written out.
    """
    places = graph.input("places", np.int64, ("N", "L"))
    weights = graph.input("weights", np.float32, ("N", "L"))
    features = f"{prod(first.input_shape):,}"
    told = _told(places, "int64", ("N", "L"), PLACES.format(count=features))
    told += _told(weights, "float", ("N", "L"), WEIGHTS)
    function = first.function
    if isinstance(function, EmbeddingBag) and function.mode == "sum":
        rows = graph.op("Gather", own.parameter(first, "A"), places, axis=0)
        bag = graph.op("MatMul", graph.unsqueeze(weights, 1), rows)
        return graph.op("Squeeze", bag, graph.whole(1)), told, True
    count = graph.op("Gather", graph.op("Shape", places), graph.whole(0), axis=0)
    shape = graph.op("Concat", count, graph.whole(*first.input_shape), axis=0)
    zeros = graph.op("Expand", graph.constant(0.0, np.float32), shape)
    X = graph.op("ScatterElements", zeros, places, weights, axis=1, reduction="add")
    return X, told, False
