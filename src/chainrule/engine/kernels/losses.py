"""Losses of samples, and the gradients by the outputs, in one pass.

A sample's outputs lie in the panels at ``y``, a vector in each; its targets at ``t`` plus the
offset that ``targets`` has for it: a class number of 64 bits, or a row of numbers. Lanes beyond
the last output count for nothing, and get the gradient 0. The gradient may be written over the
outputs: each of them is read before its gradient is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.engine.kernels import softmax_labels
from chainrule.engine.kernels.library import CompiledKernel, Library
from chainrule.engine.kernels.others import exponential, halves, without_largest
from chainrule.engine.language.emit import KernelBuilder, fields, kernel
from chainrule.engine.language.lanes import first_lane, lanes_before, reduce, same_lane, spread
from chainrule.engine.language.values import Condition, Integer, Vector, select
from chainrule.engine.machine.memory import VECTOR
from chainrule.losses import ElementwiseLoss, Loss
from chainrule.mathematics import log1p, maximum

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

    def outputs(self, vector: Integer, beyond: float) -> Vector:
        """Return the outputs of a vector, and another number in the lanes beyond the last."""
        loaded = self.k.load(self.y + self.place(vector))
        return select(self.inside(vector), loaded, self.k.constant(beyond))

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
            y, t = sample.outputs(v, 0.5), sample.numbers(v)  # every loss of 0.5 is finite
            own = _of_vector(k, loss, v)
            error = select(inside, own.error(y, t), zero)
            slope = own.derivative(y, t)
            slope = (slope / spread(outputs) if mean else slope) * weight
            k.store(select(inside, slope, zero), sample.gradient + place)
            turn.following = [total + error]
        whole = reduce(turn.carried[0], lambda a, b: a + b)
        sample.keep(whole / outputs if mean else whole)


def _of_vector(k: KernelBuilder, loss: ElementwiseLoss, vector: Integer) -> ElementwiseLoss:
    """Return the loss of a vector of outputs, with vectors of what each output has of its own."""
    values = {}
    for name, numbers in loss.of_outputs.items():
        each = k.constant(numbers[0])
        for place, number in enumerate(numbers[1:], start=1):
            here = same_lane(k.integer(place) - vector * k.lanes)
            each = select(here, k.constant(number), each)
        values[name] = each
    return loss.with_values(**values) if values else loss


@kernel(*FIELDS)
def softmax_cross_entropy(k: KernelBuilder, *, labels: bool) -> None:
    """−Σ t log softmax(z); gradient (softmax(z) − t) times the sample's weight.

    The largest exponential, 1, is left out of all sums, so that neither −log y nor 1 − y is a
    difference of numbers near 1.
    """
    zero, first, last = k.constant(0.0), k.argument("first"), k.argument("last")
    with k.loop(first, last, carry=[zero, zero]) as turn:
        n, sample = turn.index, _Sample(k, turn.index)
        below, rest, difference = (_of_label if labels else _of_distribution)(k, sample)
        lane = (n - first) % k.lanes
        pairs = zip(turn.carried, (below, rest), strict=True)
        turn.following = [select(same_lane(lane), spread(new), old) for old, new in pairs]
        with k.when(lane.equals(k.lanes - 1) | (n + 1).equals(last)):
            _keep(k, n - lane, lane + 1, *turn.following)
        rest, whole, weight = spread(rest), spread(rest + 1), spread(sample.weight)
        with k.loop(0, _vectors(k)) as v:
            place = sample.gradient + sample.place(v)
            e = k.load(place)
            k.store(difference(v, e, rest + (1 - e)) / whole * weight, place)


def _keep(k: KernelBuilder, n: Integer, count: Integer, below: Vector, rests: Vector) -> None:
    """Keep the losses of some samples from n on, one in a lane: a logarithm takes all at once."""
    k.store_first(below + log1p(rests), k.argument("losses") + n * k.item, count)


_Difference = Callable[[Integer, Vector, Vector], Vector]
"""What makes (y − t) Σ e of a vector's place, of its e and of the sums of their others."""


