"""What files and arrays hold, as short texts with digests: what a checkpoint knows them by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chainrule.data.errors import DataError

__all__ = ["Stamp", "check_stamp", "contents_of", "described_files", "stamp_of"]

MOST_NAMED = 100
"""More parts than these are known by one digest of all."""

Stamp = tuple[int, int]
"""The size of a file, and when it was changed last, in nanoseconds."""


def contents_of(names: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """Return the text of each part by its name; of very many, one text for all of them."""
    if len(names) > MOST_NAMED:
        digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]
        return {"all rows": f"{len(names)} parts#{digest}"}
    several = len(names) > 1
    told = [f" ({number})" * several for number in range(1, len(names) + 1)]
    return {
        f"all rows of {name}{number}": text
        for name, number, text in zip(names, told, texts, strict=True)
    }


def described_files(paths: Iterable[Path]) -> list[str]:
    """Return the size and the digest of each file."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(_described_file, paths))


def _described_file(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
            return f"{os.fstat(file.fileno()).st_size:,} bytes#{digest}"
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from None


def stamp_of(path: Path) -> Stamp:
    """Return the size of a file, and when it was changed last."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def check_stamp(path: Path, stamp: Stamp) -> None:
    """Raise DataError unless a file is what it was when a stream was made of it."""
    try:
        same = stamp_of(path) == stamp
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if not same:
        raise DataError(
            f"{path}: expected the file that was there when the stream was made, got one that has "
            "changed since; make the stream anew"
        )
