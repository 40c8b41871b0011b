"""Folders of pictures as arrays: one sub-folder a class. Pillow, an extra, opens the files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.files import LARGEST
from chainrule.data.folders import list_pictures
from chainrule.data.photos import Photo, PhotoError, Reading, Size, is_pillow_image, pillow
from chainrule.data.table import Column
from chainrule.tables import short_repr

__all__ = [
    "USUAL_SIDE",
    "Images",
    "check_classes",
    "chosen_reading",
    "image_size",
    "read_image_files",
    "read_image_folder",
    "read_pictures",
    "read_unlabelled",
]

USUAL_SIDE = 64
"""Larger pictures are shrunk to this many pixels in the longer side, unless a size is said."""

LARGEST_SIDE = 4096
MOST_NAMED = 10
"""So many damaged files are named; of more there is a count."""

ADVICE = "--skip-damaged, in Python skip_damaged=True, goes on without them"
ANOTHER = "--size, in Python size=, says another"


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures X (n, c, h, w) with their labels (n) and paths (n), and notes on the reading.

    ``validation`` and ``test`` are those of folders that have these names, read the same way.
    """

    X: NDArray[np.uint8]
    labels: list[str]
    paths: list[Path]
    notes: list[str]
    names: list[str] = field(default_factory=list)
    validation: Images | None = None
    test: Images | None = None

    @property
    def size(self) -> Size:
        """Height and width of each."""
        return (self.X.shape[2], self.X.shape[3])

    @property
    def target(self) -> Column:
        """The labels as a column of answers."""
        return Column("class", list(self.labels), files=tuple(self.names))

    def __len__(self) -> int:
        """Count the images."""
        return len(self.X)

    __repr__ = short_repr


def read_image_folder(
    folder: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    skip_damaged: bool = False,
) -> Images:
    """Read every picture of a folder that has one sub-folder a class, in sorted order.

    Each file is opened, shrunk while it is decoded if it is a JPEG, turned upright as its EXIF
    orientation says, cut to the middle part of the images' shape, and resized, before the next
    one is. They stay gray, c = 1, if all are gray, and are RGB, c = 3, otherwise. Transparent
    pictures are laid on white; of 16 bits a pixel the upper 8 count.

    Parameters
    ----------
    folder : str or path
        With a folder for each class, in which pictures lie at any depth; or with folders
        ``train``, ``validation`` or ``val``, and ``test`` of such folders.
    size : int or tuple of int, default=None
        Of the images, in pixels: a side of squares, or (h, w). By default the size that more than
        half of the pictures have once their longer sides are shrunk to 64 pixels, where they are
        above; where they share none, squares.
    skip_damaged : bool, default=False
        Whether to leave out, and note, files that cannot be read. By default an error names them.

    Returns
    -------
    images : Images
        Those for training; ``images.validation`` and ``images.test`` are the others, or None.

    Raises
    ------
    DataError
        No such folder, no pictures, one class only, damaged pictures, or too many for memory.
    """
    pillow()
    given = None if size is None else image_size(size)
    parts = {name: part.classified() for name, part in list_pictures(Path(folder)).items()}
    check_classes(folder, parts["training"].labels)
    unlabelled = [name for name, part in parts.items() if not part.labelled]
    notes = parts["training"].notes()
    notes += [f"the images for {name} are in no classes and left out" for name in unlabelled]
    for name in unlabelled:
        del parts[name]
    reading, told, damaged = chosen_reading(parts["training"].paths, given)
    read: dict[str, Images] = {}
    for name, part in parts.items():
        known = [error for error in damaged if name == "training"]
        X, kept, errors = read_pictures(part.paths, reading, known=known)
        damaged += errors
        labels, paths, names = (_at(each, kept) for each in (part.labels, part.paths, part.names))
        read[name] = Images(X, labels, paths, [], names)
    total = sum(len(part.paths) for part in parts.values())
    notes += told + without_damaged(Path(folder), damaged, total, skip=skip_damaged)
    training = read["training"]
    check_classes(folder, training.labels)
    others = read.get("validation"), read.get("test")
    return Images(training.X, training.labels, training.paths, notes, training.names, *others)


