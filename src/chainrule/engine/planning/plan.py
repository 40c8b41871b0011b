"""A program: a network's plan, or those of its members, and what the whole batch is told.

Members that share no parameter are planned one after another for a thread that waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from chainrule.engine.kernels import epilogues, rows as row_kernels
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.network.network import Network
from chainrule.engine.planning.batch import Batch
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.kept_gradient import Keep, KeptGradient, Places
from chainrule.engine.planning.kinds.sparse import bind
from chainrule.engine.planning.loss_plan import LossPlan
from chainrule.engine.planning.network_plan import NetworkPlan
from chainrule.engine.planning.penalties import Penalties
from chainrule.engine.planning.program import Instructions
from chainrule.engine.planning.sample_rows import Rows, SparseRows
from chainrule.engine.planning.shard_gradients import PIECE, ShardGradients
from chainrule.engine.planning.weights import Weights
from chainrule.types import Array


class Planner:
    """Plans a training step, or the outputs of a batch.

    ``advances`` are the arguments of each thread's ``advance``, ``total`` those of the sum of all
    losses: where a run sets what it needs.

    Parameters
    ----------
    network, weights : Network, Weights
        What is planned, and its parameters.
    rows : int
        Samples of a batch.
    threads : int
        How many run the program.
    labels : bool
        Whether targets are class numbers.
    library : Library
        The kernels.
    seed : int
        Of dropout's masks.
    training : bool
        Whether a step is planned; else outputs.
    cut : bool
        Whether a step is two programs: ``code`` makes the gradient, without a penalty, and
        ``update`` moves the parameters along what is there then.
    shards : tuple of int
        Samples in each shard of a batch whose gradients are summed in a tree, where the network
        can: ``shard_gradients`` has then the programs that make them, after ``code``, and a step
        is cut.
    levels : ndarray, optional
        Room for sums of shards that wait for others.
    piece : int
        Bytes of gradients that are made at once, about.
    places : Places, optional
        Where gradients are that are added when the parameters move; without any, the one in memory
        is their sum.
    touched : bool
        Whether a gradient that is kept by sparse samples has the rows of their tokens alone, and
        others as they were.
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        rows: int,
        threads: int,
        *,
        labels: bool,
        library: Library,
        seed: int = 0,
        training: bool = True,
        cut: bool = False,
        shards: tuple[int, ...] = (),
        levels: Array | None = None,
        piece: int = PIECE,
        places: Places | None = None,
        touched: bool = False,
    ) -> None:
        self.network = network = network if training else network.in_prediction()
        self.weights, self.rows, self.threads, self.labels = weights, rows, threads, labels
        self.library, self.code, self.update = library, Instructions(threads), Instructions(threads)
        dtype, optimizer = weights.dtype, weights.optimizer
        self.scalars = (
            library.get(epilogues.update, optimizer).scalars if optimizer and training else ()
        )
        scalars = len(self.scalars) * len(weights.groups)
        batch = (rows, dtype, scalars, weights.penalty(rows), network.members if training else 1)
        self.context = PlanContext(
            self.code,
            library,
            weights,
            rows,
            [Batch.of(*batch) for _ in range(threads)],
            rule=Keep() if weights.keeps_gradient else optimizer,
            penalizes=not cut,
            seed=seed,
            prologue=None if training else Instructions(1),
            touched=touched,
        )
        self.sample_losses = aligned((network.members * rows,), dtype)
        self.shared_l2 = np.array([weights.l2], dtype=dtype)
        self.penalties = Penalties(self.context)
        self.advances: list[Array] = []
        self.plans = [
            self._planned(number, own, training=training)
            for number, own in enumerate(network.each())
        ]
        self.shard_gradients: ShardGradients | None = None
        self.places = places
        for thread in range(threads):
            self._advance(thread)
        if shards and levels is not None:
            self._plan_shards(shards, levels, piece)
        elif training:
            self._plan_step(cut=cut)
        else:
            for plan in self.plans:
                plan.outputs()

    def _planned(self, number: int, network: Network, *, training: bool) -> NetworkPlan:
        """Return the plan of the network, or of a member, whose steps are one thread's."""
        context = self.context
        if self.network.joint:
            context = replace(context, member=(number, self.network.members))
            if training:
                context = context.of_thread(number * self.threads // self.network.members)
        if not training:
            return NetworkPlan(network, context, None)
        loss = LossPlan(network, context, self.sample_losses, labels=self.labels)
        return NetworkPlan(network, context, loss)

    @property
    def losses(self) -> list[Array]:
        """The arguments of the losses, where a run sets the targets."""
        return [arguments for plan in self.plans if plan.loss for arguments in plan.loss.arguments]

    @property
    def results(self) -> list[Array]:
        """The arguments of what puts outputs where they are wanted."""
        return [arguments for plan in self.plans for arguments in plan.results]

    def values(self) -> Iterator[tuple[int, Array]]:
        """Yield what functions made of the last batch, with their places in the chain, in order.

        Some are not kept, having gone on in registers.
        """
        made = (each for plan in self.plans for each in plan.values())
        yield from sorted(made, key=lambda each: each[0])

    def read(self, samples: Rows) -> None:
        """Let the kernels read the entries of sparse samples."""
        if isinstance(samples, SparseRows):
            self._entries = bind(self.context, samples)

    def _plan_shards(self, shards: tuple[int, ...], levels: Array, piece: int) -> None:
        """Add forward and backprop, the pieces of the gradient, and what moves along it."""
        (plan,) = self.plans
        for thread in range(self.threads):
            self.penalties.add(thread)
        plan.pass_through()
        self.code.barrier()  # the sum is one thread's, of all threads' losses
        self._total()
        self.code.barrier()
        self.shard_gradients = ShardGradients(self.context, plan, shards, levels, piece)
        self._plan_update()

    def _plan_update(self) -> None:
        """Add what moves along the gradient in memory to a program of its own."""
        KeptGradient(replace(self.context, code=self.update), self.places).plan()
        self.update.barrier()

    def _plan_step(self, *, cut: bool) -> None:
        """Add penalties, the step of each network, what moves along a kept gradient, the loss."""
        for thread in range(self.threads):
            self.penalties.add(thread)
        if self.network.joint and self.penalties.parameters:
            self.code.barrier()  # a member moves what another thread sums up
        for plan in self.plans:
            plan.step()
        if self.network.joint:
            self.code.barrier()
        if cut:
            self._plan_update()
        elif self.weights.keeps_gradient:
            if not self.network.joint:
                self.code.barrier()
            KeptGradient(self.context).plan()
        self._total()
        self.code.barrier()

    def _advance(self, thread: int) -> None:
        """Add the next samples, and the scalars of the next step."""
        batch = self.context.batches[thread]
        self.advances.append(
            self.code.add(
                thread,
                self.library.get(row_kernels.advance),
                rows=self.rows,
                members=self.network.members,
                padded=len(batch.rows),
                row_offsets=address(batch.rows),
                taps=address(batch.taps),
                targets=address(batch.targets),
                normalized_weights=address(batch.normalized_weights),
                scalars=address(batch.scalars),
                scalar_count=len(batch.scalars),
                l2=address(batch.l2[1:]),
                shared_l2=address(self.shared_l2) if self.weights.l2_shared else 0,
            )
        )

    def _total(self) -> None:
        """Add the mean loss, penalty included."""
        batch = self.context.batches[0]
        self.total = self.code.add(
            0,
            self.library.get(row_kernels.total),
            rows=len(self.sample_losses),
            losses=address(self.sample_losses),
            normalized_weights=address(batch.normalized_weights),
            penalties=address(self.penalties.sums),
            penalty_count=len(self.penalties.sums),
            l2=address(batch.l2[1:]),
        )
