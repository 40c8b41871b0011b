"""Writing a file so that there is always a whole one: the old or the new."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from chainrule.partial_files import remove_abandoned, replacing

__all__ = ["Content", "replace_file"]

Content = bytes | memoryview

UNSYNCABLE = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}
"""What a file system says that has no way to sync a folder, or no leave to open it."""


def replace_file(
    path: Path, parts: Iterable[Content], ready: Callable[[Path], None] | None = None
) -> None:
    """Write a file beside the path, sync it, and let it take the path's place.

    A link is followed, and the permissions of a file that was there are kept. When this fails
    before that moment, what was there stays, and nothing else is left behind; what a process that
    was killed has left in the folder goes. ``ready`` is called right before, with the file's name
    until then; what it raises ends this.

    Raises
    ------
    OSError
        Whatever the operating system says.
    """
    target = Path(os.path.realpath(path))
    permissions = _permissions(target)
    remove_abandoned(target.parent)
    with replacing(target) as (file, path):
        if permissions is not None:
            with suppress(OSError):
                os.chmod(path, permissions)
        _write(file, parts)
        if ready is not None:
            ready(Path(path))
    _sync_folder(target.parent)


def _permissions(target: Path) -> int | None:
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        return None


def _write(file: BinaryIO, parts: Iterable[Content]) -> None:
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
