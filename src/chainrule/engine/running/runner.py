"""Steps without Python: each thread runs its instructions again and again, up to barriers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.machine.memory import address, aligned
from chainrule.engine.running.dispatch import STEPS, STOP, dispatch_loop, give_way
from chainrule.engine.running.workers import Job, Worker, workers


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
        """The address of the flag that ends the loop after the step that sets it."""
        return address(self.shared) + STOP

    def run(self, steps: int) -> bool:
        """Run `steps` steps; return whether all of them were run."""
        self.shared[:] = 0
        for arguments in self._arguments:
            arguments[STEPS] = steps
        loop = dispatch_loop()
        if len(self._arguments) == 1:
            loop(self._first)
            return not self.shared[STOP // 8]
        jobs: list[Job] = [(loop, address(each)) for each in self._arguments[1:]]
        with workers(len(jobs)) as others:
            pairs = list(zip(others, jobs, strict=True))
            interruption = _despite_ctrl_c(Worker.ask, pairs)
            loop(self._first)
            interruption = _despite_ctrl_c(Worker.wait, pairs) or interruption
        if interruption is not None:
            raise interruption
        return not self.shared[STOP // 8]


def _despite_ctrl_c(
    act: Callable[[Worker, Job], None], pairs: list[tuple[Worker, Job]]
) -> KeyboardInterrupt | None:
    """Act with all workers, since each waits for all; return a Ctrl-C that came meanwhile."""
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
