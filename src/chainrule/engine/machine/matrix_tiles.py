"""The processor's registers for tiles of matrices (Intel's AMX), and the leave to use them.

Eight tiles have 16 rows of 64 bytes each. An instruction multiplies two tiles of bfloat16 and adds
the products to a third, of float32: 16,384 operations, at fourteen times the rate of float32's
multiply-adds. Linux gives a process the memory to keep them only when asked.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

from chainrule.engine.machine.architecture import X86_64, architecture
from chainrule.engine.machine.compiling import Target

TILE_ROWS = 16
"""Rows of a tile, and numbers of float32 in each."""

DEPTH = 32
"""Numbers of bfloat16 in a row of a tile: products that are added up at once."""

FEATURES = ("+amx-tile", "+amx-bf16")
"""What LLVM calls them."""

CONFIGURATION = (1, 0, 0x0040_0040_0040_0040, 0x0040_0040_0040_0040, 0, 0, 0x1010_1010_1010_1010, 0)
"""Palette 1, and for all eight tiles 64 bytes a row and 16 rows, in words of 64 bits."""

_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA = 158, 0x1023, 18
"""Numbers of Linux on x86-64: the call, what it asks, and the state that it asks for."""


@cache
def permitted() -> bool:
    """Return whether this process may use tiles, after asking Linux for them, once.

    It holds for all threads. Linux refuses where another part of the process has given a signal
    handler a stack too small to save tiles on; other systems are not asked.
    """
    if sys.platform != "linux" or architecture() != X86_64:
        return False
    try:
        call = ctypes.CDLL(None).syscall
    except (OSError, AttributeError):
        return False
    numbers = (_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA)
    return int(call(*map(ctypes.c_long, numbers))) == 0


def usable(target: Target) -> bool:
    """Return whether code for a processor may use tiles of bfloat16 in this process."""
    return set(FEATURES) <= set(target.features.split(",")) and permitted()
