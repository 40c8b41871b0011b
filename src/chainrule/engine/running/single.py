"""Kernels called by themselves, on arrays, while the interpreter is free for other threads."""

from __future__ import annotations

import ctypes

import numpy as np

from chainrule.engine.kernels.library import CompiledKernel

_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_int64)


def invoke(kernel: CompiledKernel, **values: object) -> None:
    """Call a kernel; arrays stand for their addresses."""
    given = {
        name: value.ctypes.data if isinstance(value, np.ndarray) else int(value)  # type: ignore[call-overload]
        for name, value in values.items()
    }
    arguments = kernel.pack(**given)
    _FUNCTION(kernel.address)(arguments.ctypes.data)
