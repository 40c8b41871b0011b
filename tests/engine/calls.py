"""Kernels called by themselves, on arrays."""

import ctypes
from dataclasses import replace

import numpy as np

from chainrule.engine.machine.architecture import AARCH64, architecture
from chainrule.engine.machine.compiling import Target, host, load, object_code
from chainrule.engine.machine.memory import VECTOR, aligned


def call(kernel, **values):
    """Call a kernel of a library; arrays stand for their addresses."""
    given = {k: v.ctypes.data if isinstance(v, np.ndarray) else v for k, v in values.items()}
    arguments = kernel.pack(**given)
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(kernel.address)(arguments.ctypes.data)
    return arguments


def run(kernel, **values):
    """Compile a kernel under construction, and call it."""
    module = kernel.finish().module
    address = load(kernel.name, object_code(str(module), host()))
    fields = kernel.fields
    given = [values[field] for field in fields]
    arguments = np.array([v.ctypes.data if isinstance(v, np.ndarray) else v for v in given])
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)(arguments.ctypes.data)


def vectors(values, dtype):
    """Return values in an aligned array, filled up to whole vectors with the last one."""
    lanes = VECTOR // np.dtype(dtype).itemsize
    array = aligned((-(-len(values) // lanes) * lanes,), dtype)
    array[:] = values[-1]
    array[: len(values)] = values
    return array


if architecture() == AARCH64:
    OTHERS = {name: Target(name, "", 16) for name in ("cortex-a53", "cortex-a72")}
else:
    OTHERS = {
        "256 bits": Target("haswell", "", 32),
        "128 bits, no fused multiply-add": Target("nehalem", "", 16),
    }
"""Processors that this one can stand for; x86's last calls the C library for each fused step."""


def without_tiles():
    """Return this processor, as if it had no tiles of matrices."""
    features = [name for name in host().features.split(",") if "amx" not in name]
    return replace(host(), features=",".join(features))
