"""One network in a plan: its heads, the order of things, and who waits for whom.

Images are cut by tiles of samples, Linear layers by panels of outputs, the last layer and the loss
by samples, and so are sparse samples, softmax, and layers with few panels. A barrier stands
wherever a thread reads what another one wrote.

Whatever the cut, an output is one chain of fused multiply-adds in the order of k, so the bits do
not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest

from chainrule.engine.kernels import outputs
from chainrule.engine.network.network import Network
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Range, RowCut
from chainrule.engine.planning.images import Images
from chainrule.engine.planning.kinds.base import Head
from chainrule.engine.planning.kinds.rows import TILE, RowHead
from chainrule.engine.planning.kinds.samples import Samples
from chainrule.engine.planning.loss_plan import LossPlan
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.rasters import Rasters
from chainrule.types import Array


class NetworkPlan:
    """Plans what threads do with a network in a step, or for its outputs.

    ``results`` are the arguments of each thread's rows of outputs, which a run sets.

    Parameters
    ----------
    network : Network
        What is planned: all of it, or a member of an ensemble.
    context : PlanContext
        What instructions are made with.
    loss : LossPlan or None
        The loss of its outputs; None in prediction.
    """

    def __init__(self, network: Network, context: PlanContext, loss: LossPlan | None) -> None:
        self.network, self.context, self.loss = network, context, loss
        self.code, self.rows, self.threads = context.code, context.rows, context.threads
        self.images = self._images() if network.images else None
        self.samples: Samples | None = None
        self.heads = self._heads()
        self.results: list[Array] = []

    def _images(self) -> Images | Rasters:
        """Return the heads of images: in planes, or in rasters where outputs of few are wanted."""
        images, parts = self.network.images, self.network.parts
        if self.loss or self.rows > Rasters.most(self.network, self.context.lanes):
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

    # ---- the order of things

    def outputs(self) -> None:
        """Add forward; each thread has samples of its own, and never waits."""
        if any(head.together for head in self.heads):
            self._outputs_together()
            return
        unit = self.images.unit if self.images else 8
        for thread in range(self.threads):
            rows = partition(self.rows, self.threads, thread, unit)
            if rows[0] < rows[1]:
                self._begin(thread, rows)
                for head in self.heads:
                    head.forward(head.whole(thread, rows))
                self._results(thread, rows)

    def _outputs_together(self) -> None:
        """Add forward, where threads share what a head makes."""
        parts = [partition(self.rows, self.threads, thread, 8) for thread in range(self.threads)]
        for thread, rows in enumerate(parts):
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

    def step(self) -> None:
        """Add forward, loss, backprop, update."""
        self.pass_through()
        self._update()

    def pass_through(self) -> None:
        """Add forward, loss, and backprop to the outputs of all heads."""
        threads, (*hidden, last) = range(self.threads), self.heads
        for thread in threads:
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
                self._add_loss(own)
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

    def _update(self) -> None:
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

    def _add_loss(self, cut: RowCut) -> None:
        """Add the losses of some samples, and the gradients by the outputs."""
        assert self.loss is not None
        values = self.heads[-1].values
        self.loss.add(cut.thread, cut.rows, values.output, values.gradient)

    def _results(self, thread: int, rows: Range) -> None:
        """Add that outputs of some samples are put where they are wanted."""
        output, (member, members) = self.heads[-1].values.output, self.context.member
        own = self.heads[-1].part.features * self.context.dtype.itemsize
        self.results.append(
            self.code.add(
                thread,
                self.context.library.get(outputs.outputs),
                first=rows[0],
                last=rows[1],
                outputs=self.heads[-1].part.features,
                y=output.address,
                vector_stride=output.stride,
                result_at=member * own,
                result_row=members * own,
                result_step=self.rows * members * own,
            )
        )
