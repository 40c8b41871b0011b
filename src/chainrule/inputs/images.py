"""Images: where their channels are, what shape rows of pixels have, and how they are scaled."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from chainrule import strict_json
from chainrule.data import Column, Images as Pictures, Table
from chainrule.data.photos import MANNERS, Reading, is_pillow_image
from chainrule.data.pictures import listed_pictures
from chainrule.data.sources import is_source, learned_images, read_images, read_source
from chainrule.inputs.base import Inputs, Options, RowCheck, Shape, float_array, numeric
from chainrule.inputs.image_formats import FORMATS, image_shape, inferred_format
from chainrule.inputs.rows import checked_rows, names_from_json, table_numbers
from chainrule.inputs.scaling import ImageScaling
from chainrule.sparse_rows import as_csr
from chainrule.tables import short_repr
from chainrule.types import Array

__all__ = ["FORMATS", "Images", "image_shape", "infer_format", "infer_images"]

LARGEST_SIDE = 2**31


@dataclass(frozen=True)
class Images(Inputs):
    """Images as the chain takes them, (n, c, h, w), from arrays in some format, or from rows.

    Parameters
    ----------
    format : str
        A key of `FORMATS`: the axes of raw images.
    given : tuple of int
        The shape of a raw image, in that format.
    rows : bool
        Whether rows of pixels are read as such images, too.
    scaling : ImageScaling or None
        How pixels are standardised, if they are.
    names : tuple of str or None
        The names of the pixels, where images came as rows with names.
    photos : str
        How pictures in files become such images, one of `MANNERS`.
    inferred : bool
        Whether the format was found from the shape, not given.
    """

    format: str
    given: Shape
    rows: bool = False
    scaling: ImageScaling | None = None
    names: tuple[str, ...] | None = None
    photos: str = MANNERS[0]
    inferred: bool = field(default=False, compare=False, repr=False)

    kind = "images"
    __repr__ = short_repr

    @classmethod
    def learn(cls, data: Any, options: Options) -> Images:
        """Return how images are read, and the scaling of their channels."""
        data = learned_images(data, options.image_size)
        found = infer_images(data, options)
        if found is None:
            raise ValueError(
                f"{options.owner}: expected images for inputs='images', got rows "
                f"{np.shape(data)}; image_shape says what images they are"
            )
        return found.scaled(data)

    @property
    def sample_shape(self) -> Shape:
        """The shape of an image as chains have it, (c, h, w)."""
        if self.format == "nhw":
            return (1, *self.given)
        return self.given if self.format == "nchw" else (self.given[2], *self.given[:2])

    @property
    def reading(self) -> Reading:
        """How a picture of any size becomes such an image; DataError if the channels are others."""
        channels, *sides = self.sample_shape
        return Reading(channels, (sides[0], sides[1]), self.photos)

    @property
    def raw_names(self) -> tuple[str, ...] | None:
        """The names of pixels in rows, if training saw any."""
        return self.names

    @property
    def raw_count(self) -> int:
        """How many pixels an image has, all channels together."""
        return prod(self.given)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Pixels go by their places, not by names."""
        return ()

    def describe(self) -> str:
        """Return in words what is read."""
        c, h, w = self.sample_shape
        channels = "1 channel" if c == 1 else f"{c} channels"
        return f"images of {h} × {w} pixels with {channels}"

    def scaled(self, data: Any) -> Images:
        """Return the images with a scaling of their channels that is learned from raw ones."""
        return replace(self, scaling=ImageScaling.fit(self._pixels(self.opened(data))))

    def learned_from(self, parts: Iterable[Any]) -> Images:
        """Return the images with a scaling of their channels of all raw ones, if they have one."""
        if self.scaling is None:
            return self
        pixels = (self._pixels(self.opened(part)) for part in parts)
        return replace(self, scaling=ImageScaling.of_parts(pixels))

    def _pixels(self, data: Any) -> Array:
        """Return raw images (n, c, h, w), their numbers as they are."""
        if isinstance(data, Table):
            data, _ = table_numbers(data, self)
        return self._ordered(
            as_csr("images", data).toarray() if sparse.issparse(data) else numeric(data)
        )

    def encode(self, data: Any, check: RowCheck | None = None) -> Array:
        """Return images as X (n, c, h, w); sparse rows become dense.

        Raises
        ------
        ValueError
            They have another shape than those of training, or contradict their format.
        """
        data = _array_of(self.opened(data))
        shape = tuple(getattr(data, "shape", ()))
        if len(shape) in (3, 4) and min(shape) > 0:
            images = self._reads(shape)._ordered(numeric(data))
            if self.scaling is not None:
                return self.scaling.encode(images)
            X = checked_rows(float_array(images).reshape(len(images), -1), self, check)
            return np.asarray(X).reshape(len(X), *self.sample_shape)
        if len(shape) == 2 and min(shape) > 0:
            self._reads(shape)
        X = checked_rows(float_array(data) if type(data) is np.ndarray else data, self, check)
        dense = X.toarray() if sparse.issparse(X) else np.asarray(X)
        images = np.ascontiguousarray(self._ordered(dense))
        return images if self.scaling is None else self.scaling.encode(images)

    def opened(self, data: Any) -> Any:
        """Return images that are files, or Pillow's, as an array; a table of pixels stays one."""
        if isinstance(data, Pictures):
            return self.raw(data.X)
        found = read_images(data, self.reading, rows=self.rows)
        if found is None:
            self._expect_numbers(data)
            return data
        return found if isinstance(found, Table) else self.raw(found)

    def with_answers(self, source: str | os.PathLike[str]) -> tuple[Array, Column] | None:
        """Return the images of a folder with one folder a class, and its classes."""
        if self.rows and not os.path.isdir(source):
            return None
        found = read_source(source, like=self.reading)
        return self.raw(np.asarray(found.data)), found.target

    def raw(self, X: Array) -> Array:
        """Return images (n, c, h, w), as files have them, as those of training were given."""
        if self.format == "nhw":
            return X[:, 0]
        return X if self.format == "nchw" else np.moveaxis(X, 1, -1)

    def decode(self, values: Array, data: Any) -> Array:
        """Return values (…, c, h, w) with their last axes as the images in data have them."""
        in_files = is_source(data) or listed_pictures(data) is not None
        shape = () if in_files else np.shape(data)[1:]
        back = values
        if self.format == "nhwc":
            back = np.moveaxis(values, -3, -1)
        return back.reshape(*values.shape[:-3], *(shape or self.given))

    def seen(self, count: int, names: Any) -> Images:
        """Return the images, whose rows may have names."""
        return replace(self, names=None if names is None else tuple(names))

    def _expect_numbers(self, data: Any) -> None:
        """Raise ValueError for what is neither numbers nor pictures, such as an open file."""
        received = type(data).__name__
        if isinstance(data, list | tuple):
            others = [each for each in data if not (is_source(each) or is_pillow_image(each))]
            mixed = len(others) < len(data) or any(isinstance(each, bytes) for each in data)
            received = (
                f"a {received} that holds {type(others[0]).__name__}" if mixed and others else ""
            )
        elif data is not None and not isinstance(data, bytes | io.IOBase | Iterator):
            received = ""
        if received:
            raise ValueError(
                f"X: expected {self.describe()}, or pictures (a path, a folder, a pattern, an "
                f"image of Pillow, or a list of these), got {received}"
            )

    def _reads(self, shape: Shape) -> Images:
        """Return how an array of a shape is read; ValueError if these are no such images."""
        if len(shape) == len(self.format) and shape[1:] == self.given:
            return self
        if len(shape) == 2:
            if not self.rows or shape[1] != self.raw_count:
                raise self._misfit("rows of numbers")
            return self
        axes = ("nhw",) if len(shape) == 3 else ("nchw", "nhwc")
        ways = [replace(self, format=each, given=shape[1:]) for each in axes]
        ways.sort(key=lambda way: way.format != self.format)  # the one of training first
        fitting = [way for way in ways if way.sample_shape == self.sample_shape]
        if not fitting:
            advice = "; files, and images of Pillow, may have any size"
            raise self._misfit(ways[0].describe(), advice)
        return fitting[0]

    def _misfit(self, received: str, advice: str = "") -> ValueError:
        expected = f"this network is expecting {self.describe()} as input"
        return ValueError(f"X has {received}, but {expected}{advice}")

    def _ordered(self, data: Any) -> Array:
        """Return raw images, or rows of their pixels, as (n, c, h, w), of any type of number."""
        X = np.asarray(data)
        if X.ndim == 2 and self.rows:
            X = X.reshape(len(X), *self.given)
        if X.ndim == 4 and self.format == "nhwc":
            return X.transpose(0, 3, 1, 2)
        return X[:, None] if X.ndim == 3 and self.format == "nhw" else X

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back."""
        return {
            "format": self.format,
            "given": list(self.given),
            "rows": self.rows,
            "names": None if self.names is None else list(self.names),
            "scaling": None if self.scaling is None else self.scaling.to_json(),
            "photos": self.photos,
        }

    def learned(self) -> dict[str, Any]:
        """Return all that was learned, by what a user calls it."""
        return {"images": self.to_json()}

    @classmethod
    def from_json(cls, data: object) -> Images:
        """Check and take back what `to_json` gave; ValueError for anything else."""
        keys = ("format", "given", "rows", "names", "scaling", "photos")
        entries = strict_json.record(data, "inputs", keys)
        axes = strict_json.text(entries["format"], "inputs.format")
        if axes not in FORMATS:
            raise ValueError(f"inputs.format: expected one of {', '.join(FORMATS)}")
        count = len(axes) - 1
        given = tuple(
            strict_json.whole(size, "inputs.given", 1, LARGEST_SIDE)
            for size in strict_json.items(entries["given"], "inputs.given", count, least=count)
        )
        scaling = entries["scaling"]
        result = cls(
            axes,
            given,
            strict_json.flag(entries["rows"], "inputs.rows"),
            None if scaling is None else ImageScaling.from_json(scaling),
        )
        if result.scaling is not None and result.scaling.shape != result.sample_shape:
            raise ValueError("inputs.scaling: expected the shape of the images")
        photos = strict_json.text(entries["photos"], "inputs.photos")
        if photos not in MANNERS:
            raise ValueError(f"inputs.photos: expected one of {', '.join(MANNERS)}")
        names = names_from_json(entries["names"], result.raw_count)
        return replace(result, names=names, photos=photos)


def infer_images(data: Any, options: Options) -> Images | None:
    """Return how images in an array are read, or None if it holds rows, or is to be refused."""
    if isinstance(data, Pictures):
        axes = options.image_format or "nchw"
        c, h, w = data.X.shape[1:]
        given = {"nhwc": (h, w, c), "nhw": (h, w) if c == 1 else (c, h, w)}.get(axes, (c, h, w))
        return infer_format(options.owner, (len(data), *given), axes, options.image_shape)
    data = _array_of(data)
    shape = tuple(getattr(data, "shape", ()))
    if isinstance(data, Table):
        shape = len(data), len(data.names)
    if len(shape) not in (2, 3, 4) or min(shape) == 0:
        return None  # the check of rows says what is wrong
    return infer_format(options.owner, shape, options.image_format, options.image_shape)


def _array_of(data: Any) -> Any:
    """Return lists of images or rows as an array, unless their lengths differ."""
    if isinstance(data, list | tuple) and data and np.ndim(data[0]) > 0:
        try:
            return np.asarray(data)
        except ValueError:
            return data
    return data


def infer_format(
    name: str, shape: Shape, image_format: str | None, given_shape: Any | None
) -> Images | None:
    """Return how to read an array of a shape, or None if its rows are no images.

    Parameters
    ----------
    name : str
        Who reads, for the message of errors.
    shape : tuple of int
        The shape of the array.
    image_format : str or None
        A key of `FORMATS`, if a user said it.
    given_shape : sequence of int or None
        The shape of an image, if a user said it.

    Raises
    ------
    ValueError
        The shape, the format and the images' shape contradict each other, or are too few.
    """
    given = None if given_shape is None else image_shape(name, given_shape)
    if len(shape) == 2:
        if given is None and image_format is not None:
            raise ValueError(
                f"{name}: expected X ({', '.join(image_format)}) with "
                f"image_format={image_format!r}, got rows {shape}; "
                f"image_shape={FORMATS[image_format]} says what images they are"
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
    if image_format is not None and len(image_format) != len(sample) + 1:
        raise ValueError(
            f"{name}: expected images {FORMATS[image_format]} with "
            f"image_format={image_format!r}, got {sample}"
        )
    inferred = image_format is None
    return Images(
        image_format or inferred_format(name, sample), sample, given is not None, inferred=inferred
    )
