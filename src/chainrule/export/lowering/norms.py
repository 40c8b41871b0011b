"""Layer normalisation, and batch normalisation as it predicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

from chainrule import mathematics as m
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Expression, Index, element
from chainrule.export.lowering.base import BlockKind
from chainrule.functions import BatchNorm, LayerNorm
from chainrule.layout import Layer

__all__ = ["BatchNormKind", "LayerNormKind"]


class LayerNormKind(BlockKind):
    """Y = Z·g + b with Z = (X − m)·s: mean and variance of each group of numbers."""

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write mean, variance and Y of each group."""
        affine = _affine(layer)
        with _group(b, layer) as base:
            mean, s = self._moments(b, layer, base)
            with _numbers(b, layer, base) as (at, c):
                z = (element("X", at) - mean) * s
                b.store(element("Y", at), z * element("g", c) + element("b", c) if affine else z)

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dX = s·(dZ − mean(dZ) − Z·mean(dZ·Z)), dg = Σ dY·Z and db = Σ dY."""
        affine = _affine(layer)
        _, channels, inner, _ = _axes(layer)
        if affine:
            with b.loop("c", channels) as c:
                b.store(element("dg", c), 0.0)
                b.store(element("db", c), 0.0)
        with _group(b, layer) as base:
            mean, s = self._moments(b, layer, base)
            total = b.let("total", 0.0, changes=True)
            along = b.let("along", 0.0, changes=True)
            with _numbers(b, layer, base) as (at, c):
                z = b.let("z", (element("X", at) - mean) * s)
                dy = element("dY", at)
                dz = b.let("dz", dy * element("g", c) if affine else dy)
                if affine:
                    b.add(element("dg", c), dy * z)
                    b.add(element("db", c), dy)
                b.add(total, dz)
                b.add(along, dz * z)
            if input_gradient:
                with _numbers(b, layer, base) as (at, c):
                    z = b.let("z", (element("X", at) - mean) * s)
                    dy = element("dY", at)
                    dz = dy * element("g", c) if affine else dy
                    k = channels * inner
                    b.store(element("dX", at), s * (dz - total / k - z * (along / k)))

    def _moments(self, b: Block, layer: Layer, base: Index) -> tuple[Expression, Expression]:
        """Write the mean of a group, and 1/√(variance + epsilon)."""
        function = layer.function
        assert isinstance(function, LayerNorm)
        _, channels, inner, _ = _axes(layer)
        k = channels * inner
        sum_ = b.let("sum", 0.0, changes=True)
        with _numbers(b, layer, base) as (at, _):
            b.add(sum_, element("X", at))
        mean = b.let("mean", sum_ / k)
        squares = b.let("squares", 0.0, changes=True)
        with _numbers(b, layer, base) as (at, _):
            centred = b.let("centred", element("X", at) - mean)
            b.add(squares, centred * centred)
        return mean, b.let("s", 1 / m.sqrt(squares / k + function.epsilon))


def _affine(layer: Layer) -> bool:
    return "g" in layer.names


def _axes(layer: Layer) -> tuple[int, int, int, int]:
    """Return the sizes of groups, channels, and pixels, and how far channels are apart."""
    shape, over = layer.input_shape, getattr(layer.function, "over", "sample")
    if over == "last":
        return prod(shape[:-1]), shape[-1], 1, 1
    pixels = prod(shape[1:])
    if over == "channels":
        return pixels, shape[0], 1, pixels
    return 1, shape[0], pixels, pixels


@contextmanager
def _group(b: Block, layer: Layer) -> Iterator[Index]:
    """Write a loop over groups, if there are several, and give the place of the first number."""
    groups, channels, _, _ = _axes(layer)
    if groups == 1:
        yield Index()
        return
    last = getattr(layer.function, "over", "sample") == "last"
    with b.loop("q", groups) as q:
        yield Index.of(q) * (channels if last else 1)


@contextmanager
def _numbers(b: Block, layer: Layer, base: Index) -> Iterator[tuple[Index, Index]]:
    """Write loops over the numbers of a group, and give the place of each, and its channel."""
    _, channels, inner, apart = _axes(layer)
    with b.loop("c", channels) as c:
        at = base + Index.of(c) * apart
        if inner == 1:
            yield at, Index.of(c)
            return
        with b.loop("p", inner) as p:
            yield at + p, Index.of(c)


class BatchNormKind(BlockKind):
    """Y = Z·g + b with Z = (X − mean)·s, s = 1/√(variance + epsilon), as training left them."""

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write Y of each channel."""
        affine = _affine(layer)
        with _channel(b, layer) as c:
            mean, s = element("mean", c), self._scale(b, layer, c)
            with b.loop("p", prod(layer.input_shape[1:])) as p:
                at = _pixel(layer, c, p)
                z = (element("X", at) - mean) * s
                b.store(element("Y", at), z * element("g", c) + element("b", c) if affine else z)

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dX = s·dZ, and the gradients by g, b, mean and variance."""
        affine = _affine(layer)
        names = [*(("dg", "db") if affine else ()), "dmean", "dvariance"]
        with _channel(b, layer) as c:
            mean, s = element("mean", c), self._scale(b, layer, c)
            for name in names:
                b.store(element(name, c), 0.0)
            with b.loop("p", prod(layer.input_shape[1:])) as p:
                at = _pixel(layer, c, p)
                dy = element("dY", at)
                z = b.let("z", (element("X", at) - mean) * s)
                dz = b.let("dz", dy * element("g", c) if affine else dy)
                if affine:
                    b.add(element("dg", c), dy * z)
                    b.add(element("db", c), dy)
                b.add(element("dmean", c), -(dz * s))
                b.add(element("dvariance", c), -(dz * z * s * s / 2))
                if input_gradient:
                    b.store(element("dX", at), dz * s)

    def _scale(self, b: Block, layer: Layer, c: str) -> Expression:
        function = layer.function
        assert isinstance(function, BatchNorm)
        return b.let("s", 1 / m.sqrt(element("variance", c) + function.epsilon))


@contextmanager
def _channel(b: Block, layer: Layer) -> Iterator[str]:
    with b.loop("c", layer.input_shape[0]) as c:
        yield c


def _pixel(layer: Layer, c: str, p: str) -> Index:
    return Index.of(c) * prod(layer.input_shape[1:]) + p
