"""A file that one process at a time writes: it holds a lock, which the system lifts at its end.

The lock is on a small file beside the other, which names the process, and goes with the lock. After
a kill it stays, and hinders nobody. Where a file system has no locks, nothing is locked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from platform import node as machine_name

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LONGEST = 200
"""Bytes that are read of what another process has said of itself."""


class LockedError(ValueError):
    """Another process holds the lock; the message says which one."""


def lock_of(path: Path) -> Path:
    """Return the file beside a file by which it is locked."""
    there = Path(os.path.realpath(path))
    return there.with_name(f".{there.name}.lock")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file for a while; LockedError, at once, if another process has it."""
    lock = lock_of(path)
    held = _held(lock)
    try:
        yield
    finally:
        if held is not None:
            with suppress(OSError):
                lock.unlink()
            os.close(held)


def _held(lock: Path) -> int | None:
    """Return the open file whose lock is held from now on; None where there are no locks."""
    while fcntl is not None:
        try:
            file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:  # whoever cannot write here hears of it when the other file is written
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(file, lock):
                os.truncate(file, 0)
                os.write(file, f"process {os.getpid()} on {machine_name()}".encode())
                return file
        except BlockingIOError:
            holder = os.read(file, LONGEST).decode(errors="replace")
            os.close(file)
            raise LockedError(holder or "another process") from None
        except OSError:
            os.close(file)
            return None
        os.close(file)  # who held it has just taken it away
    return None


def _is_there(file: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), lock.stat())
    except FileNotFoundError:
        return False
