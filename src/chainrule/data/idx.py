"""The IDX format of MNIST: a magic number, the dimensions, then the content, big-endian.

Bytes 0, 0, type code, number of dimensions; each dimension as four bytes; the items in C order.
Source: Yann LeCun, Corinna Cortes, Christopher J. C. Burges, "The MNIST database".
"""

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.errors import DataError
from chainrule.data.files import LARGEST, opened, read_at_most, replacing

__all__ = ["IdxFiles", "find_idx_pair", "read_idx", "read_idx_header", "write_idx"]

CODES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_DIMENSIONS = 32
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class IdxFiles:
    """The four files of a set such as MNIST; the test files may both be absent."""

    train_images: Path
    train_labels: Path
    test_images: Path | None
    test_labels: Path | None


def read_idx(path: Path) -> NDArray[Any]:
    """Read an IDX file, gzipped or not, as an array in the machine's byte order.

    Raises
    ------
    DataError
        The header is none, promises more than 4 GiB, or not exactly what the file holds.
    """
    with opened(path) as stream:
        dtype, shape = _header(path, bytes(read_at_most(stream, 4)), stream.read)
        promised = math.prod(shape) * dtype.itemsize
        content = read_at_most(stream, promised + 1)
    if len(content) != promised:
        received = "more" if len(content) > promised else f"{len(content):,}"
        raise DataError(
            f"{path}: expected {promised:,} bytes of content for {dtype.name} {shape}, "
            f"got {received}"
        )
    items = np.frombuffer(content, dtype).reshape(shape)
    return items.astype(dtype.newbyteorder("="), copy=False)


def read_idx_header(path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return type and shape of the array in an IDX file, of any size, and where its numbers begin.

    Raises
    ------
    DataError
        The file is none, or compressed.
    """
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
            if magic.startswith(GZIP):
                raise DataError(
                    f"{path}: expected an IDX file that is not compressed, to be read in parts, "
                    "got a gzipped one; gunzip makes one of it"
                )
            dtype, shape = _header(path, magic, stream.read, most=None)
            return dtype, shape, stream.tell()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _header(
    path: Path, magic: bytes, read: Any, most: int | None = LARGEST
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    if len(magic) != 4 or magic[:2] != b"\0\0":
        raise DataError(f"{path}: expected an IDX file (bytes 00 00 first), got {magic.hex(' ')!r}")
    code, ndim = magic[2], magic[3]
    if code not in CODES:
        raise DataError(f"{path}: expected an IDX type code of 08 to 0e, got {code:02x}")
    if not 1 <= ndim <= MOST_DIMENSIONS:
        raise DataError(f"{path}: expected 1 to {MOST_DIMENSIONS} dimensions, got {ndim}")
    sizes = read(4 * ndim)
    if len(sizes) != 4 * ndim:
        raise DataError(f"{path}: expected {ndim} dimensions, the file ends among them")
    dtype, shape = np.dtype(CODES[code]), struct.unpack(f">{ndim}I", sizes)
    if most is not None and math.prod(max(size, 1) for size in shape) * dtype.itemsize > most:
        raise DataError(f"{path}: expected at most {most:,} bytes, got a header for {shape}")
    return dtype, shape


def write_idx(path: Path, array: NDArray[Any]) -> None:
    """Write an array as an IDX file, gzipped if the name ends in .gz; complete or not at all.

    Raises
    ------
    DataError
        IDX has no such type or shape, or the file cannot be written.
    """
    big = array.dtype.newbyteorder(">")
    code = next((code for code, name in CODES.items() if np.dtype(name) == big), None)
    if code is None:
        names = ", ".join(np.dtype(name).name for name in CODES.values())
        raise DataError(f"write_idx: expected one of {names}, got {array.dtype}")
    small = math.prod(max(size, 1) for size in array.shape) * array.itemsize <= LARGEST
    if not (1 <= array.ndim <= MOST_DIMENSIONS and small):
        raise DataError(
            f"write_idx: expected 1 to {MOST_DIMENSIONS} dimensions and at most "
            f"{LARGEST:,} bytes, got {array.shape}"
        )
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    content = header + array.astype(big).tobytes()
    if path.suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


def find_idx_pair(folder: Path) -> IdxFiles:
    """Find the images and labels of MNIST and its kin by their names, gzipped or not.

    Raises
    ------
    DataError
        The folder lacks the training files, or one of the two test files.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: expected a folder, found none")
    train_images = _find(folder, "train-images", 3)
    train_labels = _find(folder, "train-labels", 1)
    test_images = _find(folder, "t10k-images", 3)
    test_labels = _find(folder, "t10k-labels", 1)
    if train_images is None or train_labels is None:
        lacking = "train-images-idx3-ubyte" if train_images is None else "train-labels-idx1-ubyte"
        raise DataError(f"{folder}: expected {lacking} or {lacking}.gz, found neither")
    if (test_images is None) != (test_labels is None):
        raise DataError(f"{folder}: expected both t10k-images and t10k-labels, found one of them")
    return IdxFiles(train_images, train_labels, test_images, test_labels)


def _find(folder: Path, stem: str, ndim: int) -> Path | None:
    names = (f"{stem}{dot}idx{ndim}-ubyte{end}" for end in ("", ".gz") for dot in ("-", "."))
    return next((folder / name for name in names if (folder / name).is_file()), None)
