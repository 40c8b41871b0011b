"""The images of few samples in a plan: each goes through all heads of images on its own.

So a vector is full though samples are few, and there are buffers for one sample of each thread.
"""

from __future__ import annotations

from chainrule.engine.kernels import rasters as kernels
from chainrule.engine.machine.memory import address
from chainrule.engine.machine.rasters import Raster, Sample
from chainrule.engine.network.network import Network, Part
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import RasterCut
from chainrule.engine.planning.kinds.rasters import RasterHead, RasterRows, raster_for
from chainrule.engine.planning.kinds.table import companion
from chainrule.engine.planning.program import partition

WORTH = 5 / 8
"""Samples for a lane of a tile up to which they are predicted sooner one after the other.

Measured on AVX-512 with twelve networks: images of 16 × 16 to 28 × 28 pixels take as long on planes
from 0.63 to 0.73 samples a lane on, larger ones from 0.9 on.
"""


class Rasters:
    """Plans the parts of images, for prediction; ``rows`` is what they are for the parts behind."""

    unit = 1
    """How many samples a thread has at least."""

    def __init__(self, context: PlanContext, parts: tuple[Part, ...], after: Part | None) -> None:
        self.context, self.shape = context, parts[0].inputs
        kinds = [companion(part) for part in parts]
        self.kinds = [kind for kind in kinds if kind is not None]
        self.parts, self.pitches = parts, _pitches(parts, self.kinds)
        self.inputs = {thread: self._input() for thread in self._threads()}
        self.heads_of = {thread: self._heads(reads) for thread, reads in self.inputs.items()}
        self.heads = next(iter(self.heads_of.values()))
        self.rows = RasterRows(context, self.heads[-1], after)

    @staticmethod
    def most(network: Network, lanes: int) -> int:
        """Return up to how many samples are predicted sooner than on planes; 0 if none can be."""
        parts = network.images
        possible = bool(parts) and all(companion(part) is not None for part in parts)
        return int(lanes * WORTH) if possible else 0

    def _threads(self) -> list[int]:
        count, threads = self.context.rows, self.context.threads
        shares = [(thread, partition(count, threads, thread)) for thread in range(threads)]
        return [thread for thread, (first, last) in shares if first < last]

    def _input(self) -> Raster:
        """Return where samples are brought, or the sample where the first head reads that."""
        first = self.kinds[0]
        if first.reads_samples(self.parts[0]):
            return Sample.of(self.shape, self.context.dtype)
        return raster_for(self.context, self.shape, first, self.parts[0], self.pitches[0])

    def _heads(self, reads: Raster) -> list[RasterHead]:
        heads: list[RasterHead] = []
        places = zip(
            self.parts,
            self.kinds,
            (*self.parts[1:], None),
            (*self.kinds[1:], None),
            self.pitches[1:],
            strict=True,
        )
        for part, kind, after, reader, pitch in places:
            heads.append(kind(self.context, part, after, reads, reader, pitch))
            reads = heads[-1].values.output
        return heads

    def forward(self, thread: int) -> None:
        """Add all of a thread's samples, one after the other, up to their rows."""
        rows = self.context.batches[thread].rows
        for sample in range(*partition(self.context.rows, self.context.threads, thread)):
            cut = RasterCut(self.context, thread, address(rows[sample:]))
            self._place(cut)
            for head in self.heads_of[thread]:
                head.forward(cut)
            self.rows.take(cut, self.heads_of[thread][-1].values.output, sample)

    def _place(self, cut: RasterCut) -> None:
        """Add that a sample's pixels are brought where windows slide over them."""
        raster, (_, h, w) = self.inputs[cut.thread], self.shape
        if isinstance(raster, Sample):
            return
        cut.pixels(
            self.context.library.get(kernels.copy, sample=True),
            self.shape,
            x=cut.sample,
            x_channel=h * w * raster.item,
            x_row=w * raster.item,
            y=raster,
        )


def _pitches(parts: tuple[Part, ...], kinds: list[type[RasterHead]]) -> list[int]:
    """Return the least pitches of what each part reads, and of what the last one makes."""
    found = [parts[-1].outputs[2]]
    for part, kind in zip(reversed(parts), reversed(kinds), strict=True):
        found.insert(0, kind.least_pitch(part, found[0]))
    return found
