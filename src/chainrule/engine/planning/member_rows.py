"""Members' numbers apart: each begins with a panel of its own, as if it were the only one."""

from __future__ import annotations

from chainrule.engine.kernels import members as kernels
from chainrule.engine.machine.memory import Panels
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Range


class MemberRows:
    """Room for rows of numbers of each member, and what brings them there and back.

    Parameters
    ----------
    context : PlanContext
        What instructions are made with.
    members, numbers : int
        How many there are, and how many numbers each of them has of a sample.
    """

    def __init__(self, context: PlanContext, members: int, numbers: int) -> None:
        self.context, self.members, self.numbers = context, members, numbers
        self.each = -(-numbers // context.lanes)
        features = members * self.each * context.lanes
        self.panels = Panels.zeros(context.rows, features, context.dtype)

    @property
    def places(self) -> list[int]:
        """Where each member's first panel is."""
        stride = self.each * self.panels.stride
        return [self.panels.address + member * stride for member in range(self.members)]

    def take(self, thread: int, rows: Range, panels: Panels) -> None:
        """Add that some samples' numbers are put apart."""
        self._move(thread, rows, panels, kernels.apart)

    def give(self, thread: int, rows: Range, panels: Panels) -> None:
        """Add that they are put side by side again."""
        self._move(thread, rows, panels, kernels.together)

    def _move(self, thread: int, rows: Range, panels: Panels, kernel: kernels.Emit) -> None:
        self.context.code.add(
            thread,
            self.context.library.get(kernel),
            first=rows[0],
            last=rows[1],
            members=self.members,
            numbers=self.numbers,
            together=panels.address,
            together_stride=panels.stride,
            apart=self.panels.address,
            apart_stride=self.panels.stride,
            member_stride=self.each * self.panels.stride,
        )
