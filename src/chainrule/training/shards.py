"""Shards: each batch is cut into a fixed number of parts whose gradients are summed in a tree.

A batch of m samples is cut at m·k // shards, k = 0, 1, …, so that two of its shards differ by one
sample at most. The samples are cut into as many parts, one after the other, each with what its
shards take; each part has an order of its own in each epoch, and a batch takes the next samples of
each. So what a shard is depends on the seed and the number of shards alone, and so does the order
in which gradients are added, g = ((g0 + g1) + (g2 + g3)) + …: processes that share shards out give
the same bits, however many they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule import random
from chainrule.chain import Chain
from chainrule.training.ranks import Ranks, check_count
from chainrule.types import Array


@dataclass(frozen=True)
class Shards:
    """Samples and batches cut into shards.

    Parameters
    ----------
    samples : int
        How many there are.
    count : int
        The shards of a batch, a power of two.
    batch_size : int
        Samples in a full batch, at most all.
    """

    samples: int
    count: int
    batch_size: int

    @cached_property
    def bounds(self) -> Array:
        """Where each part of the samples begins, and where the last one ends."""
        rest = self.samples - self.full_batches * self.batch_size
        return self.full_batches * self.cuts(self.batch_size) + self.cuts(rest)

    @property
    def in_memory(self) -> Array:
        """Where the samples of each part stand in memory, and where the last ones end."""
        return self.bounds

    @property
    def full_batches(self) -> int:
        """How many batches are full."""
        return self.samples // self.batch_size

    def cuts(self, size: int) -> Array:
        """Return where each shard of a batch of so many samples begins, and the last one ends."""
        return np.arange(self.count + 1) * size // self.count

    def sizes(self, size: int) -> Array:
        """Return how many samples each shard of a batch of so many has."""
        return np.diff(self.cuts(size))

    def order(self, seed: int, epoch: int | None) -> Array:
        """Return the samples of an epoch, batch by batch, a batch's shard by shard.

        Without an epoch samples of a part come in their own order; and so they do where one batch
        has all.
        """
        if self.batch_size == self.samples:
            return np.arange(self.samples)
        return self.in_batches([self._part(part, seed, epoch) for part in range(self.count)])

    def in_batches(self, parts: list[Array]) -> Array:
        """Return samples of each part, in their order, batch by batch.

        They are those of some full batches and, perhaps, of the last one.
        """
        full = sum(map(len, parts)) // self.batch_size
        each = self.sizes(self.batch_size).tolist()
        own = list(zip(parts, each, strict=True))
        whole = [part[: full * size].reshape(full, size) for part, size in own]
        rest = [part[full * size :] for part, size in own]
        return np.concatenate([np.concatenate(whole, axis=1).ravel(), *rest])

    def _part(self, part: int, seed: int, epoch: int | None) -> Array:
        first, last = int(self.bounds[part]), int(self.bounds[part + 1])
        if epoch is None:
            return np.arange(first, last)
        place = random.Stream.SHUFFLING, epoch, part + 1
        return first + random.permutation(last - first, seed, *place)


@dataclass(frozen=True)
class WindowShards(Shards):
    """Samples that are read window by window, and batches, cut into shards.

    Parameters
    ----------
    window : int
        Samples of a window, a multiple of the batch size: of some batches those of each part.
    """

    window: int

    @property
    def _batches(self) -> int:
        """How many batches a window has."""
        return self.window // self.batch_size

    @cached_property
    def room(self) -> Array:
        """The most samples of each part in a window."""
        each, rest = self.sizes(self.batch_size), self.sizes(self.samples % self.batch_size)
        one_more = np.maximum(0, rest - each)  # of the last batch
        return np.asarray(self._batches * each + one_more)

    @cached_property
    def in_memory(self) -> Array:
        """Where two windows of each part stand, one after the other, and where the last ends."""
        return np.concatenate([[0], np.cumsum(2 * self.room)])

    def places(self, number: int, half: int) -> list[slice]:
        """Return where the samples of each part of a window, 0, 1, …, stand in one of the halves.

        The parts of a window are its samples in the row of each part: they follow each other.
        """
        batches = self.full_batches - number * self._batches
        counts = min(batches, self._batches) * self.sizes(self.batch_size)
        if batches < self._batches:
            counts = counts + self.sizes(self.samples % self.batch_size)
        starts = self.in_memory[:-1] + half * self.room
        return [slice(start, start + n) for start, n in np.transpose([starts, counts]).tolist()]


USUAL = 8
"""Shards of a training by at most so many processes that asks for no other number."""


def usual_shards(ranks: int) -> int:
    """Return in how many shards a training by so many processes is cut that does not say it."""
    return max(USUAL, 1 << (ranks - 1).bit_length())


def shards_of(ranks: Ranks | None, asked: int | None = None) -> int | None:
    """Return in how many shards a training is cut; None where nobody shares it or asks for them.

    ``asked`` are those of its plan.

    Raises
    ------
    ValueError
        Fewer shards than processes, or other ones than the session says.
    """
    if ranks is None:
        return asked
    if None not in (asked, ranks.shards) and asked != ranks.shards:
        raise ValueError(
            f"train: expected a plan with the shards of ranks_of, {ranks.shards}, or None, got "
            f"{asked}"
        )
    count = asked or ranks.shards or usual_shards(ranks.size)
    check_count("train", count, ranks.size)
    return count


def no_kernels(chain: Chain, reason: Exception) -> ValueError:
    """Return the error of a network that the engine cannot take, which alone works on shards."""
    text = f"train: shards take machine code: {reason}"
    if chain.observes:
        text += "; LayerNorm, whose means are those of each sample, goes with shards"
    return ValueError(text)
