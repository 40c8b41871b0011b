"""Maximum pooling: the largest number of each window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, prod

from chainrule import mathematics as m
from chainrule.export.language.blocks import Block
from chainrule.export.language.expressions import Index, element
from chainrule.export.language.statements import Bound
from chainrule.export.lowering.base import BlockKind
from chainrule.export.lowering.lines import flat_index
from chainrule.functions.sliding import Axis, window_axes
from chainrule.layout import Layer

__all__ = ["MaxPoolKind"]


class MaxPoolKind(BlockKind):
    """Y[c,i,j] = max over (u,v) of X[c,s*i+u-p,s*j+v-p], outside of X nothing."""

    def write_forward(self, b: Block, layer: Layer) -> None:
        """Write a search in each window."""
        with _windows(b, layer) as Y:
            largest = b.let("largest", -inf, changes=True)
            with _taps(b, layer) as X:
                b.store(largest, m.maximum(largest, element("X", X)))
            b.store(element("Y", Y), largest)

    def write_backprop(self, b: Block, layer: Layer, *, input_gradient: bool) -> None:
        """Write dX: dY goes back to the place of each window's first maximum."""
        if not input_gradient:
            return
        with b.loop("e", prod(layer.input_shape)) as e:
            b.store(element("dX", e), 0.0)
        with _windows(b, layer) as Y:
            place = b.place("place", 0)
            largest = b.let("largest", -inf, changes=True)
            found = b.let("found", 0.0, changes=True)
            with _taps(b, layer) as X:
                x = b.let("x", element("X", X))
                first_nan = ~m.equal(x, x) & m.equal(largest, largest)
                with b.when((x > largest) | first_nan | m.equal(found, 0.0)):
                    b.store(largest, x)
                    b.store(found, 1.0)
                    b.move(place, X)
            b.add(element("dX", place), element("dY", Y))


@contextmanager
def _windows(b: Block, layer: Layer) -> Iterator[Index]:
    """Write loops over the windows, and give the place of each in Y."""
    c, i, j = layer.output_shape
    with b.loop("c", c), b.loop("i", i), b.loop("j", j):
        yield flat_index(["c", "i", "j"], layer.output_shape)


@contextmanager
def _taps(b: Block, layer: Layer) -> Iterator[Index]:
    """Write loops over the pixels of a window that are in the image, and give their places."""
    _, height, width = layer.input_shape
    rows, columns = window_axes(layer.function)
    row, starts, stops = _axis("i", "u", rows, height)
    with b.loop("u", rows.size, starts, stops):
        column, starts, stops = _axis("j", "v", columns, width)
        with b.loop("v", columns.size, starts, stops):
            yield flat_index(["c", row, column], layer.input_shape)


def _axis(window: str, tap: str, axis: Axis, size: int) -> tuple[Index, list[Bound], list[Bound]]:
    """Return the index of a tap, and where taps begin and end to be in the image."""
    first = Index.of(window) * axis.stride + -axis.before(size)
    windows = axis.length(size, axis)
    inside = axis.before(size) == 0 and (windows - 1) * axis.stride + axis.size <= size
    if inside:
        return first + tap, [], []
    return first + tap, [Bound(first * -1)], [Bound(Index.of(size) + first * -1)]
