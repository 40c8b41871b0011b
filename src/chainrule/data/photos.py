"""One picture file of any kind and size as an image of bytes, (c, h, w). Pillow decodes it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError

__all__ = ["MANNERS", "SUFFIXES", "Photo", "PhotoError", "Reading", "is_pillow_image", "pillow"]

Size = tuple[int, int]

FORMATS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo",),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "HEIF": (".heic", ".heif"),
    "JPEG2000": (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "QOI": (".qoi",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "PCX": (".pcx",),
    "PSD": (".psd",),
    "ICO": (".ico",),
    "TGA": (".tga",),
}
"""What is opened, and the names of such files; a picture may have the name of another format.

Formats that run programs, or are no pictures, are not among them. HEIF is there if a package has
taught it to Pillow.
"""

FREQUENT = ("JPEG", "PNG", "GIF", "BMP")
"""What Pillow can open before it has loaded its other plugins, which takes 50 ms."""

SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)

MANNERS = ("middle", "stretched")
"""How a picture of another shape becomes an image; the second is that of release 0.1.0."""

ORIENTATION = 0x0112
GAP = 2
"""A JPEG is decoded to this many times the sides that are wanted, or more."""


class PhotoError(DataError):
    """A picture that cannot be read: its path, and why."""

    def __init__(self, path: Path | None, reason: str) -> None:
        super().__init__(reason if path is None else f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[PhotoError], tuple[Path | None, str]]:
        """Return what makes it again in another process."""
        return type(self), (self.path, self.reason)


@dataclass(frozen=True)
class Reading:
    """How a picture of any size becomes an image (c, h, w).

    Parameters
    ----------
    channels : int
        1 for gray or 3 for red, green and blue.
    size : tuple of int
        Height and width, in pixels.
    manner : str
        "middle": the picture is turned upright, as its EXIF orientation says, cut to the largest
        part of the image's shape about its middle, and resized by Lanczos' kernel, as wide as the
        factor asks for. "stretched": as it is stored, resized along each axis by a triangle.
    """

    channels: int
    size: Size
    manner: str = "middle"

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of an image, (c, h, w)."""
        return (self.channels, *self.size)


def pillow() -> ModuleType:
    """Return Pillow's module of images; DataError if it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError("reading images needs Pillow: pip install chainrule[images]") from None
    module: ModuleType = Image
    return module


def is_pillow_image(data: Any) -> bool:
    """Return whether data are an image of Pillow."""
    module = sys.modules.get("PIL.Image")  # without it there is none
    return module is not None and isinstance(data, module.Image)


@dataclass(frozen=True, eq=False)
class Photo:
    """An open picture, of which the header was read; ``own`` says that nobody else uses it."""

    image: Any
    own: bool = True

    @classmethod
    @contextmanager
    def opened(cls, source: Any) -> Iterator[Photo]:
        """Open a file, or take an image of Pillow; PhotoError is all that goes wrong."""
        module = pillow()
        path = _path_of(source)
        if path is not None and not path.is_file():
            raise PhotoError(path, "expected an image file, found none")
        try:
            with _one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", module.DecompressionBombWarning)
                if path is None:
                    yield cls(source, own=False)
                    return
                with _opened(module, path) as image:
                    yield cls(image)
        except (module.DecompressionBombWarning, module.DecompressionBombError):
            raise PhotoError(
                path,
                f"expected an image of at most {module.MAX_IMAGE_PIXELS:,} pixels, got more, which "
                "may be meant to exhaust memory; PIL.Image.MAX_IMAGE_PIXELS is the bound",
            ) from None
        except module.UnidentifiedImageError:
            reason = "no picture that Pillow can read"
        except MemoryError:
            raise
        except DataError as error:
            reason = str(error)
        except Exception as error:  # decoders of damaged files raise nearly anything
            reason = str(error) or type(error).__name__
        else:
            return
        raise PhotoError(path, f"expected an image, got a damaged or other file: {reason}")

    @property
    def size(self) -> Size:
        """Height and width as people see it, upright."""
        w, h = self.image.size
        turned = self._orientation() >= 5 and self.image.format != "TIFF"  # Pillow turns those
        return (w, h) if turned else (h, w)

    @property
    def gray(self) -> bool:
        """Whether it has no colors, by its header."""
        if self.image.mode in ("P", "PA"):
            palette = np.array(self.image.getpalette("RGB"), np.uint8).reshape(-1, 3)
            return bool((palette == palette[:, :1]).all())
        return self.image.mode in ("1", "L", "LA", "La") or self.image.mode.startswith("I")

    def pixels(self, reading: Reading) -> NDArray[np.uint8]:
        """Return the pixels (c, h, w)."""
        image, (h, w) = self.image, reading.size
        cut = reading.manner == "middle"
        if cut and self.own and image.format in ("JPEG", "MPO"):
            sides = (h, w) if self._orientation() >= 5 else (w, h)
            image.draft(None, (GAP * sides[0], GAP * sides[1]))
        image.load()
        if not all(image.size):
            raise DataError(f"it has {image.size[1]} × {image.size[0]} pixels")
        orientation = self._orientation() if cut else 1  # a PNG may have it after its pixels
        image = _in_mode(_opaque(image), "L" if reading.channels == 1 else "RGB")
        image = _turned(image, orientation)
        image = _middle(image, (w, h)) if cut else _stretched(image, (w, h))
        pixels = np.asarray(image, np.uint8)
        return pixels[None] if reading.channels == 1 else pixels.transpose(2, 0, 1)

    def _orientation(self) -> int:
        """Return EXIF's orientation as far as it is known by now, 1 where there is none."""
        if self.image.format == "PNG" and self.image.tile and "exif" not in self.image.info:
            return 1  # it would be looked for behind the pixels, which decodes them
        try:
            found = self.image.getexif().get(ORIENTATION, 1)
        except Exception:  # whatever damaged EXIF raises; the pixels may be whole
            return 1
        return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _path_of(source: Any) -> Path | None:
    """Return the path of a file, also that of an image of Pillow which is not decoded yet."""
    if not is_pillow_image(source):
        return Path(source)
    name = getattr(source, "filename", "") if getattr(source, "tile", None) else ""
    first = not getattr(source, "is_animated", False)
    return Path(os.fsdecode(name)) if first and name and os.path.isfile(name) else None


