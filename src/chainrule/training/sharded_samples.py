"""Samples in memory whose order in an epoch is that of shards."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.training.epoch_samples import EpochSamples
from chainrule.training.plan import Plan
from chainrule.training.samples import Samples
from chainrule.training.shards import Shards
from chainrule.types import Array


class ShardedSamples(EpochSamples):
    """Samples whose order in an epoch is that of shards.

    Parameters
    ----------
    data, plan, dtype
        As :class:`EpochSamples` has them.
    shards : int
        In how many parts they are cut.
    """

    shards: Shards

    def __init__(self, data: Samples, plan: Plan, dtype: np.dtype[Any], shards: int) -> None:
        super().__init__(data, plan, dtype)
        self.shards = Shards(len(data), shards, self.batch_size)

    def _order(self, epoch: int) -> Array:
        """Return the order of the samples in an epoch."""
        return self.shards.order(self.plan.seed, epoch if self.plan.shuffle else None)
