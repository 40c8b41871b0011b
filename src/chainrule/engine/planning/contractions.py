"""The part of a plan that computes a line of index notation, forward and back.

Numbers of samples are in tiles of samples, so a step of a contraction needs nothing but tables of
byte offsets. Where a batch has tiles enough, a thread takes some through all steps while they are
in its core's cache; else threads share out the elements of each step.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from chainrule.engine.machine.memory import VECTOR, Panels
from chainrule.engine.network.contraction import Contraction
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import RowCut
from chainrule.engine.planning.line_steps import LineSteps
from chainrule.engine.planning.line_tensors import LineTensors
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.weights import StoredParameter
from chainrule.engine.planning.work import Phase, Work, phases

IN_CACHE = 2**20
"""Bytes of the numbers of samples that a thread takes through all steps before the next ones."""

AT_ONCE = 3
"""Tiles of samples that a thread takes at once, or a multiple: as wide as a product's tile."""


class LinePlan:
    """Plans a line, given where its parameters are; X and Y are read from and put into panels."""

    def __init__(
        self, contraction: Contraction, parameters: dict[str, StoredParameter], context: PlanContext
    ) -> None:
        self.contraction, self.context, self.code = contraction, context, context.code
        self.lanes, self.tiles, self.rows = context.lanes, context.tiles, context.rows
        self.target = contraction.line.target
        self.tensors = LineTensors(context, dict(contraction.sizes), parameters)
        self.steps = LineSteps(self.tensors, contraction.sample)
        if self.by_tiles:
            passing = (self.target, "dX")
            self.tensors.passing = dict.fromkeys(passing, min(self.most, self.tiles))

    @property
    def by_tiles(self) -> bool:
        """Whether there are tiles enough for threads to have some of their own."""
        threads = self.code.threads
        return self.tiles % threads == 0 or self.tiles >= 4 * threads

    @property
    def most(self) -> int:
        """Tiles that a thread takes through all steps before the next ones."""
        targets = [step.target for step in self.contraction.forward()]
        features = prod(self.contraction.input_shape)
        features += sum(self.contraction.size(target.features) for target in targets)
        return AT_ONCE * max(1, IN_CACHE // max(1, VECTOR * features * AT_ONCE))

    def _phases(self, works: list[Work], after: Callable[[RowCut], None]) -> list[Phase]:
        """Return what threads do: each some samples through all steps, or each step together.

        After that, where a thread has the samples, it goes on with them.
        """
        if not self.by_tiles:
            return phases(works)
        own = [work for work in works if work.sampled]
        rest = phases([work for work in works if not work.sampled])
        most = self.most

        def add(thread: int) -> None:
            first, last = partition(self.tiles, self.code.threads, thread)
            for start in range(first, last, most):
                tiles = start, min(start + most, last)
                for work in own:
                    work.add(thread, tiles)
                rows = tiles[0] * self.lanes, min(tiles[1] * self.lanes, self.rows)
                after(RowCut(self.context, thread, rows, (0, 0)))

        return [[add], *rest]

    def forward(self, X: Panels | None, Y: Panels, after: Callable[[RowCut], None]) -> list[Phase]:
        """Return the works from X to Y; without panels X are the samples as they are."""
        steps = self.contraction.forward()
        inputs = next(f for step in steps for f in step.factors if f.name == "X")
        works = [self.tensors.enter(X, inputs) if X else self.tensors.gather(inputs)]
        works += [work for step in steps for work in self.steps.works(step)]
        return self._phases([*works, self.tensors.leave(steps[-1].target, Y)], after)

    def backward(
        self, dY: Panels, dX: Panels | None, after: Callable[[RowCut], None]
    ) -> list[Phase]:
        """Return the works from dY to the parameters' gradients, and to dX where it is wanted."""
        steps = self.contraction.backward(input_gradient=dX is not None)
        if not steps:
            return []
        gradient = f"d{self.target}"
        outputs = next(f for step in steps for f in step.factors if f.name == gradient)
        enter = self.tensors.enter(dY, outputs)
        works = [work for step in steps for work in self.steps.works(step)]
        if dX is not None:
            target = next(step.target for step in steps if step.target.name == "dX")
            works.append(self.tensors.leave(target, dX))
        read = any(gradient in work.reads for work in works)
        return self._phases([enter, *works] if read else works, after)
