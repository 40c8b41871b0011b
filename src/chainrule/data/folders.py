"""The pictures in a folder: a folder for each class, perhaps within folders for training and test.

Everything is listed once, in the order of names, however deep it lies.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.data.errors import DataError
from chainrule.data.photos import has_picture_name
from chainrule.data.signatures import looks_like_picture

__all__ = ["Listing", "list_pictures"]

PARTS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""Folders that hold a part of the data, by their names in lower case."""

UNSEEN = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r"})
"""Names of what systems leave behind, in lower case; so are all names that begin with a dot."""


@dataclass(eq=False)
class Listing:
    """Pictures of one part of the data.

    ``names`` are their paths within the folder with slashes, ``labels`` the folders right in it
    that they lie in, "" for those that lie in none.
    """

    paths: list[Path] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    @property
    def labelled(self) -> bool:
        """Whether each picture lies in a folder of its class, and there are any."""
        return bool(self.labels) and "" not in self.labels

    def classified(self) -> Listing:
        """Return those that lie in a folder of their class; the rest are then others."""
        if self.labelled or not any(self.labels):
            return self
        inside = [place for place, label in enumerate(self.labels) if label]
        loose = [name for name, label in zip(self.names, self.labels, strict=True) if not label]
        return Listing(
            [self.paths[place] for place in inside],
            [self.names[place] for place in inside],
            [self.labels[place] for place in inside],
            sorted([*self.others, *loose]),
            self.empty,
        )

    def notes(self) -> list[str]:
        """Return in sentences what makes no class, and which files are none of pictures."""
        count = len(self.others)
        files = "1 other file is" if count == 1 else f"{count:,} other files are"
        notes = [f"{files} ignored, such as {self.others[0]!r}"] if count else []
        return notes + [f"folder {name!r} has no images and makes no class" for name in self.empty]


def list_pictures(folder: Path) -> dict[str, Listing]:
    """Return the pictures in a folder by parts; all are "training" if it has no such folders.

    Raises
    ------
    DataError
        The folder is none, or cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder with one sub-folder a class, found none")
    try:
        top = list(_visible(folder))
        folders = [entry.name for entry in top if entry.is_dir()]
        parts = {PARTS.get(name.lower()) for name in folders}
        if "training" not in parts or None in parts or not _has_folders(folder, folders):
            return {"training": _listed(folder)}
        found: dict[str, Listing] = {}
        others: list[str] = []
        for name in folders:
            part = PARTS[name.lower()]
            if part in found:
                raise DataError(f"{folder}: expected one folder for {part}, got two, {name!r} too")
            found[part] = _listed(folder / name)
            others += [f"{name}/{other}" for other in found[part].others]
        others += [entry.name for entry in top if not entry.is_dir()]
        found["training"].others = others
    except (OSError, RecursionError) as error:
        raise DataError(f"{folder}: cannot be read: {error}") from None
    return found


def _has_folders(folder: Path, names: list[str]) -> bool:
    """Return whether the folder for training has folders, which are its classes."""
    training = next(name for name in names if PARTS[name.lower()] == "training")
    return any(entry.is_dir() for entry in _visible(folder / training))


def _visible(folder: str | os.PathLike[str]) -> Iterator[os.DirEntry[str]]:
    """Yield what lies in a folder in the order of names, without what is hidden."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not (entry.name.startswith(".") or entry.name.lower() in UNSEEN):
                yield entry


def _listed(folder: Path) -> Listing:
    listing = Listing()
    for entry in _visible(folder):
        before = len(listing.paths)
        if not entry.is_dir():
            _add(listing, entry, entry.name, "")
            continue
        above = frozenset({_identity(folder)})
        _add_folder(listing, entry, entry.name, entry.name, above)
        if len(listing.paths) == before:
            listing.empty.append(entry.name)
    return listing


def _add_folder(
    listing: Listing,
    folder: os.DirEntry[str],
    name: str,
    label: str,
    above: frozenset[tuple[int, int]],
) -> None:
    """Add all that is in a folder; a link to a folder above it leads nowhere."""
    own = _identity(folder.path)
    if own in above:
        return
    for entry in _visible(folder.path):
        within = f"{name}/{entry.name}"
        if entry.is_dir():
            _add_folder(listing, entry, within, label, above | {own})
        else:
            _add(listing, entry, within, label)


def _add(listing: Listing, entry: os.DirEntry[str], name: str, label: str) -> None:
    bare = "." not in entry.name
    if has_picture_name(entry.name) or (bare and looks_like_picture(Path(entry.path))):
        listing.paths.append(Path(entry.path))
        listing.names.append(name)
        listing.labels.append(label)
    else:
        listing.others.append(name)


def _identity(folder: str | os.PathLike[str]) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
