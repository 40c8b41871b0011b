"""How arrays of pixels are read: where the channels are, and what shape images in rows have."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]

FORMATS = {"nhw": "(h, w)", "nchw": "(c, h, w)", "nhwc": "(h, w, c)"}
"""The shapes of an image, by the formats of arrays of n images."""

CHANNELS = (1, 3, 4)
"""Numbers of channels by which an axis is known: gray, color, and color with transparency."""


@dataclass(frozen=True)
class Reading:
    """How images are read: their format, and their shape (c, h, w) for a chain.

    ``inferred`` says that nobody gave the format.
    """

    format: str
    given: Shape
    inferred: bool

    @property
    def shape(self) -> Shape:
        """The shape of an image as chains have it, (c, h, w)."""
        if self.format == "nhw":
            return (1, *self.given)
        return self.given if self.format == "nchw" else (self.given[2], *self.given[:2])

    @classmethod
    def of(cls, image_format: str, shape: Shape) -> Reading:
        """Return the reading of images in a format for a chain that takes (c, h, w)."""
        if len(shape) != 3 or (image_format == "nhw" and shape[0] != 1):
            raise ValueError(f"expected a chain for images {image_format}, got one for {shape}")
        given = {"nhw": shape[1:], "nchw": shape, "nhwc": (*shape[1:], shape[0])}
        return cls(image_format, given[image_format], inferred=False)

    def rows(self, X: Array) -> Array:
        """Return images X, in the format or as rows, as rows (n, c·h·w) in the chain's order."""
        X = X.reshape(len(X), *self.given)
        if self.format == "nhwc":
            X = X.transpose(0, 3, 1, 2)
        return X.reshape(len(X), -1)

    def back(self, rows: Array) -> Array:
        """Return arrays of (…, c, h, w) with their last axes as the images' are."""
        if self.format == "nhwc":
            return np.moveaxis(rows, -3, -1)
        return rows[..., 0, :, :] if self.format == "nhw" else rows

    def describe(self) -> str:
        """Return in a sentence how images are read."""
        c, h, w = self.shape
        channels = "1 channel" if c == 1 else f"{c} channels"
        return f"images of {h} × {w} pixels with {channels}"


def reading(
    name: str, shape: Shape, image_format: str | None, image_shape: Any | None
) -> Reading | None:
    """Return how to read an array of a shape, or None if its rows are no images.

    Raises
    ------
    ValueError
        The shape, the format and the images' shape contradict each other, or tell too little.
    """
    given = None if image_shape is None else checked_shape(name, image_shape)
    if len(shape) == 2:
        if given is None and image_format is not None:
            raise ValueError(
                f"{name}: expected X {_named(image_format)} with image_format={image_format!r}, "
                f"got rows {shape}; image_shape={FORMATS[image_format]} says what images they are"
            )
        if given is None:
            return None
        if prod(given) != shape[1]:
            raise ValueError(
                f"{name}: expected X with {prod(given)} features for image_shape={given}, "
                f"got {shape[1]}"
            )
    elif given is not None and given != shape[1:]:
        raise ValueError(f"{name}: expected images of image_shape={given}, got X {shape}")
    sample = shape[1:] if given is None else given
    if image_format is not None:
        if len(image_format) != len(sample) + 1:
            raise ValueError(
                f"{name}: expected images {FORMATS[image_format]} with "
                f"image_format={image_format!r}, got {sample}"
            )
        return Reading(image_format, sample, inferred=False)
    return Reading(_inferred(name, sample), sample, inferred=True)


def _named(image_format: str) -> str:
    return f"({', '.join(image_format)})"


def checked_shape(name: str, given: Any) -> Shape:
    """Return image_shape as a tuple; ValueError if it is none of an image."""
    try:
        shape = tuple(int(size) for size in given)
    except (TypeError, ValueError, OverflowError):
        shape = ()
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(
            f"{name}: expected image_shape such as (28, 28), (3, 32, 32) or (32, 32, 3), "
            f"got {given!r}"
        )
    return shape


def _inferred(name: str, sample: Shape) -> str:
    """Return the format of images of a shape; ValueError if it is not clear."""
    if len(sample) == 2:
        return "nhw"
    first, last = sample[0] in CHANNELS, sample[2] in CHANNELS
    if first == last:
        a, b, c = sample
        raise ValueError(
            f"{name}: images {sample} can be read as {a} channels of {b} × {c} pixels, "
            f'image_format="nchw", or as {a} × {b} pixels of {c} channels, image_format="nhwc"; '
            "say which"
        )
    return "nchw" if first else "nhwc"
