"""Steps without Python: each thread walks its instructions again and again, meeting at barriers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.running.walk import STEPS, STOP, give_way, walk
from chainrule.engine.running.walkers import Job, Walker, walkers


class Runner:
    """The threads of one program."""

    def __init__(self, instructions: list[NDArray[np.int64]]) -> None:
        self.instructions = instructions
        self.shared = aligned((2 * STOP // 8,), np.int64)
        self._arguments = [
            np.array(
                [
                    listed.ctypes.data,
                    len(listed),
                    0,
                    self.shared.ctypes.data,
                    len(instructions),
                    give_way(),
                ],
                dtype=np.int64,
            )
            for listed in instructions
        ]

        self._first = address(self._arguments[0])

    @property
    def stop_at(self) -> int:
        """The address of the flag that ends the walk after the step that sets it."""
        return address(self.shared) + STOP

    def run(self, steps: int) -> bool:
        """Run so many steps; return whether all of them were run."""
        self.shared[:] = 0
        for arguments in self._arguments:
            arguments[STEPS] = steps
        walk_through = walk()
        if len(self._arguments) == 1:
            walk_through(self._first)
            return not self.shared[STOP // 8]
        jobs: list[Job] = [(walk_through, address(each)) for each in self._arguments[1:]]
        with walkers(len(jobs)) as others:
            pairs = list(zip(others, jobs, strict=True))
            interruption = _despite_ctrl_c(Walker.ask, pairs)
            walk_through(self._first)
            interruption = _despite_ctrl_c(Walker.wait, pairs) or interruption
        if interruption is not None:
            raise interruption
        return not self.shared[STOP // 8]


def _despite_ctrl_c(
    act: Callable[[Walker, Job], None], pairs: list[tuple[Walker, Job]]
) -> KeyboardInterrupt | None:
    """Act with all walkers, since each waits for all; return a Ctrl-C that came meanwhile."""
    interruption = None
    waiting = list(pairs)
    while waiting:
        try:
            act(*waiting[0])
        except KeyboardInterrupt as error:
            interruption = error
            continue
        waiting.pop(0)
    return interruption
