"""Compiled kernels on disk."""

from __future__ import annotations

from chainrule.engine import compiling


def object_code(text: str, target: compiling.Target) -> bytes:
    """Return the machine code of a module for a processor."""
    return compiling.object_code(text, target)
