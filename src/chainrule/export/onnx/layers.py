"""Layers with their parameters, in a graph of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.export.lowering.table import kind_of
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.layout import Layer
from chainrule.types import Array

__all__ = ["KINDS", "OPERATORS", "Layers", "Write"]


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


Write = Callable[[Layers, Layer, Tensor], Tensor]

OPERATORS: dict[Any, Write] = {}
"""Lines that ONNX has an operator for; those of subclasses may be others."""

KINDS: dict[Any, Write] = {}
"""How each kind of function is written: by the first class whose instance it is.

Both are filled by :mod:`chainrule.export.onnx.kinds`.
"""
