"""Heads of rows of numbers, which lie feature-blocked in panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from chainrule.engine.kernels import rows as kernels
from chainrule.engine.machine.memory import VECTOR, Panels, address
from chainrule.engine.planning.cuts import RowCut, Values
from chainrule.engine.planning.kinds.base import Head
from chainrule.engine.planning.operands import Operand
from chainrule.engine.planning.program import partition

TILE = 8
"""Samples that threads share out at once, as a tile of products has rows."""


class RowHead(Head):
    """A head whose part makes rows of numbers.

    Its `forward` and `backward` take a :class:`RowCut`: of its own panels, and of those of the
    part before. A thread has either some panels of all samples or, where ``by_samples`` says so,
    all panels of some.
    """

    before: RowHead | None
    values: Values
    rounded: Operand | None = None
    """The rounded copy of the output that the next head reads, if it does."""

    together: ClassVar[bool] = False
    """Whether all threads make the head's numbers together, phase by phase."""
    whole_tiles: ClassVar[bool] = False
    """Whether panels that the head reads or writes have rows for whole tiles."""

    def _panels(self) -> Panels:
        whole = self.whole_tiles or (self.after is not None and self.after.kind.whole_tiles)
        rows = self.context.tiles * self.context.lanes if whole else self.context.rows
        return Panels.zeros(rows, self.part.features, self.context.dtype)

    def _values(self, keeps: bool) -> Values:
        pointwise = self.part.pointwise
        z = self._panels() if keeps else None
        y = tuple(self._panels() for _ in pointwise)
        only_loss_reads = z is not None and not pointwise and self.after is None
        masks = {k: self._panels() for k, f in enumerate(pointwise) if f.kind.random}
        return Values(z, y, z if only_loss_reads else self._panels(), masks)

    def follow(self, cut: Any) -> None:
        """Add the pointwise functions that the head's kernel has not taken along; round."""
        super().follow(cut)
        self.round_output(cut)

    def round_output(self, cut: RowCut) -> None:
        """Add the rounding of the output, if it is read so."""
        if self.rounded is not None:
            source = self.values.output
            self.context.round(cut.thread, self.rounded, source, cut.rows, cut.panels)

    def bring_samples(self, cut: RowCut) -> None:
        """Add what brings some samples of the batch into the head's own panels."""
        x, samples = self.values.z, self.context.batches[cut.thread].rows
        self.code.add(
            cut.thread,
            self.library.get(kernels.into_panels),
            rows=cut.samples,
            features=self.part.features,
            vectors=x.count,
            samples=address(samples[cut.rows[0] :]),
            panels=x.address + cut.rows[0] * VECTOR,
            vector_stride=x.stride,
        )

    def forward_together(self) -> Sequence[Sequence[Callable[[int], None]]]:
        """Return what all threads do before `forward`, phase by phase, for each thread."""
        return ()

    def backward_together(self) -> Sequence[Sequence[Callable[[int], None]]]:
        """Return what all threads do before `backward`, likewise."""
        return ()

    @property
    def by_samples(self) -> bool:
        """Whether threads share out samples, since each of these is needed as a whole."""
        return self.part.whole_samples

    @property
    def few_panels(self) -> bool:
        """Whether the panels are too few to share out, so that threads share out samples."""
        return False

    @property
    def wants_gradient(self) -> bool:
        """Whether anybody needs the gradient by what the part makes."""
        return True

    @property
    def unit(self) -> int:
        """How many samples threads share out at once; 0 where they share out panels.

        What a head makes of samples and the next one takes of the same ones stays with a thread.
        """
        return 1 if self.by_samples else TILE * self.few_panels

    def cut(self, thread: int) -> RowCut:
        """Return which samples, and which panels of what the head makes, a thread computes."""
        rows, threads = self.context.rows, self.context.threads
        if self.unit:
            unit = max(self.unit, self.context.rows_at_once)
            return self.whole(thread, partition(rows, threads, thread, unit))
        panels = partition(self.values.gradient.count, threads, thread)
        return RowCut(self.context, thread, (0, rows), panels)

    def whole(self, thread: int, rows: tuple[int, int]) -> RowCut:
        """Return all panels of some samples."""
        return RowCut(self.context, thread, rows, (0, self.values.gradient.count))
