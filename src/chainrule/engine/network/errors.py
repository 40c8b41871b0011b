"""What is raised where the engine has no kernel for a part of a network."""

from __future__ import annotations

from chainrule.engine.machine.availability import UnsupportedError


class CannotLowerError(UnsupportedError):
    """The engine has no kernel for a part of the network; the message names it."""
