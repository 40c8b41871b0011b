"""The dispatch loop over a program, emitted as kernels are: threads between Python's calls.

For each step, for each instruction, the kernel is called with the address of its arguments.
Address 0 is a barrier: a thread counts itself in and waits until all have, spinning for a moment
and then letting others have the processor. Denormal numbers count as 0 meanwhile.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from chainrule.engine.kernels.library import compiled
from chainrule.engine.language.body import I32, I64
from chainrule.engine.language.emit import KernelBuilder
from chainrule.engine.language.scalars import loop_while
from chainrule.engine.language.values import Integer
from chainrule.engine.machine.architecture import AARCH64, X86_64, has_feature
from chainrule.engine.machine.compiling import Target, host

FIELDS = ("instructions", "count", "steps", "shared", "threads", "give_way")
"""``shared``: the barrier's counter, and in the next cache line whether to stop."""

STEPS = FIELDS.index("steps")
STOP = 64
SPINS = 200
"""Turns of waiting before a thread lets others have the processor: about 5 µs."""


class DispatchLoop(KernelBuilder):
    """The loop under construction, with what threads need and no kernel: they share memory."""

    def add_atomically(self, address: Integer, amount: int) -> Integer:
        """Add to the whole number at an address, seen by all threads; return what it was."""
        constant = ir.Constant(I64, amount)
        pointer = self.pointer(address)
        return Integer(self, self.builder.atomic_rmw("add", pointer, constant, "acq_rel"))

    def load_shared(self, address: Integer) -> Integer:
        """Return a whole number that another thread may have written just now."""
        pointer = self.pointer(address)
        return Integer(self, self.builder.load_atomic(pointer, "acquire", 8, typ=I64))

    def pause(self) -> None:
        """Wait for a moment: some 10 ns, in which another thread of the core may work."""
        if self.target.architecture == X86_64:
            self._call("x86.sse2.pause")
        elif self.target.architecture == AARCH64:  # its "yield" does nothing on most processors
            self._call("aarch64.isb", ir.Constant(I32, 15))

    def denormals_are_zero(self) -> Integer:
        """Let the processor flush denormal numbers to 0; return its settings from before."""
        before = self._settings()
        self._set(self.builder.or_(before, ir.Constant(I64, flushing(self.target.architecture))))
        return Integer(self, before)

    def restore_denormals(self, settings: Integer) -> None:
        """Put back what :meth:`denormals_are_zero` returned."""
        self._set(settings.value)

    def _settings(self) -> Any:
        """Return how the processor rounds and flushes."""
        if self.target.architecture == AARCH64:
            return self._call("aarch64.get.fpcr", returns=I64)
        address = self.pointer(self.allocate(1))
        self._call("x86.sse.stmxcsr", address)
        return self.builder.zext(self.builder.load(address, typ=I32), I64)

    def _set(self, settings: Any) -> None:
        if self.target.architecture == AARCH64:
            self._call("aarch64.set.fpcr", settings)
            return
        address = self.pointer(self.allocate(1))
        self.builder.store(self.builder.trunc(settings, I32), address)
        self._call("x86.sse.ldmxcsr", address)

    def _call(self, name: str, *operands: Any, returns: Any = None) -> Any:
        """Call a processor's own instruction, by its name in LLVM."""
        kind = ir.FunctionType(returns or ir.VoidType(), [each.type for each in operands])
        return self.builder.call(self.declared(f"llvm.{name}", kind), operands)


def flushing(architecture: str) -> int:
    """Return the settings with which denormal operands and results count as 0.

    x86: MXCSR.DAZ and FTZ. AArch64: FPCR.FZ, which looks at a result before it is rounded where
    x86 looks at it afterwards; with FEAT_AFP also AH and FIZ, which do as x86 does.
    """
    if architecture != AARCH64:
        return 1 << 6 | 1 << 15
    return 1 << 24 | (1 << 1 | 1 << 0 if has_feature("AFP") else 0)


def emit(name: str, target: Target | None = None) -> Any:
    """Return the module of the dispatch loop."""
    k = DispatchLoop(name, np.float64, FIELDS, target=target)
    settings = k.denormals_are_zero()
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
            _barrier(k, shared)
    k.restore_denormals(settings)
    return k.finish().module


def _barrier(k: DispatchLoop, shared: Integer) -> None:
    """Wait until as many threads as there are have come."""
    threads = k.argument("threads")
    before = k.add_atomically(shared, 1)
    turn = Integer(k, k.builder.udiv(before.value, threads.value))
    everyone = (turn + 1) * threads
    spins = k.allocate(1)
    k.store_integer(k.integer(0), spins)
    with loop_while(k, lambda: k.load_shared(shared) < everyone):
        spun = k.load_integer(spins)
        k.store_integer(spun + 1, spins)
        with k.when(spun < SPINS):
            k.pause()
        with k.when(spun >= SPINS):
            k.call(k.argument("give_way"))


@cache
def dispatch_loop() -> Callable[[int], None]:
    """Return the compiled loop; the interpreter is free while it runs."""
    address = compiled(str(emit("dispatch")), "dispatch", host())
    return ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)


@cache
def give_way() -> int:
    """Return the address of the system's function that lets another thread run."""
    if sys.platform == "win32":
        function = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)