def _of_label(k: KernelBuilder, sample: _Sample) -> tuple[Vector, Vector, _Difference]:
    """Return how far the class's output is below the largest, and Σ e without the largest.

    The exponentials e lie where the gradient will be.
    """
    (top,) = _largest(k, 1, lambda v: [sample.outputs(v, float("-inf"))])
    label = k.load_integer(sample.target)
    lane = sample.place(label // k.lanes) + (label % k.lanes) * k.item
    below = first_lane(top) - k.load_number(sample.y + lane)  # before e lies there
    with k.loop(0, _vectors(k), carry=[k.constant(0.0), k.integer(0)]) as turn:
        _, e = _exponential(k, sample, turn.index, top)
        turn.following = _added(turn.carried, halves(e, k.constant(1.0)))

    def difference(v: Integer, e: Vector, others: Vector) -> Vector:
        return select(same_lane(label - v * k.lanes), -others, e)

    return below, without_largest(k, turn.carried, 1.0), difference


def _of_distribution(k: KernelBuilder, sample: _Sample) -> tuple[Vector, Vector, _Difference]:
    """Return Σ t (top − z) of a row of targets, and the same as for a label."""
    numbers = sample.numbers
    top, largest = _largest(k, 2, lambda v: [sample.outputs(v, float("-inf")), numbers(v)])
    zero, none = k.constant(0.0), k.integer(0)
    with k.loop(0, _vectors(k), carry=[zero, zero, none, zero, none]) as turn:
        z, e = _exponential(k, sample, turn.index, top)
        t = numbers(turn.index)
        below = select(t > 0, t * (top - z), zero)
        parts = below, *halves(e, k.constant(1.0)), *halves(t, largest)
        turn.following = _added(turn.carried, parts)
    total, *of_e_and_t = turn.carried
    rest_of_t = spread(without_largest(k, of_e_and_t[2:], first_lane(largest)))

    def difference(v: Integer, e: Vector, others: Vector) -> Vector:
        t = numbers(v)
        return e * (rest_of_t + (largest - t)) - t * others

    rest = without_largest(k, of_e_and_t[:2], 1.0)
    return reduce(total, lambda a, b: a + b), rest, difference


def _largest(
    k: KernelBuilder, kinds: int, numbers: Callable[[Integer], list[Vector]]
) -> list[Vector]:
    """Return the largest number of each kind, in every lane; NaN if one is."""
    lowest = k.constant(float("-inf"))
    with k.loop(0, _vectors(k), carry=[lowest] * kinds) as turn:
        pairs = zip(turn.carried, numbers(turn.index), strict=True)
        turn.following = [maximum(old, new) for old, new in pairs]
    return [spread(reduce(each, maximum)) for each in turn.carried]


def _exponential(
    k: KernelBuilder, sample: _Sample, v: Integer, top: Vector
) -> tuple[Vector, Vector]:
    """Put exp(z − top), 0 beyond the last, where the gradient will be; return z, too."""
    z = k.load(sample.y + sample.place(v))
    e = select(sample.inside(v), exponential(z - top, z, top), k.constant(0.0))
    k.store(e, sample.gradient + sample.place(v))
    return z, e


def _added(totals: Sequence[Any], parts: Sequence[Any]) -> list[Any]:
    return [total + part for total, part in zip(totals, parts, strict=True)]


@kernel(*FIELDS)
def softmax_of_labels(k: KernelBuilder) -> None:
    """The same for class numbers among few outputs, for many samples at a time."""
    softmax_labels.emit(k)


def of(
    library: Library, loss: Loss, *, labels: bool, outputs: int | None = None, samples: int = 1
) -> CompiledKernel:
    """Return the kernel of a loss; ``labels`` are class numbers, else targets are rows.

    It may be made for a number of outputs, and for some samples; its bits do not depend on it.
    """
    if isinstance(loss, ElementwiseLoss):
        return library.get(elementwise, loss)
    lanes = library.format.lanes
    few = outputs is not None and outputs <= softmax_labels.MOST_VECTORS * lanes
    if labels and few and 2 * samples > lanes:
        return library.get(softmax_of_labels)
    return library.get(softmax_cross_entropy, labels=labels)
