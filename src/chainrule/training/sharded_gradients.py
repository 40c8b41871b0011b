"""The loss on all samples and its gradient as a sum over shards, which processes may share out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.agreement import DifferentRanksError
from chainrule.training.gradients import ROWS
from chainrule.training.probe import probe
from chainrule.training.ranks import Ranks, nodes
from chainrule.training.samples import Samples
from chainrule.training.shards import Shards, no_kernels
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.engine.running.gradients import Gradients

__all__ = ["ShardedGradients"]


class ShardedGradients:
    """Loss and gradient at flat parameters: those of shards, by the engine, added in their tree.

    Parameters
    ----------
    chain, loss, data
        As :func:`~chainrule.training.gradients.loss_and_gradient` has them.
    shards : int
        In how many parts, a power of two, the samples are cut.
    ranks : Ranks
        The processes that share the shards out, each of which has all samples.
    l2 : float
        The penalty λ: λ/2 times the sum of squared weights, biases left out, is added.
    seed : int, optional
        Of dropout's masks, the same at each call; None is for prediction, without masks.
    threads : int, optional
        Of each process; by default as many as there are processors for it.

    Raises
    ------
    ValueError
        The engine has no kernel for a part of the network.
    """

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        shards: int,
        ranks: Ranks,
        *,
        l2: float = 0.0,
        seed: int | None = None,
        threads: int | None = None,
    ) -> None:
        probe(chain, loss, data)
        from chainrule.engine.machine.availability import (
            UnsupportedError,
            check_runs_here,
            processors,
        )
        from chainrule.engine.machine.memory import VECTOR, aligned
        from chainrule.engine.running.gradients import Gradients

        self.ranks, self.shards = ranks, shards
        self.nodes = nodes(ranks.size, ranks.rank, shards)
        bounds = Shards(len(data), shards, len(data)).bounds
        first, last = self.nodes[0].start, self.nodes[-1].stop
        self.first, self.evaluations = first, 0
        start = min(int(bounds[first]), len(data) - 1)
        own = slice(start, max(int(bounds[last]), start + 1))  # of no samples, at least one
        batches = -(-np.diff(bounds) // ROWS)
        few = data.at(own)
        whole = float(len(data)) if data.weights is None else fsum(data.weights.tolist())
        try:
            check_runs_here()
            self.gradients: Gradients = Gradients(
                chain,
                loss,
                few.X,
                few.t,
                few.weights,
                rows=ROWS,
                l2=l2,
                seed=seed,
                threads=threads or max(1, processors() // ranks.on_this_machine),
                bounds=(bounds[first : last + 1] - own.start).tolist(),
                whole=whole,
                first_batch=int(batches[:first].sum()),
            )
        except UnsupportedError as error:
            raise no_kernels(chain, error) from None
        flat = chain.parameters.flat
        lanes = VECTOR // flat.itemsize
        self.sums = aligned((-(-flat.size // lanes), lanes), flat.dtype)
        self.sums[...] = 0

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Return loss and gradient at flat parameters x, the same for all processes."""
        self._expect_same(x)
        total = self.ranks.total(self.sums, _add, self.shards)
        for node in self.nodes:
            losses: list[float] = []
            total.take(node, self._pieces(node, x, losses))
            total.take_loss(node, losses[0])
        value = total.finished()
        self.ranks.interrupted |= total.interrupted
        if self.ranks.interrupted:
            raise KeyboardInterrupt
        return value, self.sums.reshape(-1)[: x.size].copy()

    def _pieces(self, node: range, x: Array, losses: list[float]) -> Iterator[tuple[int, int]]:
        """Put the sum of a node's gradients in its place, all at once; take note of the loss."""
        loss, gradient = self._sum(node, x)
        losses.append(loss)
        self.sums.reshape(-1)[: x.size] = gradient
        yield 0, len(self.sums)

    def _sum(self, node: range, x: Array) -> tuple[float, Array]:
        """Return loss and gradient of the shards of a node, each with its share of the whole."""
        if len(node) == 1:
            return self.gradients.of_part(x, node.start - self.first)
        middle = len(node) // 2
        loss, gradient = self._sum(node[:middle], x)
        other, more = self._sum(node[middle:], x)
        gradient += more
        return loss + other, gradient

    def _expect_same(self, x: Array) -> None:
        """Raise DifferentRanksError unless all processes ask for the same parameters."""
        self.evaluations += 1
        digests = self.ranks.gather(hashlib.sha256(x.tobytes()).hexdigest())
        for rank, digest in enumerate(digests):
            if digest != digests[0]:
                raise DifferentRanksError(
                    "train: expected the same parameters at all ranks in evaluation "
                    f"{self.evaluations}, got others at rank {rank}: on processors of different "
                    "kinds SciPy's steps may differ in the last digit"
                )


def _add(total: Array, other: Array) -> None:
    total += other
