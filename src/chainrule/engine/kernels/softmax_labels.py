"""Softmax and cross-entropy of few outputs and class numbers: a sample in each lane.

The same numbers as :func:`chainrule.engine.kernels.losses.softmax_cross_entropy` makes, a sample
after another: sums over outputs go by halves as its sums over lanes do. But none of them waits for
shuffles, nothing is computed beyond the last output, and scalars of a sample take no turn each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.engine.kernels.others import exponential
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.lanes import lanes_before, transposed
from chainrule.engine.language.values import Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.mathematics import equal, log1p, maximum

MOST_VECTORS = 4
"""Of a sample's outputs: so many are kept in scratch."""


def emit(k: KernelBuilder) -> None:
    """Emit the kernel's body, for as many samples at a time as a vector has lanes.

    Where fewer are left, lanes beyond take the last sample once more.
    """
    kept, rows = k.allocate(MOST_VECTORS * k.lanes), k.allocate(k.lanes)
    with k.loop(k.argument("first"), k.argument("last"), k.lanes) as n:
        tile = _Tile(k, n, kept, rows)
        top = tile.load()
        below, rest = tile.exponentials(top)
        losses = k.argument("losses") + n * k.item
        k.store_first(below + log1p(rest), losses, tile.count)
        tile.gradients(rest)
        tile.store()


class _Tile:
    """Some samples: their outputs are kept one after another, a vector of all samples for each."""

    def __init__(self, k: KernelBuilder, n: Integer, kept: Integer, rows: Integer) -> None:
        self.k, self.n, self.kept, self.rows = k, n, kept, rows
        self.count = k.argument("last") - n
        self.outputs = k.argument("outputs")
        self.vectors = (self.outputs + (k.lanes - 1)) // k.lanes
        with k.loop(0, k.lanes) as r:
            offset = k.load_integer(k.argument("targets") + self._sample(r) * 8)
            label = k.to_number(k.load_integer(k.argument("t") + offset))
            k.store_scratch_number(label, rows + r * k.format.compute_dtype.itemsize)
        self.labels = k.load_scratch(rows)

    def load(self) -> Vector:
        """Keep the outputs; return each sample's largest."""
        k, lowest = self.k, self.k.constant(float("-inf"))
        with k.loop(0, self.vectors, carry=[lowest]) as turn:
            inside = lanes_before(self.outputs - turn.index * k.lanes)
            place = k.argument("y") + turn.index * k.argument("vector_stride")
            with k.loop(0, k.lanes) as r:
                row = select(inside, k.load(place + self._sample(r) * VECTOR), lowest)
                k.store_scratch(row, self._row(r))
            columns = transposed(self._rows())
            for lane, column in enumerate(columns):
                k.store_scratch(column, self._output(turn.index * k.lanes + lane))
            turn.following = [maximum(turn.carried[0], _by_halves(columns, maximum))]
        largest: Vector = turn.carried[0]
        return largest

    def exponentials(self, top: Vector) -> tuple[Vector, Vector]:
        """Keep exp(z − top); return how far the class's z is below, and Σ e without the largest."""
        k, zero = self.k, self.k.constant(0.0)
        for lane in range(k.lanes):
            k.store_scratch(zero, self._row(lane))
        with k.loop(0, self.outputs, carry=[zero, zero, zero]) as turn:
            number, ties, own = turn.carried
            z = k.load_scratch(self._output(turn.index))
            e = exponential(z - top, z, top)
            k.store_scratch(e, self._output(turn.index))
            largest, total = equal(e, 1.0), self._row(turn.index % k.lanes)
            k.store_scratch(k.load_scratch(total) + select(largest, zero, e), total)
            own = select(equal(self.labels, number), z, own)
            turn.following = [number + 1, ties + select(largest, k.constant(1.0), zero), own]
        _, ties, own = turn.carried
        return top - own, _by_halves(self._rows(), lambda a, b: a + b) + (ties - 1)

    def gradients(self, rest: Vector) -> None:
        """Put (softmax(z) − t) times the samples' weights in the place of exponentials."""
        k, zero, whole = self.k, self.k.constant(0.0), rest + 1
        weights = k.load_first(k.argument("normalized_weights") + self.n * k.item, self.count)
        with k.loop(0, self.outputs, carry=[zero]) as turn:
            (number,) = turn.carried
            e = k.load_scratch(self._output(turn.index))
            difference = select(equal(self.labels, number), -(rest + (1 - e)), e)
            k.store_scratch(difference / whole * weights, self._output(turn.index))
            turn.following = [number + 1]
        with k.loop(self.outputs, self.vectors * k.lanes) as beyond:
            k.store_scratch(zero, self._output(beyond))

    def store(self) -> None:
        """Put what is kept where gradients lie."""
        k = self.k
        with k.loop(0, self.vectors) as v:
            place = k.argument("gradient") + v * k.argument("vector_stride") + self.n * VECTOR
            lanes = range(k.lanes)
            columns = [k.load_scratch(self._output(v * k.lanes + lane)) for lane in lanes]
            for r, row in enumerate(transposed(columns)):
                k.store_scratch(row, self._row(r))
            with k.loop(0, _smaller(self.count, k.integer(k.lanes))) as r:
                k.store(k.load_scratch(self._row(r)), place + r * VECTOR)

    def _sample(self, r: Integer) -> Integer:
        """Return the number of a lane's sample."""
        return _smaller(self.n + r, self.k.argument("last") - 1)

    def _output(self, number: Integer) -> Integer:
        return self.kept + number * self.k.wide

    def _row(self, number: Integer | int) -> Integer:
        return self.rows + number * self.k.wide

    def _rows(self) -> list[Vector]:
        return [self.k.load_scratch(self._row(r)) for r in range(self.k.lanes)]


def _by_halves(values: Sequence[Vector], combine: Callable[[Any, Any], Any]) -> Vector:
    """Return values combined as the lanes of a vector are when it is reduced."""
    while len(values) > 1:
        half = len(values) // 2
        values = [combine(x, y) for x, y in zip(values[:half], values[half:], strict=True)]
    return values[0]


def _smaller(x: Integer, y: Integer) -> Integer:
    """Return the smaller one of two whole numbers."""
    return Integer(x.body, x.body.builder.select((x < y).value, x.value, y.value))
