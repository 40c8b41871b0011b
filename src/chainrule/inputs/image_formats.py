"""The axes of images in arrays, and how they are found from a shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.inputs.base import Shape

__all__ = ["FORMATS", "image_shape", "inferred_format"]

FORMATS = {"nhw": "(h, w)", "nchw": "(c, h, w)", "nhwc": "(h, w, c)"}
"""The shapes of an image, by the formats of arrays of n images."""

CHANNELS = (1, 3, 4)
"""Numbers of channels by which an axis is known: gray, color, and color with transparency."""


def image_shape(name: str, given: Any) -> Shape:
    """Return image_shape as a tuple; ValueError if it is none of an image."""
    sizes = tuple(given) if np.iterable(given) else ()
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in sizes)
    shape = tuple(int(n) for n in sizes) if whole else ()
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(
            f"{name}: expected image_shape such as (28, 28), (3, 32, 32) or (32, 32, 3), "
            f"got {given!r}"
        )
    return shape


def inferred_format(name: str, sample: Shape) -> str:
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
