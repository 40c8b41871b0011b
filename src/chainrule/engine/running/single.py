"""Kernels called by themselves, on arrays, while the interpreter is free for other threads."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engine.kernels.library import CompiledKernel, library

_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_int64)


def invoke(kernel: CompiledKernel, **values: object) -> None:
    """Call a kernel; arrays stand for their addresses."""
    given = {
        name: value.ctypes.data if isinstance(value, np.ndarray) else int(value)  # type: ignore[call-overload]
        for name, value in values.items()
    }
    arguments = kernel.pack(**given)
    _FUNCTION(kernel.address)(arguments.ctypes.data)


def kernel_of(emit: Callable[..., Any], **options: Any) -> CompiledKernel:
    """Return the kernel that a function emits, with options, for numbers of float32."""
    return library(np.dtype(np.float32)).get(emit, **options)
