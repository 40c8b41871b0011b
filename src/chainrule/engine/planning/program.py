"""A program: for each thread, kernels with their arguments, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import CompiledKernel
from chainrule.engine.machine.memory import address
from chainrule.types import Array


@dataclass
class Instructions:
    """For each thread, kernels and their arguments in order; address 0 is a barrier."""

    threads: int
    lists: list[list[tuple[int, int]]] = field(init=False)
    kept: list[Array] = field(default_factory=list)
    _tables: dict[bytes, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.lists = [[] for _ in range(self.threads)]

    def of_thread(self, thread: int) -> Instructions:
        """Return the program as a thread sees it that has work of its own, and waits for nobody."""
        alone = Instructions(1, self.kept, self._tables)
        alone.lists[0] = self.lists[thread]
        return alone

    def table(self, *columns: Any) -> int:
        """Keep a table of byte offsets, a column or several side by side; return its address.

        What is alike is kept once, so that it stays in the caches.
        """
        wide = np.stack([np.asarray(c, dtype=np.int64) for c in columns], axis=-1)
        known = wide.tobytes()
        if known not in self._tables:
            self._tables[known] = address(self.keep(np.ascontiguousarray(wide).reshape(-1)))
        return self._tables[known]

    def keep(self, array: Array) -> Array:
        """Keep an array as long as the program lives, and return it."""
        self.kept.append(array)
        return array

    def pack(self, kernel: CompiledKernel, **values: int) -> NDArray[np.int64]:
        """Keep the arguments of a kernel; return them, so that some can be changed later."""
        return self.keep(kernel.pack(**values))

    def add(self, thread: int, kernel: CompiledKernel, **values: int) -> NDArray[np.int64]:
        """Append an instruction to a thread's list; return its arguments."""
        arguments = self.pack(kernel, **values)
        self.lists[thread].append((kernel.address, address(arguments)))
        return arguments

    def barrier(self) -> None:
        """Let all threads wait for each other here."""
        if self.threads > 1:
            for instructions in self.lists:
                instructions.append((0, 0))

    def finished(self) -> list[NDArray[np.int64]]:
        """Return the lists as arrays (count, 2)."""
        return [np.array(items, dtype=np.int64).reshape(-1, 2) for items in self.lists]


def partition(count: int, threads: int, thread: int, unit: int = 1) -> tuple[int, int]:
    """Return which of ``count`` things a thread does, cut at multiples of ``unit``."""
    units = -(-count // unit)
    first, last = (min(count, units * part // threads * unit) for part in (thread, thread + 1))
    return first, last
