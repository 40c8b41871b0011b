"""A folder of photos, each decoded and reduced when its turn comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.folders import list_pictures
from chainrule.data.images import (
    Images,
    check_classes,
    chosen_reading,
    image_size,
    read_pictures,
    without_damaged,
)
from chainrule.data.streams.blocks import RowBlocks
from chainrule.data.streams.contents import described_files
from chainrule.data.streams.parts import ArrayPart, Part

__all__ = ["PhotoBlocks"]


class PhotoPart(ArrayPart):
    """Pictures X (n, c, h, w) that were read from files."""

    def raw(self, names: Sequence[str] | None = None) -> Any:
        """Return them as pictures of a folder."""
        return Images(self.X, [], [], [])


class PhotoBlocks(RowBlocks):
    """The pictures of a folder with one folder a class; each is a block.

    Parameters
    ----------
    folder : path
        Of folders ``train``, ``validation`` and ``test`` in it, the first one counts.
    size : int, tuple of int or None
        Of the images; None takes one that suits them, by their headers.

    Attributes
    ----------
    labels : ndarray of str
        The class of each.
    """

    names = None
    head_rows = 16

    def __init__(self, folder: Path, size: Any = None) -> None:
        listed = list_pictures(folder)["training"].classified()
        check_classes(folder, listed.labels)
        given = None if size is None else image_size(size)
        self.reading, _, damaged = chosen_reading(listed.paths, given)
        without_damaged(folder, damaged, len(listed.paths), skip=None)
        self.folder, self.paths, self.files = folder, listed.paths, listed.names
        self.labels: NDArray[Any] = np.array(listed.labels)
        self.sizes = (1,) * len(self.paths)
        self.row_bytes = int(np.prod(self.reading.shape))

    def __repr__(self) -> str:
        return str(self.folder)

    def read(self, block: int, names: Sequence[str] | None = None) -> Iterator[Part]:
        """Yield the picture; DataError if it is damaged."""
        X, _, damaged = read_pictures([self.paths[block]], self.reading)
        without_damaged(self.folder, damaged, len(self.paths), skip=None)
        yield PhotoPart(X)

    def place(self, block: int, row: int) -> str:
        """Return the name of the file."""
        return f"image {self.files[block]!r}"

    def contents(self) -> dict[str, str]:
        """Return a digest of all files, and the shape that they are reduced to."""
        digest = hashlib.sha256("\n".join(described_files(self.paths)).encode()).hexdigest()[:32]
        return {"all photos": f"{len(self.paths):,} files, {self.reading.shape}#{digest}"}