_one_at_a_time = RLock()
"""What warns is a state of the process, which threads would leave to each other."""

_known: dict[str, tuple[str, ...]] = {}


def _opened(module: ModuleType, path: Path) -> Any:
    """Open a file, of which the header is read; all plugins of Pillow are loaded if it asks."""
    try:
        return module.open(path, formats=FREQUENT)
    except module.UnidentifiedImageError:
        return module.open(path, formats=_formats(module, path))


def _formats(module: ModuleType, path: Path) -> tuple[str, ...]:
    """Return the formats that Pillow may open a file as; nothing but its name tells a TGA."""
    if not _known:
        module.init()
        _known["all"] = tuple(name for name in FORMATS if name in module.OPEN and name != "TGA")
    return (*_known["all"], *(("TGA",) if path.suffix.lower() in FORMATS["TGA"] else ()))


def _opaque(image: Any) -> Any:
    """Return a picture as gray or RGB of 8 bits a channel, laid on white where it is transparent.

    Of 16 bits the upper 8 are taken.
    """
    module = pillow()
    if image.mode == "F":
        raise DataError("its pixels are floating-point numbers; expected 8 or 16 bits")
    if image.mode.startswith("I"):  # convert() would cut it off at 255
        deep = np.asarray(image)
        if deep.itemsize > 2 and deep.size and (deep.min() < 0 or deep.max() > 65_535):
            raise DataError("its pixels have 32 bits; expected 8 or 16")
        image = module.fromarray((deep >> 8).astype(np.uint8))
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = module.alpha_composite(module.new("RGBA", image.size, "white"), image)
    return image if image.mode == "L" else _in_mode(image, "RGB")


def _in_mode(image: Any, mode: str) -> Any:
    """Return a picture in a mode of Pillow, the same one if it is in it."""
    return image if image.mode == mode else image.convert(mode)


def _turned(image: Any, orientation: int) -> Any:
    """Return a picture upright."""
    transpose = pillow().Transpose
    method = {
        2: transpose.FLIP_LEFT_RIGHT,
        3: transpose.ROTATE_180,
        4: transpose.FLIP_TOP_BOTTOM,
        5: transpose.TRANSPOSE,
        6: transpose.ROTATE_270,
        7: transpose.TRANSVERSE,
        8: transpose.ROTATE_90,
    }.get(orientation)
    return image if method is None else image.transpose(method)


def _middle(image: Any, size: Size) -> Any:
    """Return the part of a size's shape about the middle, resized to it (w, h)."""
    if image.size == size:
        return image
    (across, down), (w, h) = image.size, size
    scale = min(across / w, down / h)
    left, top = (across - scale * w) / 2, (down - scale * h) / 2
    box = (max(left, 0.0), max(top, 0.0), min(across - left, across), min(down - top, down))
    # A picture many times as large is first averaged to three times the size, which is quicker.
    return image.resize(size, pillow().Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _stretched(image: Any, size: Size) -> Any:
    return image if image.size == size else image.resize(size, pillow().Resampling.BILINEAR)


def has_picture_name(name: str | os.PathLike[str]) -> bool:
    """Return whether a file is a picture by its name."""
    return os.path.splitext(os.fspath(name))[1].lower() in SUFFIXES
