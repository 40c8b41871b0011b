"""Kernels called by themselves, on arrays, while the interpreter is free for other threads."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engine.kernels.library import CompiledKernel, library

_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_int64)


class Call:
    """A kernel and its arguments, to be called again and again with some of them changed.

    Arrays stand for their addresses, and are kept as long as they are arguments.
    """

    def __init__(self, kernel: CompiledKernel, **values: Any) -> None:
        self._places = {name: place for place, name in enumerate(kernel.fields)}
        self._values: dict[str, Any] = {}
        self._arguments = kernel.pack()
        self._at = int(self._arguments.ctypes.data)
        self._function = _FUNCTION(kernel.address)
        self.set(**values)

    def set(self, **values: Any) -> None:
        """Give arguments other values."""
        for name, value in values.items():
            if self._values.get(name) is value:
                continue
            self._values[name] = value
            if isinstance(value, np.ndarray):
                value = value.ctypes.data
            self._arguments[self._places[name]] = value

    def __call__(self, **values: Any) -> None:
        """Call the kernel, with these arguments and those from before."""
        self.set(**values)
        self._function(self._at)


def invoke(kernel: CompiledKernel, **values: Any) -> None:
    """Call a kernel once; arrays stand for their addresses."""
    Call(kernel, **values)()


def kernel_of(emit: Callable[..., Any], **options: Any) -> CompiledKernel:
    """Return the kernel that a function emits, with options, for numbers of float32."""
    return library(np.dtype(np.float32)).get(emit, **options)
