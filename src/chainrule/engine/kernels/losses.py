"""Losses of samples, and the gradients by the outputs, in one pass.

A sample's outputs lie in the panels at ``y``, a vector in each; its targets at ``t`` plus the
offset that ``targets`` has for it: a class number of 64 bits, or a row of numbers. Lanes beyond
the last output count for nothing, and get the gradient 0. The gradient may be written over the
outputs: each of them is read before its gradient is there.
"""

from __future__ import annotations

from chainrule.engine.kernels.library import CompiledKernel, Library
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import first_lane, lanes_before, one_hot, reduce, spread
from chainrule.engine.language.values import Condition, Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.losses import ElementwiseLoss, Loss
from chainrule.mathematics import exp, log, maximum

FIELDS = fields("first last outputs y gradient vector_stride t targets normalized_weights losses")


class _Sample:
    """A sample of the batch: where its numbers are."""

    def __init__(self, k: KernelBuilder, n: Integer) -> None:
        self.k, self.n = k, n
        self.y = k.argument("y") + n * VECTOR
        self.gradient = k.argument("gradient") + n * VECTOR
        self.target = k.argument("t") + k.load_integer(k.argument("targets") + n * 8)
        self.weight = k.load_number(k.argument("normalized_weights") + n * k.item)

    def place(self, vector: Integer) -> Integer:
        """Return how far a vector is from the first."""
        stride: Integer = self.k.argument("vector_stride")
        return vector * stride

    def inside(self, vector: Integer) -> Condition:
        """Return which lanes of a vector are outputs."""
        return lanes_before(self.rest(vector))

    def rest(self, vector: Integer) -> Integer:
        """Return how many outputs there are from a vector on."""
        return self.k.argument("outputs") - vector * self.k.lanes

    def numbers(self, vector: Integer) -> Vector:
        """Return the targets that belong to a vector, zeros beyond the last."""
        return self.k.load_first(self.target + vector * VECTOR, self.rest(vector))

    def keep(self, loss: Vector) -> None:
        """Keep the sample's loss."""
        self.k.store_number(loss, self.k.argument("losses") + self.n * self.k.item)


def _vectors(k: KernelBuilder) -> Integer:
    return (k.argument("outputs") + (k.lanes - 1)) // k.lanes


@kernel(*FIELDS)
def elementwise(k: KernelBuilder, loss: ElementwiseLoss) -> None:
    """Mean or sum of error(y, t) over outputs; the gradient likewise, times the sample's weight."""
    zero = k.constant(0.0)
    mean = loss.outputs == "mean"
    outputs = k.to_number(k.argument("outputs"))
    with k.loop(k.argument("first"), k.argument("last")) as n:
        sample = _Sample(k, n)
        weight = spread(sample.weight)
        with k.loop(0, _vectors(k), carry=[zero]) as turn:
            v, (total,) = turn.index, turn.carried
            inside, place = sample.inside(v), sample.place(v)
            y, t = k.load(sample.y + place), sample.numbers(v)
            y = select(inside, y, k.constant(0.5))  # where every loss is finite
            error = select(inside, loss.error(y, t), zero)
            slope = loss.derivative(y, t)
            slope = (slope / spread(outputs) if mean else slope) * weight
            k.store(select(inside, slope, zero), sample.gradient + place)
            turn.following = [total + error]
        whole = reduce(turn.carried[0], lambda a, b: a + b)
        sample.keep(whole / outputs if mean else whole)


@kernel(*FIELDS)
def softmax_cross_entropy(k: KernelBuilder, *, labels: bool) -> None:
    """Log Σ exp(z) − Σ t z; gradient (softmax(z) − t) times the sample's weight."""
    zero, lowest = k.constant(0.0), k.constant(float("-inf"))
    with k.loop(k.argument("first"), k.argument("last")) as n:
        sample = _Sample(k, n)
        weight = spread(sample.weight)
        with k.loop(0, _vectors(k), carry=[lowest]) as turn:
            v = turn.index
            z = select(sample.inside(v), k.load(sample.y + sample.place(v)), lowest)
            turn.following = [maximum(turn.carried[0], z)]
        top = spread(reduce(turn.carried[0], maximum))
        if labels:  # before its place is written over
            label = k.load_integer(sample.target)
            lane = sample.place(label // k.lanes) + (label % k.lanes) * k.item
            hit = k.load_number(sample.y + lane) - reduce(top, lambda a, b: a)
        with k.loop(0, _vectors(k), carry=[zero, zero]) as turn:
            v, (total, matched) = turn.index, turn.carried
            inside, place = sample.inside(v), sample.place(v)
            shifted = select(inside, k.load(sample.y + place) - top, zero)
            e = select(inside, exp(shifted), zero)
            k.store(e, sample.gradient + place)
            if not labels:
                matched = matched + sample.numbers(v) * shifted
            turn.following = [total + e, matched]
        whole = reduce(turn.carried[0], lambda a, b: a + b)
        if not labels:
            hit = reduce(turn.carried[1], lambda a, b: a + b)
        sample.keep(log_of(k, whole) - hit)
        with k.loop(0, _vectors(k)) as v:
            place = sample.gradient + sample.place(v)
            y = k.load(place) / spread(whole)
            if labels:
                first = v * k.lanes
                t = one_hot(label - first)
            else:
                t = sample.numbers(v)
            k.store((y - t) * weight, place)


def log_of(k: KernelBuilder, number: Vector) -> Vector:
    """Return the logarithm of one number."""
    return first_lane(log(spread(number)))


def of(library: Library, loss: Loss, *, labels: bool) -> CompiledKernel:
    """Return the kernel of a loss; ``labels`` are class numbers, else targets are rows."""
    if isinstance(loss, ElementwiseLoss):
        return library.get(elementwise, loss)
    return library.get(softmax_cross_entropy, labels=labels)
