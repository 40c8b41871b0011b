"""Steps without Python: every thread walks its instructions, again and again, meeting at barriers.

The compiled walk calls each kernel with the address of its arguments. Address 0 is a barrier: a
thread counts itself in and waits until all have, spinning for a moment and then letting others
have the processor. Denormal numbers count as 0 meanwhile.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.compiling import host
from chainrule.engine.emit import Kernel
from chainrule.engine.kernels import compiled
from chainrule.engine.memory import address, aligned
from chainrule.engine.values import Integer

FIELDS = ("instructions", "count", "steps", "shared", "threads", "give_way")
"""``shared``: the barrier's counter, and in the next cache line whether to stop."""

STEPS = FIELDS.index("steps")
STOP = 64
SPINS = 200
"""Turns of waiting before a thread lets others have the processor: about 5 µs."""


def emit(name: str) -> Any:
    """Return the module of the walk."""
    k = Kernel(name, np.float64, FIELDS)
    on_x86 = platform.machine().lower() in ("x86_64", "amd64")
    settings = k.denormals_are_zero() if on_x86 else None
    shared = k.argument("shared")
    with (
        k.loop(0, k.argument("steps")),
        k.when(k.load_shared(shared + STOP).equals(0)),
        k.loop(0, k.argument("count")) as i,
    ):
        instruction = k.argument("instructions") + i * 16
        kernel = k.load_integer(instruction)
        with k.when(kernel > 0):
            k.call(kernel, k.load_integer(instruction + 8))
        with k.when(kernel.equals(0)):
            _barrier(k, shared, on_x86)
    if settings is not None:
        k.restore_denormals(settings)
    return k.finish().module


def _barrier(k: Kernel, shared: Integer, on_x86: bool) -> None:
    """Wait until as many threads as there are have come."""
    threads = k.argument("threads")
    before = k.add_atomically(shared, 1)
    turn = Integer(k, k.builder.udiv(before.value, threads.value))
    everyone = (turn + 1) * threads
    spins = k.allocate(1)
    k.store_integer(k.integer(0), spins)
    with k.loop_while(lambda: k.load_shared(shared) < everyone):
        spun = k.load_integer(spins)
        k.store_integer(spun + 1, spins)
        if on_x86:
            with k.when(spun < SPINS):
                k.processor_hint("x86.sse2.pause")
        with k.when(spun >= SPINS):
            k.call(k.argument("give_way"))


@cache
def walk() -> Callable[[int], None]:
    """Return the compiled walk; the interpreter is free while it runs."""
    address = compiled(str(emit("walk")), "walk", host())
    return ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)


@cache
def _give_way() -> int:
    """Return the address of the system's function that lets another thread run."""
    if sys.platform == "win32":
        function = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


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
                    _give_way(),
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
