"""What a data argument stands for: a built-in set, a table, images in folders, IDX files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.builtin import BUILTIN, Builtin, builtin_table, load_builtin
from chainrule.data.cells import Cells
from chainrule.data.decimals import with_decimals_of_file
from chainrule.data.errors import DataError
from chainrule.data.formats import TableFormat
from chainrule.data.idx import find_idx_pair, read_idx
from chainrule.data.images import (
    Images,
    read_image_folder,
    read_pictures,
    read_unlabelled,
    without_damaged,
)
from chainrule.data.photos import Reading, has_picture_name
from chainrule.data.pictures import (
    FOLDERS,
    is_picture,
    listed_pictures,
    named_files,
    source_like,
    source_of_classes,
    source_of_pictures,
)
from chainrule.data.source import Source
from chainrule.data.table import Table
from chainrule.data.table_files import PARQUET, STANDARD_INPUT, read_table_file, sheet_of
from chainrule.data.totals import odd_cells, without_totals

STREAMED = {*PARQUET, ".arrow", ".feather", ".ipc"}

__all__ = ["Source", "is_source", "learned_images", "read_images", "read_source", "read_table"]


def read_source(
    argument: str | os.PathLike[str],
    target: str | None = None,
    *,
    like: Reading | None = None,
    images: bool = False,
    optional: bool = False,
    size: int | tuple[int, int] | None = None,
    skip_damaged: bool = False,
    layout: TableFormat | None = None,
) -> Source:
    """Read the data that an argument names.

    Parameters
    ----------
    argument : str or path
        A built-in set's name, a CSV file, compressed or not, "-" for standard input, a Parquet or
        Excel file (its first sheet, or one named as in book.xlsx:Prices), a folder of images with
        one folder a class, a folder with MNIST's four files, an image, or a file of images in IDX
        format.
    target : str or None
        The column of a table that is to be predicted.
    like : Reading or None
        How pictures become images (c, h, w), as a trained model says.
    images : bool
        Whether a built-in set of images is wanted as such, not as the table of its pixels.
    optional : bool
        Whether the target may be missing: a table's column, or the folders of classes.
    size : int or tuple of int, default=None
        Of images in folders: a side of squares, or (h, w); by default one that suits them.
    skip_damaged : bool, default=False
        Whether files of a folder that are no images are left out, which a note tells.
    layout : TableFormat, default=None
        How a table's texts are written.

    Returns
    -------
    source : Source

    Raises
    ------
    DataError
        Nothing is there, or it is not what it seems.
    """
    argument = os.fspath(argument)
    if not argument:  # as a path it would be this folder, with all that is below
        raise DataError("data: expected the name of a file, folder or built-in set, got ''")
    path = Path(argument)
    if path.is_dir() and argument not in BUILTIN and not _has_idx_files(path):
        _check_is_no_stream(path)
        if like is None:
            return source_of_classes(path, size, skip_damaged=skip_damaged)
        return source_like(path, like, optional=optional, skip_damaged=skip_damaged)
    if size is not None or skip_damaged:
        option = "--size, in Python size=" if size is not None else "--skip-damaged"
        raise DataError(f"{argument}: expected a folder of image files for {option}")
    if argument in BUILTIN:
        builtin = load_builtin(argument)
        if builtin.image_shape is not None and (images or like is not None):
            return _from_builtin_images(builtin)
        wanted = target if target or optional else builtin.target_name
        return _from_table(argument, builtin_table(builtin), wanted, optional)
    if path.is_dir():
        return _from_idx(path)
    if argument != STANDARD_INPUT and not sheet_of(path)[0].exists():
        raise DataError(
            f"no file or folder is named {argument!r}, nor a built-in set; those are "
            f"{', '.join(BUILTIN)}"
        )
    if path.suffix == ".safetensors":
        raise DataError(f"{path} is a model file; data were expected: a CSV file or images")
    if path.is_file() and is_picture(path):
        if like is None:
            raise DataError(f"{path.name}: one image, without a class; {FOLDERS}")
        return source_of_pictures([path], like)
    if _is_idx(path):
        return Source(path.name, _channels(read_idx(path), path))
    table, notes = without_totals(read_table_file(path, layout))
    source = with_decimals_of_file(_from_table(path.name, table, target, optional))
    return replace(source, notes=notes + source.notes + odd_cells(table))


def is_source(data: Any) -> bool:
    """Return whether data are the name of a file, a folder or a built-in set."""
    return isinstance(data, str | os.PathLike)


def read_table(name: str | os.PathLike[str], layout: TableFormat | None = None) -> Table:
    """Read the table that a file or a built-in set holds, its target among the columns.

    Parameters
    ----------
    name : str or path
        A CSV, Parquet or Excel file, "-" for standard input, or a built-in set.
    layout : TableFormat, default=None
        How a table's texts are written.
    """
    if (argument := os.fspath(name)) in BUILTIN:
        return builtin_table(load_builtin(argument))
    path = Path(argument)
    if path.is_dir():
        _check_is_no_stream(path)
    if path.is_dir() or is_picture(path):
        received = "a folder" if path.is_dir() else "a picture"
        raise DataError(f"{argument}: expected a table, a CSV file with a header, got {received}")
    source = read_source(argument, optional=True, layout=layout)
    if isinstance(source.data, Table):
        return source.data
    raise DataError(f"{argument}: expected a table, a CSV file with a header, got images")


def read_images(
    data: Any, like: Reading, *, rows: bool = False
) -> NDArray[np.uint8] | Table | None:
    """Return images (n, c, h, w) as a trained network takes them, None for data of other kinds.

    Parameters
    ----------
    data : str, path, image of Pillow, or list of them
        A file, a folder, a pattern such as ``photos/*.jpg`` or a built-in set.
    like : Reading
        How pictures become images.
    rows : bool
        Whether a table of their pixels will do, too.
    """
    if (listed := listed_pictures(data)) is not None:
        X, _, damaged = read_pictures(listed, like)
        without_damaged(None, damaged, len(listed), skip=None)
        return X
    if not is_source(data):
        return None
    if files := named_files(data):
        return source_of_pictures(files, like).data
    source = read_source(data, like=like, optional=True)
    if isinstance(source.data, Table) and not rows:
        raise DataError(f"{os.fspath(data)}: expected images, got a table")
    return source.data


def learned_images(data: Any, size: int | tuple[int, int] | None = None) -> Any:
    """Return pictures to learn from as `Images`, read at a size; data of other kinds as they are.

    Parameters
    ----------
    data : str, path, image of Pillow, or list of them
        A folder with a folder of images for each class, or one with MNIST's files; a list of
        files, or a pattern such as ``photos/*.jpg``.
    size : int or tuple of int, default=None
        Of the images: a side of squares, or (h, w); by default one that suits them.
    """
    listed = listed_pictures(data)
    if listed is None and is_source(data):
        path = Path(data)
        if path.is_dir() and not _has_idx_files(path):
            return read_image_folder(path, size=size)
        if path.is_dir():
            source = read_source(data, size=size)
            return Images(np.asarray(source.data), [str(x) for x in source.target.cells], [], [])
        listed = named_files(data)
    return data if listed is None else read_unlabelled(listed, size)


def _check_is_no_stream(folder: Path) -> None:
    """Raise DataError for a folder of files of tables, with what reads them."""
    try:
        names = os.listdir(folder)
    except OSError:  # whoever reads it says why
        return
    if any(os.path.splitext(name)[1].lower() in STREAMED for name in names):
        raise DataError(
            f"{folder}: expected a table in one file, or images, got a folder of files of tables; "
            "DataStream reads those in blocks, on the command line train --stream"
        )


def _from_builtin_images(builtin: Builtin) -> Source:
    X = builtin.X.astype(np.uint8).reshape(-1, *(builtin.image_shape or ()))
    return Source(builtin.name, X, builtin.target_name, list(builtin.labels))


def _from_table(name: str, table: Table, target: str | None, optional: bool) -> Source:
    """Take the target out of a table, and the rows without it."""
    lines = table.lines
    if target is None or (optional and target not in table.names):
        return Source(name, table, lines=lines)
    cells = table.column(target)
    if len(table.names) == 1 and not optional:
        raise DataError(f"{name}: expected columns to learn from besides {target!r}, got none")
    rows = np.flatnonzero(~Cells.read(cells).gone())
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
    text = {".csv", ".tsv", ".txt"} & set(path.suffixes)
    return "idx" in path.name and not text and not is_picture(path)


def _has_idx_files(folder: Path) -> bool:
    """Return whether a folder has files as MNIST's, and no folders."""
    try:
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError:  # whoever lists it says why
        return False
    return not any(entry.is_dir() for entry in entries) and any(
        "idx" in entry.name and not has_picture_name(entry.name) for entry in entries
    )
