"""Functions that are lines of index notation: the line, and its gradients by the calculus."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from chainrule import notation
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import element
from chainrule.export.lowering.base import BlockKind
from chainrule.export.lowering.lines import line_operands, write_line
from chainrule.functions import EmbeddingBag, Multilinear
from chainrule.layout import Layer
from chainrule.mathematics import equal, where

__all__ = ["EmbeddingBagKind", "MultilinearKind"]


class MultilinearKind(BlockKind):
    """Loops over the letters of a line."""

    replaced: ClassVar[tuple[str, ...]] = ("forward", "backprop")

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write the line."""
        function = layer.function
        assert isinstance(function, Multilinear)
        write_line(b, *line_operands(function, layer.input_shape, layer.output_shape))

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write the line's gradients."""
        function = layer.function
        assert isinstance(function, Multilinear)
        line, operands = line_operands(function, layer.input_shape, layer.output_shape)
        for name in (*layer.names, *(["X"] if input_gradient else [])):
            if name in line.names:
                write_line(b, notation.gradient(line, name, rename=False), operands)
            else:
                with b.loop("e", prod(operands.shapes[name])) as e:
                    b.store(element(f"d{name}", e), 0.0)


class EmbeddingBagKind(MultilinearKind):
    """The line of a bag, and the mean, which is no line: X is divided by its sum first."""

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write Y = Σ_p X[p] A[p,d], divided by Σ X for a mean."""
        super().write_forward(b, layer)
        function = layer.function
        assert isinstance(function, EmbeddingBag)
        if function.mode == "mean":
            r = self._reciprocal(b, layer)
            with b.loop("d", layer.output_shape[0]) as d:
                b.store(element("Y", d), element("Y", d) * r)

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dA[p,d] = X[p] dY[d] and dX[p] = Σ_d dY[d] A[p,d], those of the mean likewise."""
        function = layer.function
        assert isinstance(function, EmbeddingBag)
        super().write_backprop(b, layer, input_gradient=input_gradient)
        if function.mode == "sum":
            return
        (tokens,), (dimensions,) = layer.input_shape, layer.output_shape
        r = self._reciprocal(b, layer)
        with b.loop("e", tokens * dimensions) as e:
            b.store(element("dA", e), element("dA", e) * r)
        if not input_gradient:
            return
        # The weights are X/Σ X, so a token also dilutes the others: hence − Y.
        along = b.let("along", 0.0, changes=True)
        with b.loop("d", dimensions) as d:
            b.add(along, element("dY", d) * element("Y", d))
        with b.loop("p", tokens) as p:
            b.store(element("dX", p), (element("dX", p) - along) * r)

    def _reciprocal(self, b: Block, layer: Layer) -> object:
        """Write 1/Σ_p X[p], 0 for an empty bag."""
        total = b.let("total", 0.0, changes=True)
        with b.loop("p", layer.input_shape[0]) as p:
            b.add(total, element("X", p))
        return b.let("r", where(equal(total, 0), 0.0, 1 / total))
