"""Opening files, compressed or not, with one clear error for whatever goes wrong."""

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

from chainrule.data.errors import DataError

__all__ = ["LARGEST", "installed", "opened", "read_at_most", "replacing"]

LARGEST = 4 * 2**30
"""No file is read past this many bytes of content."""

CHUNK = 2**20


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, through what its first bytes say that it is compressed with.

    The path "-" is standard input.

    Raises
    ------
    DataError
        The file is missing, a folder, unreadable, or its compressed stream is damaged.
    """
    try:
        with _bytes(path) as file:
            head = file.peek(LONGEST_MAGIC)[:LONGEST_MAGIC]
            for magic, (kind, decompressed) in COMPRESSIONS.items():
                if head.startswith(magic):
                    try:
                        with decompressed(file) as stream:
                            yield stream
                    except Exception as error:
                        if not isinstance(error, DAMAGED) and type(error).__name__ != "ZstdError":
                            raise
                        raise DataError(
                            f"{path}: expected a whole {kind} stream, got a damaged one: {error}"
                        ) from None
                    return
            yield cast(BinaryIO, file)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _bytes(path: Path) -> AbstractContextManager[io.BufferedReader]:
    if str(path) == "-":
        return nullcontext(cast(io.BufferedReader, sys.stdin.buffer))
    if not path.exists():
        raise DataError(f"{path}: expected a file, found nothing there")
    if path.is_dir():
        raise DataError(f"{path}: expected a file, got a folder")
    return cast(AbstractContextManager[io.BufferedReader], path.open("rb"))


def _zstandard(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """Decompress by Python's own library, which 3.14 has, or by pyarrow."""
    if sys.version_info >= (3, 14):
        from compression import zstd

        return cast(AbstractContextManager[BinaryIO], zstd.ZstdFile(file))
    pyarrow = installed("pyarrow", "a file that is compressed with Zstandard")
    stream: Any = pyarrow.CompressedInputStream(file, "zstd")
    return io.BufferedReader(stream)


COMPRESSIONS: dict[bytes, tuple[str, Callable[[Any], AbstractContextManager[Any]]]] = {
    b"\x1f\x8b": ("gzip", lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
    b"\x28\xb5\x2f\xfd": ("Zstandard", _zstandard),
}
"""The first bytes of compressed files, what these are, and how they are read."""

LONGEST_MAGIC = 6
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What the libraries raise, besides the error of Zstandard's, which 3.14 has first."""


def installed(name: str, purpose: str) -> Any:
    """Return a module of the extra ``tables``; DataError says how to install it."""
    try:
        return import_module(name)
    except ImportError:
        raise DataError(
            f"expected {name} for {purpose}, which is not installed: "
            "pip install 'chainrule[tables]'"
        ) from None


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
