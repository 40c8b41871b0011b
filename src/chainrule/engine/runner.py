"""Steps without Python: each thread walks its instructions again and again, meeting at barriers."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.memory import address, aligned
from chainrule.engine.walk import STEPS, STOP, give_way, walk


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
        others = [
            threading.Thread(target=walk_through, args=(arguments.ctypes.data,), daemon=True)
            for arguments in self._arguments[1:]
        ]
        interruption = _start_all(others)
        walk_through(self._first)
        for other in others:
            other.join()
        if interruption is not None:
            raise interruption
        return not self.shared[STOP // 8]


def _start_all(threads: list[threading.Thread]) -> KeyboardInterrupt | None:
    """Start all threads, since each waits for all; return a Ctrl-C that came meanwhile."""
    interruption = None
    waiting = list(threads)
    while waiting:
        try:
            waiting[0].start()
        except RuntimeError:  # the interruption came when it had been started
            pass
        except KeyboardInterrupt as error:
            interruption = error
            continue
        waiting.pop(0)
    return interruption
