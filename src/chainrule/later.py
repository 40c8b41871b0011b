"""Rooms that come after the one that calls: loaded by name, when a method is called.

Imports point one way. Where a method of a chain or an estimator does what a later room has, such as
``chain.export(…)``, that room is no part of what the class is made of, and is loaded for the call.
"""

from importlib import import_module
from typing import Any

__all__ = ["later", "release"]


def later(room: str) -> Any:
    """Return a room of the package by its name, such as "export"."""
    return import_module(f"chainrule.{room}")


def release() -> str:
    """Return the version of the package."""
    return str(import_module("chainrule").__version__)
