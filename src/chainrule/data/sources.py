"""What a data argument stands for: a built-in set, a table, images in folders, IDX files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.builtin import BUILTIN, Builtin, builtin_table, load_builtin
from chainrule.data.cells import is_missing, shortened
from chainrule.data.errors import DataError
from chainrule.data.idx import find_idx_pair, read_idx
from chainrule.data.images import read_image_files, read_image_folder
from chainrule.data.table import Column, RawCells, Table, read_csv, taken

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})


@dataclass(frozen=True)
class Source:
    """Data as they were read: a table or images, and the cells of the target if there are any.

    ``test`` is a set that came apart from the rest, such as MNIST's; ``lines`` are the lines of
    a file that the rows stand on, and ``files`` the image files that they are.
    """

    name: str
    data: Table | NDArray[np.uint8]
    target_name: str = ""
    cells: RawCells | None = None
    lines: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    test: Source | None = field(default=None)

    def __repr__(self) -> str:
        target = f", target {self.target_name!r}" if self.target_name else ""
        data = self.data if isinstance(self.data, Table) else f"{self.data.dtype} {self.data.shape}"
        return f"Source {self.name!r}{target}\n{data}"

    def __len__(self) -> int:
        return len(self.data)

    @property
    def target(self) -> Column:
        """The target's cells; DataError if there are none."""
        if self.cells is not None:
            return Column(self.target_name, self.cells, self.lines)
        if isinstance(self.data, Table):
            raise DataError(
                f"{self.name}: expected the column to be predicted, one of "
                f"{shortened(self.data.names, most=50)}"
            )
        raise DataError(f"{self.name}: expected a folder of images for each class")

    def select(self, rows: NDArray[np.intp]) -> Source:
        """Return some of the rows."""
        data: Any = self.data.select(rows) if isinstance(self.data, Table) else self.data[rows]
        cells = None if self.cells is None else taken(self.cells, rows)
        lines = tuple(self.lines[row] for row in rows) if self.lines else ()
        files = tuple(self.files[row] for row in rows) if self.files else ()
        return replace(self, data=data, cells=cells, lines=lines, files=files)


def read_source(
    argument: str,
    target: str | None = None,
    *,
    like: Any = None,
    images: bool = False,
    optional: bool = False,
) -> Source:
    """Read the data that an argument names.

    Parameters
    ----------
    argument : str
        A built-in set's name, a CSV file, a folder of images with one folder a class, a folder
        with MNIST's four files, an image, or a file of images in IDX format.
    target : str or None
        The column of a table that is to be predicted.
    like : tuple of int or None
        The shape (c, h, w) that images must have, as a trained model says.
    images : bool
        Whether a built-in set of images is wanted as such, not as the table of its pixels.
    optional : bool
        Whether the target's column may be missing.

    Returns
    -------
    source : Source

    Raises
    ------
    DataError
        Nothing is there, or it is not what it seems.
    """
    path = Path(argument)
    if argument in BUILTIN:
        builtin = load_builtin(argument)
        if builtin.image_shape is not None and (images or like is not None):
            return _from_builtin_images(builtin)
        wanted = target if target or optional else builtin.target_name
        return _from_table(argument, builtin_table(builtin), wanted, optional)
    if path.is_dir():
        return _from_folder(path, like)
    if not path.exists():
        raise DataError(
            f"no file or folder is named {argument!r}, nor a built-in set; those are "
            f"{', '.join(BUILTIN)}"
        )
    if path.suffix == ".safetensors":
        raise DataError(f"{path} is a model file; data were expected: a CSV file or images")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _from_image_files(path.name, [path], like)
    if _is_idx(path):
        return Source(path.name, _channels(read_idx(path), path))
    return _from_table(path.name, read_csv(path), target, optional)


def is_source(data: Any) -> bool:
    """Return whether data are the name of a file, a folder or a built-in set."""
    return isinstance(data, str | os.PathLike)


def read_table(name: str | os.PathLike[str]) -> Table:
    """Read the table that a CSV file or a built-in set holds, its target among the columns."""
    if (argument := os.fspath(name)) in BUILTIN:
        return builtin_table(load_builtin(argument))
    source = read_source(argument, optional=True)
    if isinstance(source.data, Table):
        return source.data
    raise DataError(f"{argument}: expected a table, a CSV file with a header, got images")


