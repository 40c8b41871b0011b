"""Weights of named features as a coloured table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.pictures.axes import signed
from chainrule.types import Array

LONGEST_NAME = 36
MOST_NUMBERS = 16
"""So many units have their number below them."""


def weight_table(
    ax: Any, W: Array, names: Sequence[str], outputs: Sequence[int] | None = None
) -> None:
    """Draw weights W (i, o) as a coloured table: a row a feature with its name, a column a unit.

    The outputs are the units' numbers, by default from 0.
    """
    W = np.asarray(W, dtype=np.float64)
    if W.ndim != 2 or W.size == 0 or len(names) != len(W):
        raise ValueError(
            f"weight_table: expected weights (i, o) and i names, got shape {W.shape} and "
            f"{len(names)} names"
        )
    numbers = range(W.shape[1]) if outputs is None else outputs
    picture = ax.imshow(W, aspect="auto", **signed(W))
    ax.figure.colorbar(picture, ax=ax, shrink=0.9, pad=0.02, aspect=30, label="weight")
    ax.set_yticks(range(len(names)), [shortened_name(name) for name in names], fontsize=8)
    step = -(-len(numbers) // MOST_NUMBERS)
    ax.set_xticks(range(0, len(numbers), step), list(map(str, numbers[::step])))
    ax.set_xlabel("unit")


def shortened_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name that fits beside a picture: its beginning and its end, where names differ.

    A dollar sign begins no formula.
    """
    half = (longest - 1) // 2
    short = name if len(name) <= longest else f"{name[: longest - half - 1]}…{name[-half:]}"
    return short.replace("$", r"\$")
