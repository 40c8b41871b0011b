"""Opening files, gzipped or not, with one clear error for whatever goes wrong."""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from chainrule.data.errors import DataError

__all__ = ["LARGEST", "opened", "read_at_most", "replacing"]

LARGEST = 4 * 2**30
"""No file is read past this many bytes of content."""

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 2**20


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, through gzip if its first bytes say so.

    Raises
    ------
    DataError
        The file is missing, a folder, unreadable, or its gzip stream is damaged.
    """
    if not path.exists():
        raise DataError(f"{path}: expected a file, found nothing there")
    if path.is_dir():
        raise DataError(f"{path}: expected a file, got a folder")
    try:
        with path.open("rb") as file:
            zipped = file.peek(len(GZIP_MAGIC))[: len(GZIP_MAGIC)] == GZIP_MAGIC
            if not zipped:
                yield file
                return
            with gzip.GzipFile(fileobj=file) as stream:
                yield cast(BinaryIO, stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: expected a whole gzip stream, got a damaged one: {error}"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_at_most(stream: BinaryIO, limit: int) -> bytearray:
    """Read up to `limit` bytes; memory grows with what is really there."""
    content = bytearray()
    while len(content) < limit:
        chunk = stream.read(min(CHUNK, limit - len(content)))
        if not chunk:
            break
        content += chunk
    return content


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside `path` that takes its place only when it is complete."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as file:
            yield file
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