def read_images(
    name: str | os.PathLike[str], shape: tuple[int, ...], *, rows: bool = False
) -> NDArray[np.uint8] | Table:
    """Read the images (n, c, h, w) that a file, a folder or a built-in set holds.

    With ``rows`` a table of their pixels will do, too.
    """
    source = read_source(os.fspath(name), like=shape, optional=True)
    if isinstance(source.data, Table) and not rows:
        raise DataError(f"{os.fspath(name)}: expected images, got a table")
    return source.data


def _from_builtin_images(builtin: Builtin) -> Source:
    X = builtin.X.astype(np.uint8).reshape(-1, *(builtin.image_shape or ()))
    return Source(builtin.name, X, builtin.target_name, list(builtin.labels))


def _from_table(name: str, table: Table, target: str | None, optional: bool) -> Source:
    """Take the target out of a table, and the rows without it."""
    lines = tuple(table.line(row) for row in range(len(table)))
    if target is None or (optional and target not in table.names):
        return Source(name, table, lines=lines)
    cells = table.column(target)
    if len(table.names) == 1 and not optional:
        raise DataError(f"{name}: expected columns to learn from besides {target!r}, got none")
    rows = np.array([row for row, cell in enumerate(cells) if not is_missing(cell)], np.intp)
    source = Source(name, table.without(target), target, cells, lines)
    if len(rows) == 0:
        raise DataError(f"{name}: the column {target!r} has no values at all")
    missing = len(cells) - len(rows)
    if not missing:
        return source
    plural = "rows have" if missing > 1 else "row has"
    note = (
        f"{missing} {plural} no value of {target!r} and {'are' if missing > 1 else 'is'} left out"
    )
    return replace(source.select(rows), notes=(note,))


def _from_folder(folder: Path, like: Any) -> Source:
    """Read a folder of IDX files, of folders of images, or of images."""
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    folders = [path for path in inside if path.is_dir()]
    if not folders and any("idx" in path.name for path in inside):
        return _from_idx(folder)
    size = None if like is None else (like[1], like[2])
    if folders:
        images = read_image_folder(folder, size=size)
        X = images.X
        if like is not None and X.shape[1] != like[0]:
            X = read_image_files(images.paths, like[0], (like[1], like[2]))
        files = tuple(path.relative_to(folder).as_posix() for path in images.paths)
        return Source(
            folder.name, X, "class", list(images.labels), files=files, notes=tuple(images.notes)
        )
    pictures = [path for path in inside if path.suffix.lower() in IMAGE_SUFFIXES]
    if not pictures:
        raise DataError(
            f"{folder}: expected a folder for each class with images in it, images, or MNIST's "
            "files, found none of these"
        )
    return _from_image_files(folder.name, pictures, like)


def _from_image_files(name: str, paths: list[Path], like: Any) -> Source:
    if like is None:
        raise DataError(f"{name}: images without classes; expected a folder for each class")
    channels, height, width = like
    X = read_image_files(paths, channels, (height, width))
    return Source(name, X, files=tuple(path.name for path in paths))


def _from_idx(folder: Path) -> Source:
    """Read MNIST's files: a training set, and the test set that belongs to it."""
    files = find_idx_pair(folder)
    train = _idx_pair(folder.name, files.train_images, files.train_labels)
    if files.test_images is None or files.test_labels is None:
        return train
    test = _idx_pair(f"{folder.name} (test)", files.test_images, files.test_labels)
    return replace(train, test=test)


def _idx_pair(name: str, images: Path, labels: Path) -> Source:
    X, classes = _channels(read_idx(images), images), read_idx(labels)
    if classes.ndim != 1 or len(classes) != len(X):
        raise DataError(
            f"{labels}: expected {len(X)} labels for the images in {images.name}, "
            f"got an array of shape {classes.shape}"
        )
    return Source(name, X, "class", [str(label) for label in classes.tolist()])


def _channels(X: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Return grey images (n, h, w) as (n, 1, h, w); pass (n, c, h, w) on."""
    if X.ndim not in (3, 4) or X.dtype != np.uint8:
        raise DataError(
            f"{path}: expected images of bytes (n, h, w), got {X.dtype} of shape {X.shape}"
        )
    return X[:, None] if X.ndim == 3 else X


def _is_idx(path: Path) -> bool:
    return "idx" in path.name and path.suffix != ".csv"
