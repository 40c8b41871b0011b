"""Picture files as data: folders of classes to learn, and whatever is to be predicted."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.data.errors import DataError
from chainrule.data.folders import Listing, list_pictures
from chainrule.data.images import Images, read_image_folder, read_pictures, without_damaged
from chainrule.data.photos import Reading, has_picture_name, is_pillow_image, pillow
from chainrule.data.signatures import looks_like_picture
from chainrule.data.source import Source

__all__ = [
    "is_picture",
    "listed_pictures",
    "named_files",
    "source_like",
    "source_of_classes",
    "source_of_pictures",
]

FOLDERS = "expected a folder for each class with images in it"


def is_picture(path: Path) -> bool:
    """Return whether a path is a file of a picture, by its name or its first bytes."""
    return has_picture_name(path.name) or (path.is_file() and looks_like_picture(path))


def listed_pictures(data: Any) -> list[Any] | None:
    """Return images of Pillow and paths as a list, if data are one of Pillow, or hold only such."""
    if is_pillow_image(data):
        return [data]
    if getattr(data, "ndim", 0) == 1 and hasattr(data, "tolist"):  # an array or column of paths
        data = data.tolist()
    if not isinstance(data, list | tuple) or not data:
        return None
    one = all(isinstance(each, str | os.PathLike) or is_pillow_image(each) for each in data)
    return list(data) if one else None


def named_files(argument: str | os.PathLike[str]) -> list[Path] | None:
    """Return the files that a pattern such as ``photos/*.jpg`` stands for, None if it is none."""
    text = os.fspath(argument)
    if os.path.lexists(text) or not glob.has_magic(text):
        return None
    found = sorted(Path(name) for name in glob.glob(text, recursive=True))
    if not found:
        raise DataError(f"{text}: no files have such names")
    return found


def source_of_classes(
    folder: Path, size: int | tuple[int, int] | None, *, skip_damaged: bool
) -> Source:
    """Read a folder with a folder for each class, or one for training and others."""
    found = list_pictures(folder)["training"]
    if not (any(found.labels) or found.empty):
        received = "images without one" if found.paths else "no images"
        raise DataError(f"{folder}: {FOLDERS}, or MNIST's files, got {received}")
    images = read_image_folder(folder, size=size, skip_damaged=skip_damaged)

    source = _source(folder.name, images)
    if images.validation is not None:
        part = _source(f"{source.name} (validation)", images.validation)
        source = replace(source, validation=part)
    if images.test is not None:
        source = replace(source, test=_source(f"{source.name} (test)", images.test))
    return source


def _source(name: str, images: Images) -> Source:
    labels, files, notes = list(images.labels), tuple(images.names), tuple(images.notes)
    return Source(name, images.X, "class", labels, files=files, notes=notes)


def source_like(folder: Path, like: Reading, *, optional: bool, skip_damaged: bool) -> Source:
    """Read a folder's images as a trained network takes them, with classes if they have any."""
    parts = list_pictures(folder)
    if not any(part.paths for part in parts.values()):
        raise DataError(f"{folder}: {FOLDERS}, images, or MNIST's files, found none of these")
    notes = []
    read: dict[str, Source] = {}
    for name, listing in parts.items():
        chosen = listing if optional or not listing.labels else listing.classified()
        within = folder.name if name == "training" else f"{folder.name} ({name})"
        notes += chosen.notes() if name == "training" else []
        read[name] = _like(within, folder, chosen, like, skip_damaged=skip_damaged)
        notes += read[name].notes
    return replace(
        read["training"],
        notes=tuple(notes),
        validation=read.get("validation"),
        test=read.get("test"),
    )


def _like(name: str, folder: Path, found: Listing, like: Reading, *, skip_damaged: bool) -> Source:
    X, kept, damaged = read_pictures(found.paths, like)
    notes = without_damaged(folder, damaged, len(found.paths), skip=skip_damaged)
    labels = [found.labels[place] for place in kept]
    files = tuple(found.names[place] for place in kept)
    cells = labels if labels and all(labels) else None
    return Source(name, X, "class", cells, files=files, notes=tuple(notes))


def source_of_pictures(
    arguments: Sequence[str | os.PathLike[str]], like: Reading, *, skip_damaged: bool = False
) -> Source:
    """Read files and all that is in folders as a trained network takes images, without classes."""
    pillow()
    paths: list[Path] = []
    for argument in map(Path, arguments):
        parts = list_pictures(argument).values() if argument.is_dir() else ()
        paths += [path for part in parts for path in part.paths] if parts else [argument]
    X, kept, damaged = read_pictures(paths, like)
    alone = len(paths) == 1
    may_skip = None if alone else skip_damaged
    notes = without_damaged(None, damaged, len(paths), skip=may_skip)
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [path.as_posix() for path in paths]
    name = names[0] if alone else f"{len(paths):,} images"
    return Source(name, X, files=tuple(names[place] for place in kept), notes=tuple(notes))
