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
from typing import Any

import numpy as np

from chainrule import random
from chainrule.training.epoch_samples import EpochSamples
from chainrule.training.plan import Plan
from chainrule.training.samples import Samples
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


USUAL = 8
"""Shards of a training by several processes that asks for no other number."""


def shards_of(plan: Plan, samples: int, ranks: int) -> Shards:
    """Return how the samples of a training are cut that so many processes share.

    Raises
    ------
    ValueError
        Fewer shards than processes.
    """
    count = USUAL if plan.shards is None else plan.shards
    if ranks > count:
        raise ValueError(f"train: expected at least as many shards as ranks, {ranks}, got {count}")
    return Shards(samples, count, min(plan.batch_size or samples, samples))


class ShardedSamples(EpochSamples):
    """Samples whose order in an epoch is that of shards.

    Parameters
    ----------
    data, plan, dtype
        As :class:`EpochSamples` has them.
    ranks : int
        How many processes share the shards.
    """

    def __init__(self, data: Samples, plan: Plan, dtype: np.dtype[Any], ranks: int) -> None:
        self.shards = shards_of(plan, len(data), ranks)
        super().__init__(data, plan, dtype)

    def _order(self, epoch: int) -> Array:
        """Return the order of the samples in an epoch."""
        return self.shards.order(self.plan.seed, epoch if self.plan.shuffle else None)
