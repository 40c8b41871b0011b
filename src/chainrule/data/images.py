"""Folders of pictures as arrays: one sub-folder a class. Pillow, an extra, opens the files."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.files import LARGEST
from chainrule.tables import short_repr

__all__ = ["Images", "read_image_files", "read_image_folder"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif"})
FORMATS = ("JPEG", "PNG", "BMP", "GIF")


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures X (n, c, h, w) with their labels (n) and paths (n), and notes on the reading."""

    X: NDArray[np.uint8]
    labels: list[str]
    paths: list[Path]
    notes: list[str]

    __repr__ = short_repr


def read_image_folder(folder: Path, *, size: tuple[int, int] | None = None) -> Images:
    """Read every picture of a folder that has one sub-folder a class, in sorted order.

    All get one size (h, w), the first picture's unless `size` is given; they stay grey, c = 1, if
    all are grey, and are RGB, c = 3, otherwise. Transparent pictures are laid on white.

    Raises
    ------
    DataError
        No such folder, no pictures, one class only, a damaged picture, or too many for memory.
    """
    pillow = _pillow()
    paths, notes = _find(folder)
    kinds = [_look(pillow, path) for path in paths]
    if size is None:
        size = kinds[0][0]
        different = sum(other != size for other, _ in kinds)
        if different:
            h, w = size
            notes.append(
                f"{different:,} of {len(paths):,} images were resized to the first one's {h} x {w}"
            )
    channels = 1 if all(grey for _, grey in kinds) else 3
    X = read_image_files(paths, channels, size)
    return Images(X, [path.parent.name for path in paths], paths, notes)


def read_image_files(
    paths: Sequence[Path], channels: int, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Read pictures as X (n, c, h, w), turned into c = 1 or 3 channels and resized to (h, w).

    Raises
    ------
    DataError
        A picture is missing or damaged, or all need more than 4 GiB.
    """
    pillow = _pillow()
    h, w = size
    if channels not in (1, 3) or min(size) < 1:
        raise DataError(
            f"images: expected 1 or 3 channels and sides above 0, got {channels} of {h} x {w}"
        )
    if len(paths) * channels * h * w > LARGEST:
        raise DataError(
            f"{len(paths):,} images of {h} x {w} with {channels} channels take more than "
            f"{LARGEST:,} bytes: expected a smaller size=(h, w)"
        )
    X = np.empty((len(paths), channels, h, w), np.uint8)
    for x, path in zip(X, paths, strict=True):
        with _opened(pillow, path) as image:
            x[...] = _pixels(pillow, image, channels, size)
    return X


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ImportError:
        raise DataError("reading images needs Pillow: pip install chainrule[images]") from None
    module: ModuleType = Image
    return module


def _find(folder: Path) -> tuple[list[Path], list[str]]:
    """Paths of the pictures in sorted order, and notes on what else is there."""
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder with one sub-folder a class, found none")
    paths: list[Path] = []
    others: list[Path] = []
    notes: list[str] = []
    for entry in _visible(folder):
        if not entry.is_dir():
            others.append(entry)
            continue
        inside = _visible(entry)
        found = [path for path in inside if path.is_file() and path.suffix.lower() in SUFFIXES]
        others += [path for path in inside if path not in set(found)]
        paths += found
        if not found:
            notes.append(f"folder {entry.name!r} has no images and makes no class")
    if others:
        notes.insert(0, f"{len(others):,} other files are ignored, such as {others[0].name!r}")
    classes = {path.parent.name for path in paths}
    if len(classes) < 2:
        received = f"{classes.pop()!r} only" if classes else "no images in any"
        suffixes = ", ".join(sorted(SUFFIXES))
        raise DataError(
            f"{folder}: expected two sub-folders or more with images ({suffixes}), got {received}"
        )
    return paths, notes


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


@contextmanager
def _opened(pillow: ModuleType, path: Path) -> Iterator[Any]:
    """Open a picture; whatever Pillow then raises or warns of becomes one DataError."""
    if not path.is_file():
        raise DataError(f"{path}: expected an image file, found none")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            with pillow.open(path, formats=FORMATS) as image:
                yield image
    except (pillow.DecompressionBombWarning, pillow.DecompressionBombError):
        raise DataError(
            f"{path}: expected an image of at most {pillow.MAX_IMAGE_PIXELS:,} pixels, got more"
        ) from None
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise DataError(
            f"{path}: expected an image, got a damaged or other file: {error}"
        ) from None


def _look(pillow: ModuleType, path: Path) -> tuple[tuple[int, int], bool]:
    """Size (h, w) and whether the picture is grey, from its header."""
    with _opened(pillow, path) as image:
        w, h = image.size
        if image.mode in ("P", "PA"):
            palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
            grey = bool((palette == palette[:, :1]).all())
        else:
            grey = image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
        return (h, w), grey


def _pixels(
    pillow: ModuleType, image: Any, channels: int, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Pixels (c, h, w) of an open picture."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which convert() would cut off at 255
        deep = np.clip(np.asarray(image, np.int64), 0, 65_535)
        image = pillow.fromarray((deep >> 8).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = pillow.alpha_composite(pillow.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB").convert("L" if channels == 1 else "RGB")
    h, w = size
    if image.size != (w, h):
        image = image.resize((w, h), pillow.Resampling.BILINEAR)
    pixels = np.asarray(image, np.uint8)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