def read_image_files(
    paths: Sequence[str | os.PathLike[str]], channels: int, size: int | tuple[int, int]
) -> NDArray[np.uint8]:
    """Read pictures as X (n, c, h, w) with c = 1 or 3 channels and a size, as folders' are read.

    Parameters
    ----------
    paths : sequence of str or path
        Of the files.
    channels : int
        1 for gray images, 3 for RGB.
    size : int or tuple of int
        Of the images, in pixels: a side of squares, or (h, w).

    Returns
    -------
    X : ndarray of uint8, of shape (n, c, h, w)

    Raises
    ------
    DataError
        Pictures are missing or damaged, which are all named, or all need more than 4 GiB.
    """
    h, w = size if isinstance(size, tuple | list) else (size, size)
    X, _, damaged = read_pictures([Path(path) for path in paths], Reading(channels, (h, w)))
    without_damaged(None, damaged, len(paths), skip=None)
    return X


def read_unlabelled(
    sources: Sequence[Any], size: int | tuple[int, int] | None = None
) -> Images:
    """Read files, or images of Pillow, at a size that suits them, or the one given, as folders."""
    pillow()
    sources = [each if is_pillow_image(each) else Path(each) for each in sources]
    reading, notes, known = chosen_reading(sources, None if size is None else image_size(size))
    X, _, damaged = read_pictures(sources, reading, known=known)
    without_damaged(None, [*known, *damaged], len(sources), skip=None)
    return Images(X, [], [], notes)


def read_pictures(
    sources: Sequence[Any], reading: Reading, known: Iterable[PhotoError] = ()
) -> tuple[NDArray[np.uint8], list[int], list[PhotoError]]:
    """Read files, or images of Pillow, one at a time.

    Those with known errors are left out; the places of those read, and new errors, are returned.
    """
    pillow()
    h, w = reading.size
    if reading.channels not in (1, 3) or min(h, w) < 1:
        raise DataError(
            f"images: expected 1 or 3 channels and sides above 0, got {reading.channels} of "
            f"{h} x {w}"
        )
    if len(sources) * reading.channels * h * w > LARGEST:
        raise DataError(
            f"{len(sources):,} images of {h} x {w} with {reading.channels} channels take more than "
            f"{LARGEST:,} bytes: expected a smaller size=(h, w)"
        )
    X = np.empty((len(sources), *reading.shape), np.uint8)
    kept: list[int] = []
    damaged: list[PhotoError] = []
    left_out = {error.path for error in known}
    for place, source in enumerate(sources):
        if isinstance(source, Path) and source in left_out:
            continue
        try:
            with Photo.opened(source) as photo:
                X[len(kept)] = photo.pixels(reading)
        except PhotoError as error:
            damaged.append(error)
        else:
            kept.append(place)
    return X[: len(kept)], kept, damaged


def without_damaged(
    folder: Path | None, damaged: Sequence[PhotoError], count: int, *, skip: bool | None
) -> list[str]:
    """Return a note on files that are left out; DataError names all, up to a number, if none may.

    Parameters
    ----------
    folder : Path or None
        Where the files are.
    damaged : sequence of PhotoError
        Of each.
    count : int
        How many files there are in all.
    skip : bool or None
        Whether they may be left out; None where nobody can say so.
    """
    if not damaged:
        return []
    advice = "" if skip is None else f"; {ADVICE}"
    if len(damaged) == 1 and not skip:
        raise DataError(f"{damaged[0]}{advice}")
    named = [_named(error, folder) for error in damaged[:MOST_NAMED]]
    more = f", … ({len(damaged):,} in all)" if len(damaged) > MOST_NAMED else ""
    if skip:
        what = "1 file is" if len(damaged) == 1 else f"{len(damaged):,} files are"
        return [f"{what} damaged or no image and left out: {', '.join(named)}{more}"]
    where = f"{folder}: " if folder else ""
    raise DataError(
        f"{where}{len(damaged):,} of {count:,} files are damaged or no images: "
        f"{', '.join(named)}{more}{advice}"
    )


