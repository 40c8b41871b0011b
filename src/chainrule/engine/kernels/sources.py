"""What decides the text of a kernel that is made from no rule: the package's own source."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite

PACKAGE = "chainrule"
READ = (".", "engine/language", "engine/kernels", "engine/machine", "engine/network", "losses")
"""Folders of what such kernels are emitted by."""
SETTLED = 60
"""Seconds: what was imported may be from before a change of the source that is no older."""
BY_PERMISSION = f"{PACKAGE}.engine.kernels.bfloat16_blocks"
"""A module whose kernels depend on what the system permits a process, too."""


def source_of(emit: Callable[..., Any], options: dict[str, Any]) -> str | None:
    """Return a text that says from what source a kernel is emitted, and with which options.

    None where the function is not the package's own as it stands in its module, where an option is
    more than a number or a word, or something else decides, too.
    """
    name, module = emit.__qualname__, sys.modules.get(emit.__module__)
    if not emit.__module__.startswith(f"{PACKAGE}.") or getattr(module, name, None) is not emit:
        return None
    if emit.__module__ == BY_PERMISSION:
        return None
    if not all(isinstance(value, int | str | None) for value in options.values()):
        return None
    digest = _digest()
    return digest and f"{digest} {emit.__module__}.{name} {sorted(options.items())}"


_IMPORTED = time.time()


@cache
def _digest() -> str | None:
    """Return a digest of the source that kernels are emitted by.

    None where it cannot be read, or has just been changed.
    """
    root = Path(__file__).parents[2]
    whole = hashlib.sha256(f"{llvmlite.__version__} {sys.version}".encode())
    try:
        found = [entry for each in READ for entry in os.scandir(root / each)]
        files = {entry.path: entry for entry in found if entry.name.endswith(".py")}
        if any(entry.stat().st_mtime > _IMPORTED - SETTLED for entry in files.values()):
            return None
        for path in sorted(files):
            with open(path, "rb", buffering=0) as file:
                whole.update(files[path].name.encode() + b"\0" + file.read())
    except OSError:
        return None
    return whole.hexdigest() if files else None
