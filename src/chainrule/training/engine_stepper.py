"""Training steps by the engine, many at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from scipy import sparse

from chainrule.chain import Chain
from chainrule.losses import Loss
from chainrule.training.factors import factors_of
from chainrule.training.optimizers import Optimizer
from chainrule.training.samples import Samples
from chainrule.training.step_owner import StepOwner
from chainrule.training.stepper import StepOptions
from chainrule.training.thread_tuner import ThreadTuner
from chainrule.types import Array

SLICE = 0.1
"""Seconds after which the engine comes back to Python, about."""


class EngineStepper(StepOwner):
    """Steps by the engine, many at a time."""

    engine = "machine"
    reason = ""
    first_not_finite: int | None = None
    most: int | None

    def __init__(
        self,
        chain: Chain,
        loss: Loss,
        data: Samples,
        optimizer: Optimizer,
        options: StepOptions,
        *,
        rows: int,
        threads: int | None,
    ) -> None:
        from chainrule.engine.machine.availability import processors
        from chainrule.engine.machine.compiling import host
        from chainrule.engine.planning.forms import form_of
        from chainrule.engine.planning.kinds.sparse import moves_all_rows
        from chainrule.engine.running.steps import Steps, threads_for

        self.rate, self.rows, self.data = optimizer.learning_rate, rows, data
        self.processors, self.most = processors(), None
        if threads is None:
            threads = threads_for(
                chain,
                loss,
                rows,
                processors(),
                entries=data.X.nnz / len(data) if sparse.issparse(data.X) else None,
                all_rows=moves_all_rows(optimizer, options.l2),
            )
            self.tuner = ThreadTuner.of_at_most(threads)
        else:
            self.tuner = ThreadTuner([threads])
        self.steps = Steps(
            chain,
            loss,
            optimizer,
            data.X,
            data.t,
            data.weights,
            l2=options.l2,
            l2_shared=options.l2_shared,
            clip=options.clip_norm,
            factors=factors_of(chain, optimizer),
            seed=options.seed,
            threads=self.tuner.threads,
            form=form_of(options.precision, host()),
        )
        self.steps.prepare(rows)

    def at_once(self, size: int) -> int:
        """Return how many steps take about :data:`SLICE` seconds."""
        return self.tuner.steps(SLICE)

    def renew(self, rows: slice, X: Any = None) -> None:
        """Take over the targets and weights of other samples, which stand in these rows now."""
        weights = None if self.data.weights is None else self.data.weights[rows]
        self.steps.renew(rows, self.data.t[rows], weights, X)

    def leave_room(self, busy: bool) -> None:
        """Take one thread less than there are processors, while another thread is busy.

        Threads wait for each other many times in a step: one that shares its processor holds up
        all. Their number does not change a bit.
        """
        self.most = max(1, self.processors - 1) if busy else None

    def outputs(self, X: Any) -> Array:
        """Return what the loss takes of samples X."""
        return self.steps.outputs(X)

    def take(
        self, rows: Array, size: int, factors: Array, changes: Mapping[str, Array]
    ) -> tuple[Array, Array]:
        """Take a step on each ``size`` of the rows."""
        measured, begin = size == self.rows, perf_counter()  # the rest of an epoch is not
        wanted = self.tuner.threads
        threads = wanted if self.most is None else min(wanted, self.most)
        if measured:
            self.steps.use(threads)
            self.steps.prepare(size)
        planned = perf_counter()
        values = self.steps.run(rows, size, self.rate * factors, changes)
        if measured and (threads == wanted or not self.tuner.known):
            self.tuner.record(len(factors), perf_counter() - planned, planned - begin)
        if not math.isfinite(values[-1]):
            self.first_not_finite = self.steps.first_not_finite(size)
        return values, self.steps.penalties[: len(values)]
