"""Where processes wait for each other, by counters in memory that all of them see.

A process counts itself on when it has come somewhere. What it has written before, others see who
have seen it come: counters are added to and read as the processor's atomic instructions do it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import compiled
from chainrule.engine.language.scalars import Variable, loop_while
from chainrule.engine.machine.compiling import Target, host
from chainrule.engine.machine.memory import VECTOR, address
from chainrule.engine.running.dispatch import DispatchLoop

COUNTERS = VECTOR // 8
"""Numbers of 64 bits from one process's counter to the next: each has a cache line."""

TURNS = 100
"""Looks at the counters before Python has a turn: some µs."""

ARRIVE, LOOK = ("counter",), ("counters", "processes", "least", "turns", "missing")


class Meeting:
    """Counters of some processes, and this one's place among them.

    Parameters
    ----------
    counters : ndarray of shape (processes, COUNTERS)
        Of whole numbers of 64 bits, zeros before anybody comes.
    own : int
        The number of this process.
    """

    def __init__(self, counters: NDArray[np.int64], own: int) -> None:
        self.counters, self.come = counters, 0
        self._missing = np.zeros(1, np.int64)
        values = address(counters), len(counters), 0, TURNS, address(self._missing)
        self._look = np.array(values, np.int64)
        self._arrive = np.array([address(counters[own:])], np.int64)
        self._at = address(self._arrive), address(self._look)

    def arrive(self) -> None:
        """Let the others know that this process has come to its next place."""
        self.come += 1
        _function("arrive")(self._at[0])

    def missing(self) -> int | None:
        """Return a process that has not come as far as this one, after some looks; or None."""
        self._look[LOOK.index("least")] = self.come
        _function("look")(self._at[1])
        number = int(self._missing[0])
        return None if number == len(self.counters) else number


def emit(name: str, target: Target | None = None) -> Any:
    """Return the module of one of the two functions."""
    return {"arrive": _emit_arrive, "look": _emit_look}[name](target)


def _emit_arrive(target: Target | None) -> Any:
    """Add 1 to a counter."""
    k = DispatchLoop("arrive", np.float64, ARRIVE, target=target)
    k.add_atomically(k.argument("counter"), 1)
    return k.finish().module


def _emit_look(target: Target | None) -> Any:
    """Find the first process whose counter is below the least, looking for a while."""
    k = DispatchLoop("look", np.float64, LOOK, target=target)
    number, turns = (Variable(k, k.integer(0)) for _ in range(2))
    processes, most = k.argument("processes"), k.argument("turns")
    with loop_while(k, lambda: (number.get() < processes) & (turns.get() < most)):
        seen = k.load_shared(k.argument("counters") + number.get() * VECTOR)
        come = (seen >= k.argument("least")).as_integer()
        number.add(come)
        turns.add(1 - come)
        with k.when(come.equals(0)):
            k.pause()
    k.store_integer(number.get(), k.argument("missing"))
    return k.finish().module


@cache
def _function(name: str) -> Callable[[int], None]:
    """Return one of the two, compiled; the interpreter is free while it runs."""
    return ctypes.CFUNCTYPE(None, ctypes.c_int64)(compiled(str(emit(name)), name, host()))
