"""Shards: each batch is cut into a fixed number of parts whose gradients are summed in a tree.

The samples are cut into as many parts, one after the other; each has an order of its own in each
epoch, and a batch takes some samples of each part. So what a shard is depends on the seed and the
number of shards alone, and so does the order in which gradients are added, g = ((g0 + g1) + (g2 +
g3)) + …: processes that share shards out give the same bits, however many they are.
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
        Samples in a full batch: all, or a multiple of the shards.
    """

    samples: int
    count: int
    batch_size: int

    def __post_init__(self) -> None:
        """Check that batches can be cut."""
        if self.batch_size < self.samples and self.batch_size % self.count:
            below = self.batch_size // self.count * self.count
            known = [str(size) for size in (below, below + self.count) if size]
            raise ValueError(
                f"train: expected a batch size that {self.count} shards divide, such as "
                f"{' or '.join(known)}, got {self.batch_size}"
            )

    @cached_property
    def bounds(self) -> Array:
        """Where each part of the samples begins, and where the last one ends."""
        return np.arange(self.count + 1) * self.samples // self.count

    @property
    def full_batches(self) -> int:
        """How many batches are full."""
        return self.samples // self.batch_size

    def sizes(self, size: int) -> Array:
        """Return how many samples each shard of a batch has, of a full one or of the last."""
        if self._batches == 1:
            return np.diff(self.bounds)
        each = self.batch_size // self.count
        if size == self.batch_size:
            return np.full(self.count, each)
        return np.diff(self.bounds) - self.full_batches * each

    @property
    def _batches(self) -> int:
        """How many batches an epoch has; of one, none comes before the last."""
        return -(-self.samples // self.batch_size)

    def order(self, seed: int, epoch: int | None) -> Array:
        """Return the samples of an epoch, batch by batch, a batch's shard by shard.

        Without an epoch samples of a part come in their own order.
        """
        own = [self._part(part, seed, epoch) for part in range(self.count)]
        each, full = self.batch_size // self.count, self.full_batches
        if self._batches == 1:
            return np.concatenate(own)
        whole = np.stack([part[: full * each].reshape(full, each) for part in own], axis=1)
        return np.concatenate([whole.ravel(), *(part[full * each :] for part in own)])

    def _part(self, part: int, seed: int, epoch: int | None) -> Array:
        first, last = int(self.bounds[part]), int(self.bounds[part + 1])
        if epoch is None or self._batches == 1:
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
        Fewer shards than processes, or a batch size that shards do not divide.
    """
    size = min(plan.batch_size or samples, samples)
    count = USUAL if plan.shards is None else plan.shards
    if plan.shards is None and size < samples:
        count = min(count, size & -size)
    if ranks > count:
        most = "" if plan.shards else f"; by default it is {USUAL}, or less where it has to divide"
        raise ValueError(
            f"train: expected at least as many shards as ranks, {ranks}, got {count} shards of a "
            f"batch of {size}{most} the batch size"
        )
    return Shards(samples, count, size)


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
