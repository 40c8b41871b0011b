"""What the name of a model's file may be, of whatever command."""

from __future__ import annotations

import os

__all__ = ["expect_model_file"]


def expect_model_file(model: str | os.PathLike[str]) -> None:
    """Raise ValueError for ``-`` in the place of a model."""
    if os.fspath(model) == "-":
        raise ValueError("-: a model cannot be read from standard input; name its file")
