"""The gradients of a batch's shards, summed in a fixed tree while they are made.

A batch is cut into shards of samples. The gradient by a parameter is the sum over shards s of
g_s = Σ_n x_n dz_n, added in pairs, the pairs in pairs, and so on: ((g0 + g1) + (g2 + g3)) + …,
however many processes share the shards out. Forward and backprop are the whole batch's, since what
they make of a sample does not depend on the others.

Sums that wait for others lie in levels, as in a binary counter: level j has that of 2^j shards. A
shard's products add those that they complete, in the epilogue. Gradients are made piece by piece,
from the last function to the first, so that one piece can be sent while the next is made. Of
sparse samples, the rows of the first matrix that tokens name are made at the end, shard by shard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

from chainrule.engine.kernels import epilogues
from chainrule.engine.kernels.shard_products import MOST
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.network.network import Network
from chainrule.engine.planning.context import PlanContext, Range
from chainrule.engine.planning.kinds.dense import Dense
from chainrule.engine.planning.kinds.sparse import SparseDense
from chainrule.engine.planning.network_plan import NetworkPlan
from chainrule.engine.planning.program import Instructions, partition
from chainrule.engine.planning.weights import StoredParameter, Weights
from chainrule.types import Array

PIECE = 2**18
"""Bytes of gradients that are made, and sent, at once, about; those of small networks, all."""

TAPS = 256
"""Samples of shards that are summed in registers, at most: what a product reads of them stays in
the first cache."""

INPUTS = 128
"""Rows of W in a block, whose sums stay in the caches from shard to shard."""


@dataclass(frozen=True)
class GradientPiece:
    """A program that makes a part of all gradients, the vectors from ``start`` to ``stop``."""

    code: Instructions
    start: int
    stop: int


def can_be_summed(network: Network, weights: Weights) -> bool:
    """Return whether gradients of shards can be made from one pass: of Linear layers.

    Samples of the first one may be sparse.
    """
    first, *others = network.parts
    plain = all(part.kind.variant(part, None) is Dense for part in others if part.names)
    reads = Dense if network.entries is None else SparseDense
    begins = not first.names or first.kind.variant(first, network.entries) is reads
    return begins and plain and weights.form is None and not network.joint


def levels_of(shards: int) -> int:
    """Return how many sums wait for others at most, of so many shards, a power of two."""
    return shards.bit_length() - 1


def _together(sizes: tuple[int, ...]) -> int:
    """Return how many shards are summed while their sums are in registers, a power of two."""
    together = 1
    while 2 * together <= min(len(sizes), MOST) and 2 * together * max(sizes) <= TAPS:
        together *= 2
    return together


class ShardGradients:
    """Plans the pieces.

    Parameters
    ----------
    context : PlanContext
        Of the program that makes the gradients by all outputs.
    plan : NetworkPlan
        Its network's.
    sizes : tuple of int
        Samples in each shard, none of them 0; a power of two of shards.
    levels : ndarray of shape (levels, vectors, lanes)
        Room for sums that wait for others.
    piece : int
        Bytes of a piece, about.
    """

    def __init__(
        self,
        context: PlanContext,
        plan: NetworkPlan,
        sizes: tuple[int, ...],
        levels: Array,
        piece: int = PIECE,
    ) -> None:
        self.context, self.weights, self.levels = context, context.weights, levels
        self.piece = piece
        self.shards = list(pairwise(accumulate(sizes, initial=0)))
        self.together = _together(sizes)
        self.heads: list[Any] = [head for head in plan.heads if head.part.names]
        self.pieces = list(self._pieces())
        self.sparse = next((head for head in self.heads if isinstance(head, SparseDense)), None)
        self.by_tokens = [self._rows_of(self.sparse, own) for own in self.shards if self.sparse]

    def _rows_of(self, head: SparseDense, samples: Range) -> Instructions:
        """Return a program for the rows of a gradient that the tokens of some samples name."""
        code = Instructions(self.context.threads)
        for thread in range(code.threads):
            head.move_touched(replace(self.context, code=code), thread, samples)
        return code

    def _pieces(self) -> Iterator[GradientPiece]:
        """Yield the pieces, in the order in which gradients lie."""
        code, start, stop = Instructions(self.context.threads), 0, 0
        for head in reversed(self.heads):
            if "b" in head.part.names:
                self._add_bias(code, head)
                stop += head.bias.vectors
            weight = head.weight
            if isinstance(head, SparseDense):
                continue  # the last one, whose rows by tokens are no piece
            panels = max(1, self.piece // weight.values.stride)
            for first in range(0, weight.values.count, panels):
                last = min(first + panels, weight.values.count)
                self._add_matrix(code, head, (first, last))
                stop += (last - first) * weight.values.stride // VECTOR
                if (stop - start) * VECTOR >= self.piece:
                    yield GradientPiece(code, start, stop)
                    code, start = Instructions(self.context.threads), stop
        if stop > start:
            yield GradientPiece(code, start, stop)

    def _add_bias(self, code: Instructions, head: Any) -> None:
        gradient, bias = head.values.gradient, head.bias
        for thread in range(code.threads):
            first, last = partition(bias.values.count, code.threads, thread)
            for number, (begin, end) in enumerate(self.shards if first < last else ()):
                sums, where = self._carry(bias, number, first * bias.values.stride)
                code.add(
                    thread,
                    self.context.library.get(epilogues.carry_sums, sums=sums),
                    rows=end - begin,
                    vectors=last - first,
                    x=gradient.address + first * gradient.stride + begin * VECTOR,
                    x_stride=gradient.stride,
                    **where,
                )

    def _add_matrix(self, code: Instructions, head: Any, panels: Range) -> None:
        """Add some panels of a matrix: of each block of it, all shards before the next block."""
        context = replace(self.context, code=code)
        wide = max(wide for wide, _ in self.context.library.target.even_tile)
        for thread in range(code.threads):
            for own, inputs in self._shares(head, panels, thread):
                for first in range(*own, wide):
                    some = first, min(first + wide, own[1])
                    for begin in range(*inputs, INPUTS):
                        rows = begin, min(begin + INPUTS, inputs[1])
                        self._add_block(context, thread, head, rows, some)

    def _shares(self, head: Any, panels: Range, thread: int) -> Iterator[tuple[Range, Range]]:
        """Yield a thread's share: panels of its own, or inputs where panels are too few."""
        threads, reads = self.context.threads, head.part.reads
        if panels[1] - panels[0] < 2 * threads:
            inputs = partition(reads, threads, thread, head.weight.values.lanes)
            own = panels
        else:
            first, last = partition(panels[1] - panels[0], threads, thread)
            own, inputs = (panels[0] + first, panels[0] + last), (0, reads)
        if own[0] < own[1] and inputs[0] < inputs[1]:
            yield own, inputs

    def _add_block(
        self, context: PlanContext, thread: int, head: Any, inputs: Range, panels: Range
    ) -> None:
        weight = head.weight
        at = inputs[0] * VECTOR + panels[0] * weight.values.stride
        for first in range(0, len(self.shards), self.together):
            some = self.shards[first : first + self.together]
            sums, where = self._carry(weight, first, at, len(some))
            kernel = context.library.get(epilogues.carry, sums=sums)
            samples, sizes = (some[0][0], some[-1][1]), [end - begin for begin, end in some]
            given = thread, samples, inputs, panels, kernel, where
            head.multiply_across(context, *given, shards=sizes)

    def _carry(
        self, parameter: StoredParameter, shard: int, own: int, together: int = 1
    ) -> tuple[int, dict[str, int]]:
        """Return how many sums the gradient of shards completes, and an epilogue's arguments.

        ``own`` are the bytes from the parameter's first number; so many shards, a power of two,
        are summed ``together``, from a multiple of it on.
        """
        assert parameter.gradient is not None
        after = (shard + together) // together
        sums = (after & -after).bit_length() - 1  # how often 2 divides it
        before = parameter.gradient.address - address(self.weights.gradients) + own
        level = together.bit_length() - 1
        places = [address(each) + before for each in self.levels[level : level + sums + 1]]
        last = shard + together == len(self.shards)
        target = parameter.gradient.address + own if last else places[sums]
        return sums, {
            "target": target,
            **{f"sum{level}": place for level, place in enumerate(places[:sums])},
            "row_stride": parameter.values.row_stride,
            "vector_stride": parameter.values.stride,
        }
