"""The command line: ``chainrule train``, ``predict``, ``evaluate``, ``check`` and ``show``."""

from chainrule.cli.app import app, main

__all__ = ["app", "main"]
