"""Which architecture this machine has, and what its system says of an AArch64 processor.

LLVM knows an AArch64 processor by files that a container or an emulator may not have, and may call
it "generic"; what the system reports of its features holds everywhere.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from functools import cache

X86_64, AARCH64 = "x86_64", "aarch64"

_NAMES = {"amd64": X86_64, "arm64": AARCH64}
"""What systems call them otherwise."""

_AT_HWCAP2 = 26
_HWCAP2 = {"BF16": 1 << 14, "AFP": 1 << 20}
"""Where Linux has a feature's bit (arch/arm64/include/uapi/asm/hwcap.h)."""


@cache
def architecture() -> str:
    """Return the name of this process's architecture: "x86_64", "aarch64" or another one."""
    name = platform.machine().lower()  # the system's, of which a process may use the half
    return _NAMES.get(name, name) if sys.maxsize > 2**32 else f"32-bit {name}"


@cache
def has_feature(name: str) -> bool:
    """Return whether an AArch64 processor has a feature: "BF16" or "AFP", as ARM names them.

    On a system that does not say, it has none.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.getauxval.restype, library.getauxval.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
        return bool(library.getauxval(_AT_HWCAP2) & _HWCAP2[name])
    if sys.platform == "darwin":
        answer, size = ctypes.c_int(0), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
        asked = f"hw.optional.arm.FEAT_{name}".encode()
        refused = ctypes.CDLL(None).sysctlbyname(
            asked, ctypes.byref(answer), ctypes.byref(size), None, ctypes.c_size_t(0)
        )
        return not refused and bool(answer.value)
    return False
