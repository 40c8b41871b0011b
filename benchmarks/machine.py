"""Where the figures were taken."""

from __future__ import annotations

import platform
from pathlib import Path

from chainrule.engine.machine.compiling import host


def described(threads: int) -> str:
    """Return a line about the machine."""
    return f"{processor()}, {threads} threads, {host().register_bytes * 8}-bit registers"


def processor() -> str:
    """Return the processor's name, if the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
