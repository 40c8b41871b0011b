"""From a network to a program: the order of things, who does how much, and who waits for whom.

Images are cut by tiles of samples, Linear layers by panels of outputs, the last layer and the loss
by samples, and so are sparse samples, softmax, and layers with few panels. A barrier stands
wherever a thread reads what another one wrote.

Whatever the cut, an output is one chain of fused multiply-adds in the order of k, so the bits do
not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

import numpy as np

from chainrule.engine.kernels import epilogues, losses, outputs, rows as row_kernels
from chainrule.engine.kernels.library import CompiledKernel, Library
from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.network.network import Network
from chainrule.engine.planning.batch import Batch
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Range, RowCut
from chainrule.engine.planning.images import Images
from chainrule.engine.planning.kept_gradient import Keep, KeptGradient
from chainrule.engine.planning.kinds.base import Head
from chainrule.engine.planning.kinds.rows import TILE, RowHead
from chainrule.engine.planning.kinds.samples import Samples
from chainrule.engine.planning.kinds.sparse import bind
from chainrule.engine.planning.penalties import Penalties
from chainrule.engine.planning.program import Instructions, partition
from chainrule.engine.planning.rasters import Rasters
from chainrule.engine.planning.sample_rows import Rows, SparseRows
from chainrule.engine.planning.weights import Weights
from chainrule.types import Array


class Planner:
    """Plans a training step, or the outputs of a batch.

    ``advances`` are the arguments of each thread's ``advance``, ``losses`` those of the losses,
    ``total`` those of their sum, ``results`` those of each thread's rows of outputs: where a run
    sets what it needs.

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
    ) -> None:
        self.network = network = network if training else network.in_prediction()
        self.weights, self.rows, self.threads, self.labels = weights, rows, threads, labels
        self.library, self.code, self.update = library, Instructions(threads), Instructions(threads)
        dtype, optimizer = weights.dtype, weights.optimizer
        self.scalars = (
            library.get(epilogues.update, optimizer).scalars if optimizer and training else ()
        )
        batch = (rows, dtype, len(self.scalars) * len(weights.groups), weights.penalty(rows))
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
        )
        self.images = self._images(training=training) if network.images else None
        self.samples: Samples | None = None
        self.heads = self._heads()
        self.sample_losses = aligned((rows,), dtype)
        self.shared_l2 = np.array([weights.l2], dtype=dtype)
        self.penalties = Penalties(self.context)
        self.advances: list[Array] = []
        self.losses: list[Array] = []
        self.results: list[Array] = []
        if training:
            self._plan_step(cut=cut)
        else:
            self._plan_outputs()

    def _images(self, *, training: bool) -> Images | Rasters:
        """Return the heads of images: in planes, or in rasters where outputs of few are wanted."""
        images, parts = self.network.images, self.network.parts
        if training or self.rows > Rasters.most(self.network, self.context.lanes):
            return Images(self.context, images)
        return Rasters(self.context, images, parts[len(images)])

    def _heads(self) -> list[RowHead]:
        """Return the heads of rows of numbers, but for the samples'."""
        parts = self.network.parts[len(self.network.images) :]
        before: RowHead | None = self.images.rows if self.images else None
        heads: list[RowHead] = []
        for part, after in zip(parts, (*parts[1:], None), strict=True):
            kind = part.kind.variant(part, self.network.entries if before is None else None)
            before = kind(self.context, part, before, after)
            if isinstance(before, Samples):
                self.samples = before
            elif before is not None:
                heads.append(before)
        return heads

    def values(self) -> Iterator[tuple[int, Array]]:
        """Yield what functions made of the last batch, with their places in the chain, in order.

        Some are not kept, having gone on in registers.
        """
        first: list[Head] = list(self.images.heads) if self.images else []
        for head in [*first, *([self.samples] if self.samples else []), *self.heads]:
            part, values = head.part, head.values
            places = (part.place, *(f.place for f in part.pointwise))
            made = (None if part.kind.idle else values.z, *values.y)
            for place, kept in zip(places, made, strict=True):
                if kept is not None:
                    yield place, kept.read()

    def read(self, samples: Rows) -> None:
        """Let the kernels read the entries of sparse samples."""
        if isinstance(samples, SparseRows):
            self._entries = bind(self.context, samples)

    # ---- the order of things

    def _plan_outputs(self) -> None:
        """Add the next samples and forward; each thread has samples of its own, and never waits."""
        if any(head.together for head in self.heads):
            self._plan_outputs_together()
            return
        unit = self.images.unit if self.images else 8
        for thread in range(self.threads):
            rows = partition(self.rows, self.threads, thread, unit)
            self._advance(thread)
            if rows[0] < rows[1]:
                self._begin(thread, rows)
                for head in self.heads:
                    head.forward(head.whole(thread, rows))
                self._results(thread, rows)

    def _plan_outputs_together(self) -> None:
        """Add the next samples and forward, where threads share what a head makes."""
        parts = [partition(self.rows, self.threads, thread, 8) for thread in range(self.threads)]
        for thread, rows in enumerate(parts):
            self._advance(thread)
            self._begin(thread, rows)
        self.code.barrier()
        for head in self.heads:
            self._phases(head.forward_together())
            for thread, rows in enumerate(parts):
                head.forward(head.whole(thread, rows))
            self.code.barrier()
        for thread, rows in enumerate(parts):
            if rows[0] < rows[1]:
                self._results(thread, rows)
        self.code.barrier()  # the next samples take the place of these

    def _phases(self, phases: Sequence[Sequence[Callable[[int], None]]]) -> None:
        """Add what all threads do together, and a barrier after each phase of it."""
        for phase in phases:
            for work in phase:
                for thread in range(self.threads):
                    work(thread)
            self.code.barrier()

    def _plan_step(self, *, cut: bool) -> None:
        """Add the next samples, forward, loss, backprop, update."""
        threads, (*hidden, last) = range(self.threads), self.heads
        for thread in threads:
            self._advance(thread)
            self.penalties.add(thread)
            self._begin(thread, self._share(thread))
        if self.images or self.samples:
            self.code.barrier()
        for head, after in pairwise(self.heads):
            self._phases(head.forward_together())
            for thread in threads:
                head.forward(head.cut(thread))
            follows = TILE if after is last else after.unit
            if after.together or not follows or follows != head.unit:
                self.code.barrier()
        self._phases(last.forward_together())
        for thread in threads:
            own = last.whole(thread, self._share(thread, TILE))
            if own:
                last.forward(own)
                self._loss(own)
                last.slopes(own)
                if last.before and last.before.wants_gradient and not last.together:
                    last.backward(last.before.whole(thread, own.rows))
        made = 0 if last.together else TILE
        for head in reversed(self.heads if last.together else hidden):
            wanted = head.before if head.before and head.before.wants_gradient else None
            if wanted or head.together:
                unit = wanted.unit if wanted else 0
                if head.together or not unit or unit != made:
                    self.code.barrier()
                made = unit
                self._phases(head.backward_together())
                if wanted:
                    for thread in threads:
                        head.backward(wanted.cut(thread))
        self._plan_update(cut=cut)
        self._total()
        self.code.barrier()

    def _plan_update(self, *, cut: bool) -> None:
        """Add the gradients of images and all moves; a kept gradient moves what it belongs to."""
        rows = [head.updates() for head in self.heads]
        images = [head.updates() for head in self.images.heads] if self.images else []
        # Those of images wait until all tiles' gradients are there.
        turns = zip_longest(*rows, *((None, *updates) for updates in images if updates))
        for number, updates in enumerate(turns):
            self.code.barrier()
            for thread in range(self.threads):
                if isinstance(self.images, Images) and number == 0:
                    self.images.backward(thread)
                for update in updates:
                    if update:
                        update(thread)
        if cut:
            KeptGradient(replace(self.context, code=self.update)).plan()
            self.update.barrier()
        elif self.weights.keeps_gradient:
            self.code.barrier()
            KeptGradient(self.context).plan()

    def _begin(self, thread: int, rows: Range) -> None:
        """Add what comes before the heads of rows of numbers."""
        if self.images:
            self.images.forward(thread)
        if self.samples:
            self.samples.forward(self.samples.whole(thread, rows))

    def _share(self, thread: int, unit: int = 1) -> Range:
        """Return which samples of a step a thread takes, in units of so many at least."""
        unit = max(unit, self.context.rows_at_once)
        return partition(self.rows, self.threads, thread, unit)

    # ---- what is no head's

    def _advance(self, thread: int) -> None:
        """Add the next samples, and the scalars of the next step."""
        batch = self.context.batches[thread]
        self.advances.append(
            self.code.add(
                thread,
                self.library.get(row_kernels.advance),
                rows=self.rows,
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

    def _loss_kernel(self, samples: int) -> CompiledKernel:
        """Return the kernel of the loss, for some samples."""
        assert self.network.loss is not None
        sizes = {"outputs": self.network.outputs, "samples": samples}
        return losses.of(self.library, self.network.loss, labels=self.labels, **sizes)

    def _loss(self, cut: RowCut) -> None:
        """Add the losses of some samples, and the gradients by the outputs."""
        values, batch = self.heads[-1].values, self.context.batches[cut.thread]
        self.losses.append(
            self.code.add(
                cut.thread,
                self._loss_kernel(cut.samples),
                first=cut.rows[0],
                last=cut.rows[1],
                outputs=self.network.outputs,
                y=values.output.address,
                gradient=values.gradient.address,
                vector_stride=values.gradient.stride,
                targets=address(batch.targets),
                normalized_weights=address(batch.normalized_weights),
                losses=address(self.sample_losses),
            )
        )

    def _results(self, thread: int, rows: Range) -> None:
        """Add that outputs of some samples are put where they are wanted."""
        output, item = self.heads[-1].values.output, self.weights.dtype.itemsize
        self.results.append(
            self.code.add(
                thread,
                self.library.get(outputs.outputs),
                first=rows[0],
                last=rows[1],
                outputs=self.network.outputs,
                y=output.address,
                vector_stride=output.stride,
                result_row=self.network.outputs * item,
                result_step=self.rows * self.network.outputs * item,
            )
        )

    def _total(self) -> None:
        """Add the mean loss, penalty included."""
        batch = self.context.batches[0]
        self.total = self.code.add(
            0,
            self.library.get(row_kernels.total),
            rows=self.rows,
            losses=address(self.sample_losses),
            normalized_weights=address(batch.normalized_weights),
            penalties=address(self.penalties.sums),
            penalty_count=len(self.penalties.sums),
            l2=address(batch.l2[1:]),
        )