def image_size(size: Any) -> Size:
    """Return a size as height and width; ValueError if it is none."""
    sides = tuple(size) if np.iterable(size) else (size, size)
    whole = all(isinstance(x, int | np.integer) and not isinstance(x, bool) for x in sides)
    if len(sides) != 2 or not whole or not all(1 <= side <= LARGEST_SIDE for side in sides):
        raise DataError(
            f"size: expected a side or (h, w) from 1 to {LARGEST_SIDE:,} pixels, got {size!r}"
        )
    return int(sides[0]), int(sides[1])


def _named(error: PhotoError, folder: Path | None) -> str:
    reason = error.reason.removeprefix("expected an image, got a damaged or other file: ")
    if error.path is None:
        return reason
    inside = folder is not None and error.path.is_relative_to(folder)
    path = error.path.relative_to(folder or "") if inside else error.path
    return f"{path.as_posix()!r} ({reason[:120]})"


def _at(items: list[Any], places: list[int]) -> list[Any]:
    return [items[place] for place in places]


def check_classes(folder: str | os.PathLike[str], labels: Sequence[str]) -> None:
    """Raise DataError unless there are images of two classes or more."""
    classes = sorted(set(labels))
    if len(classes) >= 2:
        return
    received = "no images in any"
    if classes:
        received = f"{classes[0]!r} only" if classes[0] else "images in none"
    raise DataError(
        f"{folder}: expected two sub-folders or more with images (.jpg, .png and others), got "
        f"{received}"
    )


def chosen_reading(
    sources: Sequence[Any], given: Size | None
) -> tuple[Reading, list[str], list[PhotoError]]:
    """Return how pictures are read by their headers, what to say of it, and damaged ones."""
    sizes: list[Size] = []
    gray, damaged = True, []
    for source in sources:
        try:
            with Photo.opened(source) as photo:
                sizes.append(photo.size)
                gray = gray and photo.gray
        except PhotoError as error:
            damaged.append(error)
    if not sizes:
        return Reading(3, given or (1, 1)), [], damaged
    size = given or usual_size(sizes)
    return Reading(1 if gray else 3, size), _size_notes(sizes, size, given), damaged


def usual_size(sizes: Sequence[Size]) -> Size:
    """Return the size (h, w) that images get if none is said, by those of the pictures."""
    counts = Counter(map(_shrunk, sizes))
    size, count = counts.most_common(1)[0]
    if 2 * count > len(sizes):
        return size
    side = median_low(sorted(max(shrunk) for shrunk in counts.elements()))
    return side, side


def _shrunk(size: Size) -> Size:
    """Return a size whose longer side is at most USUAL_SIDE."""
    longer = max(size)
    if longer <= USUAL_SIDE:
        return size
    h, w = (max(1, (2 * side * USUAL_SIDE + longer) // (2 * longer)) for side in size)
    return h, w


def _size_notes(sizes: Sequence[Size], size: Size, given: Size | None) -> list[str]:
    """Return in a sentence how pictures become images of a size, if not as they are."""
    if all(each == size for each in sizes):
        return []
    count, (h, w) = len(sizes), size
    other = sum(_is_cut(each, size) for each in sizes)
    cut = ""
    if other:
        who = f"{'is' if other == 1 else 'are'} cut to the middle"
        cut = f"; {other:,} of another shape {who}"
    if given is None:
        cut += f"; {ANOTHER}"
    by_area = sorted(set(sizes), key=lambda each: (each[0] * each[1], each))
    first, last = by_area[0], by_area[-1]
    span = f"{first[0]:,} × {first[1]:,}"
    if first != last:
        span += f" to {last[0]:,} × {last[1]:,}"
    return [f"{count:,} images of {span} pixels are read as {h} × {w}{cut}"]


def _is_cut(picture: Size, size: Size) -> bool:
    """Return whether a pixel or more of an image's longer side goes as the shapes differ."""
    a, b = picture[0] * size[1], picture[1] * size[0]
    return (max(a, b) - min(a, b)) * max(size) >= max(a, b)
