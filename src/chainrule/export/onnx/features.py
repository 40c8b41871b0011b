"""Features of a table in a graph: columns of numbers are computed together, then put in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule import mathematics as m
from chainrule.export.language.expressions import Expression, local
from chainrule.export.onnx.graph import Graph, Tensor
from chainrule.export.onnx.rules import write_rule
from chainrule.inputs.tables.numbers import NumericColumn
from chainrule.inputs.tables.piecewise import FARTHEST, LARGEST, PiecewiseColumn

__all__ = ["Features"]

NumberColumn = NumericColumn | PiecewiseColumn


class Features:
    """Features in double, each tensor with the places where its features belong.

    Parameters
    ----------
    graph : Graph
        Where the nodes go.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._parts: list[tuple[Tensor, list[int]]] = []
        self._numbers: list[tuple[NumberColumn, Tensor, int]] = []

    def add(self, features: Tensor, places: Sequence[int]) -> None:
        """Take features (n, f) that belong at places."""
        self._parts.append((features, list(places)))

    def number(self, column: NumberColumn, x: Tensor, start: int) -> None:
        """Take a number (n, 1), perhaps NaN, whose features begin at a place."""
        self._numbers.append((column, x, start))

    def rule(self, value: Any, start: int, **values: Tensor) -> None:
        """Take one feature, by an expression of tensors."""
        self.add(write_rule(self.graph, value, values, np.float64), [start])

    def written(self) -> Tensor:
        """Return all features (n, f) in their order."""
        for kind, write in ((NumericColumn, self._numeric), (PiecewiseColumn, self._piecewise)):
            own = [each for each in self._numbers if isinstance(each[0], kind)]
            if own:
                write(own)
        tensors = [tensor for tensor, _ in self._parts]
        places = [place for _, own in self._parts for place in own]
        whole = self.graph.op("Concat", *tensors, axis=1) if len(tensors) > 1 else tensors[0]
        return self._taken(whole, np.argsort(places).tolist())

    def _taken(self, X: Tensor, places: Sequence[int]) -> Tensor:
        """Return columns of X (n, f), of which there are as many or fewer."""
        if list(places) == list(range(len(places))):
            return X
        return self.graph.op("Gather", X, self.graph.whole(*places), axis=1)

    def _together(self, own: Sequence[tuple[Any, Tensor, int]]) -> Tensor:
        """Return the numbers (n, k) of columns, and take whether they are missing."""
        graph = self.graph
        x = graph.op("Concat", *(x for _, x, _ in own), axis=1) if len(own) > 1 else own[0][1]
        missing = [place for place, (column, _, _) in enumerate(own) if column.missing]
        if missing:
            some = x
            if len(missing) < len(own):
                some = graph.op("Gather", x, graph.whole(*missing), axis=1)
            gone = write_rule(graph, m.where(_known(local("x")), 0.0, 1.0), {"x": some}, np.float64)
            last = [start + len(column.feature_names) - 1 for column, _, start in own]
            self.add(gone, [last[place] for place in missing])
        return x

    def _constant(self, numbers: Any) -> Tensor:
        return self.graph.constant(numbers, np.float64)

    def _numeric(self, own: Sequence[tuple[Any, Tensor, int]]) -> None:
        """Write (x − mean) / scale, with the median where a cell is missing."""
        x = local("x")
        value = (m.where(_known(x), x, local("median")) - local("mean")) / local("scale")
        values = {
            name: self._constant([getattr(column, name) for column, _, _ in own])
            for name in ("median", "mean", "scale")
        }
        values["x"] = self._together(own)
        features = write_rule(self.graph, value, values, np.float64)
        self.add(features, [start for _, _, start in own])

    def _piecewise(self, own: Sequence[tuple[Any, Tensor, int]]) -> None:
        """Write z/√(1 + (z/3)²), and how far numbers are into each bin."""
        columns = [column for column, _, _ in own]
        x, v, z = local("x"), local("v"), local("z")
        values = {
            "x": self._together(own),
            "median": self._constant([column.median for column in columns]),
            "scale": self._constant([column.scale for column in columns]),
            "instead": self._constant([-LARGEST if c.missing else c.median for c in columns]),
        }

        def written(rule: Any) -> Tensor:
            return write_rule(self.graph, rule, values, np.float64)

        inside = m.maximum(m.minimum(x, LARGEST), -LARGEST)
        values["v"] = written(m.where(_known(x), inside, local("instead")))
        scaled = (v - local("median")) / local("scale")
        values["z"] = written(m.maximum(m.minimum(scaled, FARTHEST), -FARTHEST))
        clipped = written(m.where(_known(x), z / m.sqrt(1 + z / 3 * (z / 3)), 0.0))
        self.add(clipped, [start for _, _, start in own])
        if not any(column.bins for column in columns):
            return
        source = [place for place, column in enumerate(columns) for _ in range(column.bins)]
        binned = [column for column in columns if column.bins]
        values["low"] = self._constant(np.concatenate([c.edges[:-1] for c in binned]))
        values["size"] = self._constant(np.concatenate([np.diff(c.edges) for c in binned]))
        values["height"] = self._constant([columns[place].height for place in source])
        if len(columns) > 1:
            values["v"] = self._taken(values["v"], source)
        part = m.maximum(m.minimum((v - local("low")) / local("size"), 1.0), 0.0)
        places = [start + 1 + t for column, _, start in own for t in range(column.bins)]
        self.add(written(part * local("height")), places)


def _known(x: Expression) -> Any:
    return m.equal(x, x)
