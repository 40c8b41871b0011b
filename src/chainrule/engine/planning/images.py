"""The images of a batch in a plan: from samples through all heads of images, tile by tile."""

from __future__ import annotations

from math import prod

from chainrule.engine.kernels import planes
from chainrule.engine.machine.memory import address
from chainrule.engine.machine.planes import NONE
from chainrule.engine.network.network import Part
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import TileCut
from chainrule.engine.planning.kinds.flatten import Rows
from chainrule.engine.planning.kinds.images import ImageHead, to_read
from chainrule.engine.planning.program import partition


class Images:
    """Plans the parts of images; ``rows`` is what they are for the parts behind.

    ``unit`` is how many samples a thread has at least.
    """

    def __init__(self, context: PlanContext, parts: tuple[Part, ...]) -> None:
        self.context, self.shape, self.unit = context, parts[0].inputs, context.lanes
        self.input = reads = to_read(context, self.shape, parts[0])
        bare = self.input.margins == NONE and self.input.contiguous
        self.samples = self.input if bare else to_read(context, self.shape, None)
        self.heads: list[ImageHead] = []
        for part, after in zip(parts, (*parts[1:], None), strict=True):
            kind = part.kind.variant(part, None)
            before = self.heads[-1] if self.heads else None
            self.heads.append(kind(context, part, before, after, reads))
            reads = self.heads[-1].values.output
        self.rows = Rows(context, self.heads[-1])

    def _cuts(self, thread: int) -> list[TileCut]:
        tiles = partition(self.context.tiles, self.context.threads, thread)
        return [TileCut(self.context, thread, tile) for tile in range(*tiles)]

    def forward(self, thread: int) -> None:
        """Add all of a thread's tiles, from samples to rows."""
        for cut in self._cuts(thread):
            self._gather(cut)
            for head in self.heads:
                head.forward(cut)
            self.rows.forward(cut)

    def _gather(self, cut: TileCut) -> None:
        samples = self.context.batches[cut.thread].rows[cut.tile * self.context.lanes :]
        self.context.code.add(
            cut.thread,
            self.context.library.get(planes.gather),
            samples=address(samples),
            features=prod(self.shape),
            y=self.samples.at(cut.tile),
        )
        if self.samples is not self.input:
            cut.copy(self.samples, self.input)

    def backward(self, thread: int) -> None:
        """Add the gradients of a thread's tiles by what each head reads; the first needs none."""
        for cut in self._cuts(thread):
            self.rows.backward(cut)
            for head in reversed(self.heads):
                head.backward(cut)
