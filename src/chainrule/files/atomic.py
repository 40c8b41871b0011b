"""Writing a file so that there is always a whole one: the old or the new."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["Content", "replace_file"]

Content = bytes | memoryview

UNSYNCABLE = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}
"""What a file system says that has no way to sync a folder, or no leave to open it."""


def replace_file(path: Path, parts: Iterable[Content]) -> None:
    """Write a file beside the path, sync it, and let it take the path's place.

    A link is followed, and the permissions of a file that was there are kept. When this fails
    before that moment, what was there stays, and nothing else is left behind.

    Raises
    ------
    OSError
        Whatever the operating system says.
    """
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".chainrule-{secrets.token_hex(8)}.partial")
    try:
        _write(beside, parts, _permissions(target))
        os.replace(beside, target)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _permissions(target: Path) -> int | None:
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        return None


def _write(path: Path, parts: Iterable[Content], permissions: int | None) -> None:
    with path.open("xb") as file:
        if permissions is not None:
            with suppress(OSError):
                os.chmod(path, permissions)
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # has no folders that can be opened
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in UNSYNCABLE:
            raise
