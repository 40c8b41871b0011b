"""Softmax and its logarithm, row by row, with the digits that the textbook keeps."""

from __future__ import annotations

from chainrule import mathematics as m
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Index
from chainrule.export.lowering.base import BlockKind, rows_of
from chainrule.export.lowering.rows import (
    Row,
    exponential,
    exponentials_of,
    largest,
    largest_and_rest,
    product_of,
    sum_of_others,
)
from chainrule.layout import Layer

__all__ = ["LogSoftmaxKind", "SoftmaxKind"]


class SoftmaxKind(BlockKind):
    """Y[i] = exp(X[i] − max) / (1 + Σ of the others' exp)."""

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write the exponentials into Y, and divide them by their sum."""
        count = layer.input_shape[-1]
        for first in rows_of(b, layer.input_shape):
            X, Y = Row(count, first).of("X"), Row(count, first).of("Y")
            place = largest(b, count, X)
            top = b.let("maximum", X(Index.of(place)))
            with b.loop("i", count) as i:
                b.store(Y(Index.of(i)), exponential(X(Index.of(i)), top))
            rest = sum_of_others(b, count, place, Y)
            with b.loop("i", count) as i:
                b.store(Y(Index.of(i)), Y(Index.of(i)) / (1 + rest))

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dX[i] = Y[i]·(dY[i] Σ_{k≠i} Y[k] − Σ_{k≠i} dY[k] Y[k])."""
        count = layer.input_shape[-1]
        for first in rows_of(b, layer.input_shape) if input_gradient else ():
            row = Row(count, first)
            Y, dY, dX = row.of("Y"), row.of("dY"), row.of("dX")
            most, rest = largest_and_rest(b, count, Y)
            products = product_of(dY, Y)
            most_product, rest_product = largest_and_rest(b, count, products)
            with b.loop("i", count) as i:
                y, dy = Y(Index.of(i)), dY(Index.of(i))
                others = rest + (most - y)
                others_product = rest_product + (most_product - dy * y)
                b.store(dX(Index.of(i)), y * (dy * others - others_product))


class LogSoftmaxKind(BlockKind):
    """Y[i] = (X[i] − max) − log1p(Σ of the others' exp)."""

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write the sum of the others' exponentials, and subtract its logarithm."""
        count = layer.input_shape[-1]
        for first in rows_of(b, layer.input_shape):
            X, Y = Row(count, first).of("X"), Row(count, first).of("Y")
            place = largest(b, count, X)
            top = b.let("maximum", X(Index.of(place)))
            rest = sum_of_others(b, count, place, exponentials_of(X, top))
            logarithm = b.let("logarithm", m.log1p(rest))
            with b.loop("i", count) as i:
                b.store(Y(Index.of(i)), (X(Index.of(i)) - top) - logarithm)

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dX[i] = −dY[i]·expm1(Y[i]) − exp(Y[i])·Σ_{k≠i} dY[k]."""
        count = layer.input_shape[-1]
        for first in rows_of(b, layer.input_shape) if input_gradient else ():
            row = Row(count, first)
            Y, dY, dX = row.of("Y"), row.of("dY"), row.of("dX")
            most, rest = largest_and_rest(b, count, dY)
            with b.loop("i", count) as i:
                y, dy = Y(Index.of(i)), dY(Index.of(i))
                b.store(dX(Index.of(i)), -dy * m.expm1(y) - m.exp(y) * (rest + (most - dy)))
