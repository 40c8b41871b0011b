"""Training steps along gradients of shards, which processes may share out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import fsum
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.common_gradients import CommonGradients
from chainrule.training.factors import factors_of
from chainrule.training.optimizers import Optimizer
from chainrule.training.ranks import Ranks, Total, nodes, own_rows
from chainrule.training.samples import Samples
from chainrule.training.shards import Shards
from chainrule.training.step_owner import StepOwner
from chainrule.training.stepper import StepOptions
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.engine.running.shard_steps import ShardSteps

SLICE = 0.1
"""Seconds after which to look at the clock again, about."""

PIECE, WHOLE = 2**18, 2**22
"""Bytes of gradients in a message: a network sends one while the next is made, memory does not."""


class ShardedStepper(StepOwner):
    """Steps by the engine, each along the sum of its shards' gradients.

    Parameters
    ----------
    chain, loss, data, optimizer, options
        As another stepper has them; all processes have the same.
    shards : Shards
        How samples and batches are cut.
    ranks : Ranks
        The processes that share the shards out.
    threads : int or None
        Of each process; None takes as many as pay.
    """

    steps: ShardSteps
    engine = "machine"
    reason = ""
    first_not_finite: int | None = None

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        optimizer: Optimizer,
        options: StepOptions,
        shards: Shards,
        ranks: Ranks,
        *,
        threads: int | None,
    ) -> None:
        from chainrule.engine.machine.availability import processors
        from chainrule.engine.machine.compiling import host
        from chainrule.engine.planning.forms import form_of
        from chainrule.engine.running.shard_steps import ShardSteps
        from chainrule.engine.running.steps import threads_for

        self.data, self.shards, self.ranks = data, shards, ranks
        self.rate, self._step_seconds = optimizer.learning_rate, 0.0
        self._cuts: dict[int, tuple[tuple[int, ...], list[int]]] = {}
        self._even = np.zeros((0, 0))
        self.nodes = nodes(ranks.size, ranks.rank, shards.count)
        first, last = self.nodes[0].start, self.nodes[-1].stop
        self.first_row, stop = int(shards.bounds[first]), int(shards.bounds[last])
        self.first_row = min(self.first_row, len(data) - 1)  # of no samples, at least one
        own = slice(self.first_row, max(stop, self.first_row + 1))
        if threads is None:
            here = max(1, processors() // ranks.on_this_machine)
            threads = threads_for(
                chain,
                loss,
                -(-shards.batch_size // ranks.size),
                here,
                entries=data.X.nnz / len(data) if sparse.issparse(data.X) else None,
                all_rows=True,
            )
        self.steps = ShardSteps(
            chain,
            loss,
            optimizer,
            data.X[own],
            data.t[own],
            max(len(node) for node in self.nodes),
            piece=PIECE if ranks.on_this_machine < ranks.size else WHOLE,
            l2=options.l2,
            l2_shared=options.l2_shared,
            clip=options.clip_norm,
            factors=factors_of(chain, optimizer),
            seed=options.seed,
            threads=threads,
            form=form_of(options.precision, host()),
        )
        self.common = CommonGradients.of(ranks, self.steps, shards.count)

    def at_once(self, size: int) -> int:
        """Return how many steps take about :data:`SLICE` seconds, the same for all processes."""
        steps = 1 if not self._step_seconds else max(1, int(SLICE / self._step_seconds))
        return int(self.ranks.share(steps))

    def renew(self, rows: slice) -> None:
        """Do nothing: shards are of samples in memory, which stay."""

    def leave_room(self, busy: bool) -> None:
        """Do nothing: nothing is read while steps are taken."""

    def outputs(self, X: Any) -> Array:
        """Return what the loss takes of samples X; processes share them out."""
        count = int(X.shape[0])
        own = own_rows(self.ranks, count)
        if self.ranks.size > count:  # no process is without
            return self.steps.outputs(X)
        return self.ranks.join(self.steps.outputs(X[own]), count)

    def take(
        self, rows: Array, size: int, factors: Array, changes: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows."""
        begin, taken = perf_counter(), []
        self.steps.plan_steps(self.rate * factors, changes)
        for step in range(len(factors)):
            taken.append(self._step(rows[step * size : (step + 1) * size]))
            if not np.isfinite(taken[-1][0]):
                places = self.ranks.gather(self.steps.first_not_finite(size))
                found = [place for place in places if place is not None]
                self.first_not_finite = min(found, default=None)
                break
        self._step_seconds = (perf_counter() - begin) / len(taken)
        values, penalties = np.array(taken).T
        return values, penalties

    def _step(self, rows: Array) -> tuple[float, float]:
        """Take a step on a batch; return the loss before it, and the penalty in it."""
        from chainrule.engine.running.shard_steps import ShardRows

        steps, (sizes, before) = self.steps, self._cut(len(rows))
        weight, weights = self._weights(rows)
        steps.set_step(weight)
        total = self._total()
        for node in self.nodes:
            first, last = before[node.start], before[node.stop]
            own = ShardRows(
                rows[first:last] - self.first_row,
                sizes[node.start : node.stop],
                weights[:, first:last],
                first,
            )
            total.take(node, steps.gradient_pieces(own))
            total.take_loss(node, steps.loss)
            if steps.rows is not None:
                total.take_rows(node, steps.rows)
        loss = total.finished()
        value = loss + steps.penalty
        if np.isfinite(value):
            steps.move(total.rows)
        self.ranks.interrupted |= total.interrupted
        return value, steps.penalty

    def _cut(self, size: int) -> tuple[tuple[int, ...], list[int]]:
        """Return the sizes of a batch's shards, and where each begins, and the last one ends."""
        if size not in self._cuts:
            sizes = tuple(self.shards.sizes(size).tolist())
            self._cuts[size] = sizes, [0, *accumulate(sizes)]
        return self._cuts[size]

    def _total(self) -> Total:
        """Begin the sum over the shards of a batch."""
        if self.common is not None:
            return self.common.begin()
        return self.ranks.total(self.steps.gradients, self.steps.adder.add, self.shards.count)

    def _weights(self, rows: Array) -> tuple[float, Array]:
        """Return what a batch weighs, and what samples count in its mean, (members, rows)."""
        members, given = self.steps.network.members, self.data.weights
        if given is None:
            if self._even.shape != (members, len(rows)):
                self._even = np.full((members, len(rows)), 1 / (members * len(rows)))
            return float(len(rows)), self._even
        own = np.broadcast_to(given[rows].T, (members, len(rows)))
        whole = fsum(own.ravel().tolist())
        return whole / members, own / whole
