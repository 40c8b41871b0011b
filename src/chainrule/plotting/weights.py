"""Weights of a first layer as pictures: filters and units as images, columns as a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["image_grid", "weight_table"]

Array = NDArray[Any]

COLOURS = "RdBu_r"
LONGEST_NAME = 28


def image_grid(ax: Any, tiles: Array, *, columns: int | None = None) -> None:
    """Draw images of weights side by side, tiles (n, c, h, w); all have one scale about 0.

    Three channels are drawn as red, green and blue, in which 0 is grey; of any other number each
    channel has an image of its own.
    """
    tiles = np.asarray(tiles, dtype=np.float64)
    if tiles.ndim != 4 or tiles.size == 0:
        raise ValueError(f"image_grid: expected tiles (n, c, h, w), got shape {tiles.shape}")
    colour = tiles.shape[1] == 3
    if not colour:
        tiles = tiles.reshape(-1, 1, *tiles.shape[2:])
    mosaic = _mosaic(tiles, columns or ceil(sqrt(len(tiles) * tiles.shape[2] / tiles.shape[3])))
    limit = float(np.abs(tiles).max()) or 1.0
    if colour:
        ax.imshow(np.where(np.isnan(mosaic), 1.0, 0.5 + mosaic / (2 * limit)))
    else:
        picture = ax.imshow(mosaic[:, :, 0], cmap=COLOURS, vmin=-limit, vmax=limit)
        ax.figure.colorbar(picture, ax=ax, shrink=0.9, pad=0.02, aspect=30)
    ax.set_axis_off()


def weight_table(ax: Any, W: Array, names: Sequence[str]) -> None:
    """Draw weights W (i, o) as a coloured table: a row a feature with its name, a column a unit."""
    W = np.asarray(W, dtype=np.float64)
    if W.ndim != 2 or W.size == 0 or len(names) != len(W):
        raise ValueError(
            f"weight_table: expected weights (i, o) and i names, got shape {W.shape} and "
            f"{len(names)} names"
        )
    limit = float(np.abs(W).max()) or 1.0
    picture = ax.imshow(
        W, cmap=COLOURS, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
    )
    ax.figure.colorbar(picture, ax=ax, shrink=0.9, pad=0.02, aspect=30)
    ax.set_yticks(range(len(names)), [_shortened(name) for name in names], fontsize=8)
    ax.set_xlabel("unit")


def _mosaic(tiles: Array, columns: int) -> Array:
    """Return tiles (n, c, h, w) as one image (H, W, c), with NaN between and after them."""
    n, c, h, w = tiles.shape
    columns = min(columns, n)
    rows, gap = ceil(n / columns), max(1, min(h, w) // 8)
    mosaic = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), np.nan)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (h + gap), place % columns * (w + gap)
        mosaic[top : top + h, left : left + w] = tile.transpose(1, 2, 0)
    return mosaic


def _shortened(name: str) -> str:
    """Return a name that fits beside a picture; a dollar sign begins no formula."""
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return short.replace("$", r"\$")
