"""Whether a chain's parameters are those that were copied, in no more reads than it takes."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Protocol

import numpy as np

from chainrule.engine.kernels.comparison import compare
from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import address
from chainrule.engine.planning.in_place import lies_in_rows
from chainrule.engine.planning.program import Instructions
from chainrule.engine.planning.weights import Weights
from chainrule.engine.running.runner import Runner
from chainrule.parameters import Parameters
from chainrule.types import Array


class Changes(Protocol):
    """Says whether parameters have changed since :meth:`taken_over`."""

    def __call__(self) -> bool:
        """Return whether a bit of them has changed."""

    def taken_over(self) -> None:
        """Let the parameters as they are now be what others are compared with."""


def changes(weights: Weights, parameters: Parameters, library: Library) -> Changes:
    """Return what compares a chain's parameters with weights that are a copy of them."""
    if lies_in_rows(weights.network, parameters):
        return ThoseInPanels(weights, parameters, library)
    return ACopy(parameters.flat)


class ThoseInPanels:
    """Compares a chain's parameters with the panels that programs read next."""

    def __init__(self, weights: Weights, parameters: Parameters, library: Library) -> None:
        code, kernel, self.differs = Instructions(1), library.get(compare), np.zeros(1, np.int64)
        for name, stored in weights.parameters.items():
            array, panels = code.keep(weights.of(parameters, name)), stored.values
            code.add(
                0,
                kernel,
                rows=array.size // array.shape[-1],
                features=array.shape[-1],
                numbers=address(array),
                panels=panels.address,
                row_stride=panels.row_stride,
                vector_stride=panels.stride,
                differs=address(self.differs),
            )
        self.code, self.runner = code, Runner(code.finished())

    def __call__(self) -> bool:
        """Return whether a bit of them has changed."""
        self.differs[0] = 0
        self.runner.run(1)
        return bool(self.differs[0])

    def taken_over(self) -> None:
        """Do nothing: the panels are what was taken over."""


class ACopy:
    """Compares a chain's parameters with a copy of their own, of networks of any kinds."""

    def __init__(self, flat: Array) -> None:
        self.flat = flat
        self.taken_over()

    def __call__(self) -> bool:
        """Return whether a bit of them has changed."""
        return _compare_memory()(*self.compared) != 0

    def taken_over(self) -> None:
        """Copy the parameters as they are now."""
        self.seen = self.flat.copy()
        self.compared = address(self.flat), address(self.seen), self.flat.nbytes


@cache
def _compare_memory() -> Callable[[int, int, int], int]:
    """Return the C library's memcmp: not 0 if bytes at two addresses differ."""
    libc = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    compare = libc.memcmp
    compare.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    compare.restype = ctypes.c_int
    return compare
