"""Arrays that are larger than memory: mapped into it, .npy files, IDX files."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.idx import read_idx_header
from chainrule.data.streams.blocks import RowBlocks
from chainrule.data.streams.contents import contents_of
from chainrule.data.streams.parts import ArrayPart, Part

__all__ = ["ArrayBlocks", "described_array", "map_idx", "map_npy"]

DIGESTED_BYTES = 2**24
"""Bytes of an array that are digested at once."""

BLOCK_BYTES = 2**20
"""A block of an array has as many rows as so many bytes hold, where nobody says otherwise."""


class ArrayBlocks(RowBlocks):
    """Rows of arrays (n, …), which are read slice by slice.

    Parameters
    ----------
    arrays : sequence of array-like
        Of one type and one shape but for their lengths: whatever has a shape, a dtype and slices,
        such as a memory-mapped array or a data set of h5py.
    block_rows : int, optional
        Rows of a block, the last one of an array aside.
    told : sequence of str, optional
        What messages call each array.
    """

    names = None

    def __init__(
        self,
        arrays: Sequence[Any],
        block_rows: int | None = None,
        told: Sequence[str] = ("X",),
    ) -> None:
        self.arrays, self.told = arrays, told
        first = arrays[0]
        for array, name in zip(arrays, told, strict=True):
            if array.shape[1:] != first.shape[1:] or array.dtype != first.dtype:
                raise DataError(
                    f"{name}: expected {first.dtype} (n, {', '.join(map(str, first.shape[1:]))}), "
                    f"as {told[0]} has, got {array.dtype} {tuple(array.shape)}"
                )
        numbers = int(np.prod(first.shape[1:]))
        self.row_bytes = numbers * np.dtype(first.dtype).itemsize
        rows = block_rows or max(1, BLOCK_BYTES // max(1, self.row_bytes))
        self._starts = [
            (number, start)
            for number, array in enumerate(arrays)
            for start in range(0, len(array), rows)
        ]
        self.sizes = tuple(min(rows, len(arrays[number]) - start) for number, start in self._starts)

    def __repr__(self) -> str:
        return ", ".join(self.told)

    def read(self, block: int, names: Sequence[str] | None = None) -> Iterator[Part]:
        """Yield the rows of a block."""
        number, start = self._starts[block]
        array = self.arrays[number]
        rows = np.asarray(array[start : start + self.sizes[block]])
        yield ArrayPart(rows.astype(rows.dtype.newbyteorder("=")))
        forget(array)

    def place(self, block: int, row: int) -> str:
        """Return the name of the array, and the row in it."""
        number, start = self._starts[block]
        return f"row {start + row} of {self.told[number]}"

    def contents(self) -> dict[str, str]:
        """Return shape, type and digest of each array, or of all where they are many."""
        return contents_of(self.told, [described_array(array) for array in self.arrays])


def forget(array: Any) -> None:
    """Let the system have back the memory of a mapped array's pages, which are on the disk."""
    mapped: Any = getattr(array, "_mmap", None)
    if getattr(array, "mode", "") in ("r", "r+") and hasattr(mapped, "madvise"):
        mapped.madvise(mmap.MADV_DONTNEED)


def described_array(array: Any) -> str:
    """Return shape, type and digest of an array that is read in slices."""
    digest = hashlib.sha256()
    shape = tuple(array.shape)
    row = int(np.prod(shape[1:])) * max(1, np.dtype(array.dtype).itemsize)
    rows = max(1, DIGESTED_BYTES // max(1, row))
    for start in range(0, len(array), rows):
        some = np.ascontiguousarray(array[start : start + rows])
        if some.dtype.kind == "O":
            digest.update(repr(some.tolist()).encode("utf-8", "surrogatepass"))
        else:
            digest.update(some.astype(some.dtype.newbyteorder("=")).view(np.uint8).data)
        forget(array)
    return f"array {' × '.join(map(str, shape))} {array.dtype}#{digest.hexdigest()[:32]}"


def map_npy(path: Path) -> NDArray[Any]:
    """Return the array in a .npy file, mapped into memory; DataError for any other file."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected an array in a .npy file: {error}") from None
    if not isinstance(array, np.ndarray) or array.ndim == 0:
        raise DataError(f"{path}: expected an array (n, …) in a .npy file, got another")
    return array


def map_idx(path: Path) -> NDArray[Any]:
    """Return the array in an IDX file, mapped into memory.

    Raises
    ------
    DataError
        The file is none, has another length than its header says, or is compressed.
    """
    dtype, shape, begin = read_idx_header(path)
    promised = int(np.prod(shape, dtype=object)) * dtype.itemsize
    there = os.path.getsize(path) - begin
    if there != promised:
        raise DataError(
            f"{path}: expected {promised:,} bytes of content for {dtype.name} {shape}, got "
            f"{there:,}"
        )
    if not promised:
        raise DataError(f"{path}: expected numbers, got an array of shape {shape}")
    return np.memmap(path, dtype, "r", begin, shape)


class Answers:
    """Answers (n, …) in an array, of which those of some rows are read."""

    def __init__(self, y: Any, sizes: Sequence[int]) -> None:
        self.y = y
        self.first = [0, *accumulate(sizes)]

    def of(self, block: int, start: int, stop: int) -> NDArray[Any]:
        """Return those of rows of a block."""
        first = self.first[block]
        found = np.array(self.y[first + start : first + stop])
        forget(self.y)
        return found
