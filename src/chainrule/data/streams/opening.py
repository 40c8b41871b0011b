"""What a stream is made of: files by their names, folders of them, arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.cells import shortened
from chainrule.data.errors import DataError
from chainrule.data.idx import find_idx_pair
from chainrule.data.labelled_lines import HEAD, have_labels
from chainrule.data.photos import has_picture_name
from chainrule.data.streams.arrays import ArrayBlocks, map_idx, map_npy
from chainrule.data.streams.arrow import ARROW, PARQUET, ArrowFileBlocks, ParquetBlocks
from chainrule.data.streams.blocks import RowBlocks
from chainrule.data.streams.lines import LineBlocks
from chainrule.data.streams.photos import PhotoBlocks

__all__ = ["are_files_of_tables", "counts_in", "opened_answers", "opened_blocks"]

KINDS = (
    "a Parquet file (.parquet, .pq), an Arrow IPC file (.arrow, .feather, .ipc), an array in a "
    ".npy or IDX file, a text file of lines (.txt, or any with labels such as __label__x)"
)

Opener = Callable[[Sequence[Path], int | None], RowBlocks]


def opened_blocks(
    data: Any, block_rows: int | None = None, image_size: Any = None
) -> tuple[RowBlocks, Any]:
    """Return data as blocks of rows, and the answers that came along, None if none did.

    Raises
    ------
    DataError
        Data are of another kind, or cannot be read.
    """
    if isinstance(data, str | os.PathLike) and _has_photos(Path(data)):
        photos = PhotoBlocks(Path(data), image_size)
        return photos, photos.labels
    if image_size is not None:
        raise DataError("DataStream: expected a folder of photos for image_size")
    if isinstance(data, str | os.PathLike) or _are_paths(data):
        return _of_files(data, block_rows)
    if not (hasattr(data, "shape") and hasattr(data, "dtype") and hasattr(data, "__getitem__")):
        raise DataError(
            f"DataStream: expected {KINDS}, a folder of such files, or an array that is read in "
            f"slices, such as np.load('X.npy', mmap_mode='r'), got {type(data).__name__}"
        )
    _check_array("X", data)
    return ArrayBlocks([data], block_rows), None


def opened_answers(y: Any) -> Any:
    """Return answers as an array, those in a file mapped into memory."""
    if isinstance(y, str | os.PathLike):
        path = Path(y)
        if kind_of(path) not in (".npy", "idx") or not path.is_file():
            raise DataError(
                f"DataStream: y={os.fspath(y)!r}: expected a .npy or IDX file, or the name of a "
                "column of a table's files"
            )
        return map_npy(path) if kind_of(path) == ".npy" else map_idx(path)
    if hasattr(y, "shape") and hasattr(y, "dtype") and not hasattr(y, "iloc"):
        return y
    return np.asarray(y)


def are_files_of_tables(folder: Path) -> bool:
    """Return whether there are Parquet or Arrow files in a folder."""
    return any(kind_of(path) in (PARQUET[0], ARROW[0]) for path in _below(folder))


def kind_of(path: Path) -> str:
    """Return what a file is by its name: an ending, or "idx"."""
    suffix = path.suffix.lower()
    known = (*PARQUET, *ARROW, ".npy")
    if suffix in known:
        return next(group[0] for group in (PARQUET, ARROW, (".npy",)) if suffix in group)
    if suffix == ".txt" or _has_labelled_lines(path):
        return ".txt"
    return "idx" if "idx" in path.name else suffix


def _has_labelled_lines(path: Path) -> bool:
    """Return whether a file of any name has labels in its first lines."""
    try:
        with open(path, "rb") as file:
            return have_labels(file.read(HEAD))
    except OSError:  # whoever reads it says why
        return False


def _are_paths(data: Any) -> bool:
    return (
        isinstance(data, list | tuple)
        and bool(data)
        and all(isinstance(each, str | os.PathLike) for each in data)
    )


def _of_files(data: Any, block_rows: int | None) -> tuple[RowBlocks, Any]:
    """Return the blocks of files, and their answers if they are MNIST's."""
    given = [data] if isinstance(data, str | os.PathLike) else list(data)
    paths: list[Path] = []
    for each in map(Path, given):
        if not each.exists():
            raise DataError(f"DataStream: no file or folder is named {os.fspath(each)!r}")
        paths += _below(each) if each.is_dir() else [each]
    kinds = sorted({kind_of(path) for path in paths})
    if len(given) == 1 and Path(given[0]).is_dir() and kinds == ["idx"]:
        files = find_idx_pair(Path(given[0]))
        images = ArrayBlocks([map_idx(files.train_images)], block_rows, [os.fspath(given[0])])
        return images, map_idx(files.train_labels)
    if len(kinds) != 1 or kinds[0] not in OPENERS:
        received = shortened([path.name for path in paths]) or "no files"
        one = "files of one kind: " if len(kinds) > 1 else ""
        raise DataError(f"DataStream: expected {one}{KINDS}, got {received}")
    return OPENERS[kinds[0]](paths, block_rows), None


def _has_photos(folder: Path) -> bool:
    """Return whether the first file in a folder, or one within it, is a picture by its name."""
    if not folder.is_dir():
        return False
    first = next((path for path in _below(folder)), None)
    return first is not None and has_picture_name(first)


def _below(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted; those of names such as _SUCCESS are none of it."""
    found = [path for path in folder.rglob("*") if path.is_file() and counts_in(folder, path)]
    return sorted(found)


def counts_in(folder: Path, path: Path) -> bool:
    """Return whether a file is below a folder, and its name one of data."""
    own, above = Path(os.path.abspath(path)), Path(os.path.abspath(folder))
    if not own.is_relative_to(above):
        return False
    return not any(part[0] in "._" for part in own.relative_to(above).parts)


def _files_with_blocks(kind: Any, own: str) -> Opener:
    def opened(paths: Sequence[Path], block_rows: int | None) -> RowBlocks:
        if block_rows is not None:
            raise DataError(
                f"DataStream: expected block_rows with an array; {own}, got "
                f"block_rows={block_rows}"
            )
        blocks: RowBlocks = kind(paths)
        return blocks

    return opened


def _array_files(mapped: Callable[[Path], Any]) -> Opener:
    def opened(paths: Sequence[Path], block_rows: int | None) -> RowBlocks:
        arrays = [mapped(path) for path in paths]
        for path, array in zip(paths, arrays, strict=True):
            _check_array(path.name, array)
        return ArrayBlocks(arrays, block_rows, [path.name for path in paths])

    return opened


def _check_array(name: str, array: Any) -> None:
    """Raise DataError unless an array has rows of numbers."""
    if len(array.shape) < 2 or np.dtype(array.dtype).kind not in "biuf":
        raise DataError(
            f"DataStream: {name}: expected numbers (n, …), of two axes or more, got {array.dtype} "
            f"{tuple(array.shape)}"
        )


OF_TABLES = "the blocks of files of tables are their own row groups, or batches"

OPENERS: dict[str, Opener] = {
    PARQUET[0]: _files_with_blocks(ParquetBlocks, OF_TABLES),
    ARROW[0]: _files_with_blocks(ArrowFileBlocks, OF_TABLES),
    ".txt": _files_with_blocks(LineBlocks, "the blocks of text files are ranges of bytes"),
    ".npy": _array_files(map_npy),
    "idx": _array_files(map_idx),
}
"""What reads the files of each kind; a new one is a line here."""
