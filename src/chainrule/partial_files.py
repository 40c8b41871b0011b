"""Files that are being written beside the place that they will take, and those that were left so.

A process that is killed leaves its file behind. Whoever writes in the same folder next removes it:
a file is locked as long as it is written, so that none is taken from a process that runs.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

__all__ = ["remove_abandoned", "replacing"]

NAME = ".chainrule-{}.partial"
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
DAY = 86_400
"""Seconds that no file takes; how old one must be where there are no locks."""


@contextmanager
def replacing(target: Path, mode: int = 0o666) -> Iterator[tuple[BinaryIO, Path]]:
    """Give a new, locked file beside a path, and its own path; at the end it takes the place.

    Where anything goes wrong before, the file is gone and the target as it was. The mode says who
    may open it, from the first moment on, as far as the user's mask allows.

    Raises
    ------
    OSError
        The target is a device or a pipe, which would be lost; or what the operating system says.
    """
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OSError(errno.EINVAL, "a device or pipe, where a file was expected", str(target))
    file, path = _begun(target.parent, mode)
    try:
        with file:
            yield file, path
            file.flush()
            if sys.platform != "win32":
                os.replace(path, target)
        if sys.platform == "win32":  # where open files cannot be moved
            os.replace(path, target)
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> None:
    """Remove the files in a folder whose processes have ended, as far as that can be told."""
    with suppress(OSError):
        for path in folder.glob(NAME.format("*")):
            with suppress(OSError):
                _remove_if_abandoned(path)


def _begun(folder: Path, mode: int) -> tuple[BinaryIO, Path]:
    """Return a new file that is locked until it is closed."""
    while True:
        path = folder / NAME.format(secrets.token_hex(8))
        file = os.fdopen(os.open(path, FLAGS, mode), "wb")
        _lock(file)
        if os.fstat(file.fileno()).st_nlink or sys.platform == "win32":
            return file, path
        file.close()  # another process took it for abandoned, in the moment before the lock


def _lock(file: BinaryIO) -> None:
    if sys.platform != "win32":
        with suppress(OSError):  # of a file system without locks, where nothing is removed
            fcntl.flock(file, fcntl.LOCK_EX)


def _remove_if_abandoned(path: Path) -> None:
    if sys.platform == "win32":
        if time.time() - path.stat().st_mtime > DAY:
            path.unlink()
        return
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an OSError, if it is being written
        path.unlink()
