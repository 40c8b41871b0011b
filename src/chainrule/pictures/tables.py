"""Weights of named features as a coloured table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.axes import signed
from chainrule.types import Array

LONGEST_NAME = 28


def weight_table(ax: Any, W: Array, names: Sequence[str]) -> None:
    """Draw weights W (i, o) as a coloured table: a row a feature with its name, a column a unit."""
    W = np.asarray(W, dtype=np.float64)
    if W.ndim != 2 or W.size == 0 or len(names) != len(W):
        raise ValueError(
            f"weight_table: expected weights (i, o) and i names, got shape {W.shape} and "
            f"{len(names)} names"
        )
    picture = ax.imshow(W, aspect="auto", **signed(W))
    ax.figure.colorbar(picture, ax=ax, shrink=0.9, pad=0.02, aspect=30)
    ax.set_yticks(range(len(names)), [_shortened(name) for name in names], fontsize=8)
    ax.set_xlabel("unit")


def _shortened(name: str) -> str:
    """Return a name that fits beside a picture; a dollar sign begins no formula."""
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return short.replace("$", r"\$")
