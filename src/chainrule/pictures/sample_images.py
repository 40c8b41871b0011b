"""Samples as the images that they are, and numbers by their pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from chainrule.data.frames import as_table
from chainrule.display import shape_text
from chainrule.pictures.layer_weights import pixel_images
from chainrule.targets.columns import number_cells
from chainrule.types import Array


@dataclass(frozen=True, eq=False)
class SampleImages:
    """Images of samples, (n, c, h, w), as they were before they were encoded.

    ``placed`` makes images of values by the numbers that the network takes, (n, …).
    """

    images: Array
    placed: Callable[[Array], Array]


def sample_images(
    caller: str, estimator: Any, X: Any, shape: tuple[int, ...] | None = None
) -> SampleImages | None:
    """Return the images that samples of a fitted estimator are; None where they are none.

    Rows are images of a shape, (h, w) or (c, h, w), where one is said, and where their columns are
    called pixel_0_0, pixel_0_1, …

    Raises
    ------
    ValueError
        Rows have not that shape.
    """
    inputs = estimator.inputs_
    if inputs.kind == "images":
        for name in estimator.targets_.columns:
            X = inputs.without_answers(X, name)
        images = np.asarray(replace(inputs, scaling=None).encode(X))
        return SampleImages(images, lambda values: values)
    if inputs.kind == "text":
        return None
    encoded = dense(estimator._encoded(X))
    if shape is not None:
        sides = (*((1,) * (3 - len(shape))), *shape)
        if len(shape) not in (2, 3) or prod(shape) != prod(encoded.shape[1:]):
            raise ValueError(
                f"{caller}: expected shape=(h, w) or (c, h, w) for "
                f"{prod(encoded.shape[1:])} features, got {shape_text(shape)}"
            )
        return SampleImages(encoded.reshape(-1, *sides), lambda values: values.reshape(-1, *sides))
    names = inputs.feature_names
    if encoded.ndim != 2 or encoded.shape[1] != len(names):
        return None
    if pixel_images(encoded.T, names) is None:
        return None
    raw = encoded.T
    if inputs.kind == "table":  # whose numbers are standardised, pixel by pixel
        table = as_table(estimator._raw(X))
        raw = np.array([number_cells(table.target(name)) for name in names])

    def placed(values: Array) -> Array:
        return np.asarray(pixel_images(values.T, names))

    return SampleImages(placed(raw.T), placed)


def dense(X: Any) -> Array:
    """Return encoded samples as an array."""
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def shown(images: Array) -> Array:
    """Return images (n, c, h, w) as matplotlib shows them: (n, h, w), or in color (n, h, w, 3).

    Numbers become 0 to 1: bytes are divided by 255, those from 0 to 1 stay, and others go from the
    lowest to the highest of all images. Of other numbers of channels the mean is shown.
    """
    pixels = np.asarray(images, dtype=np.float64)
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    if low >= 0 and high > 16 and high <= 255:
        pixels = pixels / 255
    elif low < 0 or high > 1:
        pixels = (pixels - low) / (high - low)
    return pixels.transpose(0, 2, 3, 1) if pixels.shape[1] == 3 else pixels.mean(axis=1)
