"""The samples of a training as each epoch takes them: changed at random, in its own order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import random
from chainrule.training import augmentation
from chainrule.training.identity import Identity
from chainrule.training.plan import Plan
from chainrule.training.samples import Samples
from chainrule.training.stepper import Stepper
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.training.shards import Shards

Slice = tuple[Array, int]
"""The rows of some batches, one after the other, and the batches' size."""


class EpochSamples:
    """Samples with their augmentation, their order and the size of batches.

    Parameters
    ----------
    data : Samples
        What is trained on.
    plan : Plan
        Its batch size, shuffling, augmentation and seed count here.
    dtype : dtype
        The float type of the chain, in which samples are augmented.

    Attributes
    ----------
    samples : Samples
        The samples of the present epoch; their arrays stay in place, for the engine knows them by
        their addresses.
    known : Samples
        Samples as they are without augmentation: all of them.
    batch_size : int
        Samples in a full batch.
    shards : Shards or None
        How samples and batches are cut, if they are.
    """

    shards: Shards | None = None

    def __init__(self, data: Samples, plan: Plan, dtype: np.dtype[Any]) -> None:
        self.plan, self.samples, self.known = plan, data, data
        if plan.augmentation:
            changed = augmentation.allocate(data.X, plan.augmentation, dtype)
            self.samples = replace(data, X=changed)
        self.batch_size = min(plan.batch_size or len(data), len(data))

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def identity(self) -> Identity:
        """What is trained on beside the known samples: nothing."""
        return {}

    @property
    def facts(self) -> dict[str, Any]:
        """What processes compare beside the known samples: nothing."""
        return {}

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has; the last one may be short."""
        return -(-len(self.samples) // self.batch_size)

    def augment(self, epoch: int) -> None:
        """Change the samples as an epoch does, 1, 2, …, if they are changed at all."""
        changes, seed = self.plan.augmentation, self.plan.seed
        if changes:
            augmentation.augment(changes, self.known.X, self.samples.X, seed=seed, epoch=epoch)

    def slices(self, epoch: int, stepper: Stepper, done: int = 0) -> Iterator[Slice]:
        """Yield the rows of some batches and the batches' size, until the epoch is over.

        Parameters
        ----------
        epoch : int
            The number of the epoch, 1, 2, …
        stepper : Stepper
            What takes the steps: it says how many batches the next slice has.
        done : int, default=0
            Batches that the epoch has behind it.

        Yields
        ------
        rows : ndarray of shape (batches · size,)
        size : int
            That of the last batch may be smaller than the others'.
        """
        yield from in_batches(self._order(epoch), self.batch_size, stepper.at_once, done)

    def close(self) -> None:
        """Do nothing: the samples are in memory."""

    def _order(self, epoch: int) -> Array:
        """Return the order of the samples in an epoch."""
        n, shuffle = len(self.samples), self.plan.shuffle
        drawn = shuffle(n, epoch) if callable(shuffle) else None  # in each epoch, needed or not
        if self.batch_size == n or not shuffle:  # of one batch the order does not matter
            return np.arange(n)
        if drawn is not None:
            return drawn
        return random.permutation(n, self.plan.seed, random.Stream.SHUFFLING, epoch)


def in_batches(
    order: Array, size: int, at_once: Callable[[int], int], done: int = 0
) -> Iterator[Slice]:
    """Cut an order of rows, ``done`` batches of it aside, into batches; the last may be smaller."""
    n = len(order)
    full, start = n // size * size, done * size
    while start < full:
        stop = min(full, start + at_once(size) * size)
        yield order[start:stop], size
        start = stop
    if start <= full < n:
        yield order[full:], n - full
