"""Memory that ranks on one machine have in common."""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import suppress
from platform import node
from typing import Any, Protocol

import numpy as np

from chainrule.training.channel import Channel
from chainrule.types import Array

FOLDER = "/dev/shm"
"""Where files are memory, and nothing else."""

NETWORK = "/proc/self/ns/net"
"""What tells the networks of one machine apart: between them ranks send messages."""


def machine() -> tuple[str, int]:
    """Return what ranks have in common that run on one machine."""
    return node(), os.stat(NETWORK).st_ino if os.path.exists(NETWORK) else 0


class Group(Protocol):
    """The ranks that share memory, as one of them sees them."""

    rank: int

    def share(self, value: Any) -> Any:
        """Return the value that the first one has."""

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all, in their order."""


class CommonMemory:
    """Memory of some ranks, and where they wait for each other.

    Parameters
    ----------
    contents : ndarray of uint8
        The memory: first :meth:`counted` bytes of the ranks' counters, and then what they like.
    channel : Channel
        Between the ranks; it knows when to give one up, and whether a signal has come.
    """

    def __init__(self, contents: Array, channel: Channel) -> None:
        from chainrule.engine.running.meeting import COUNTERS, Meeting

        counters, self.free = np.split(contents, [self.counted(channel.size)])
        self.channel = channel
        self.meeting = Meeting(counters.view(np.int64).reshape(-1, COUNTERS), channel.rank)

    @staticmethod
    def counted(ranks: int) -> int:
        """Return the bytes of the counters of so many ranks."""
        from chainrule.engine.running.meeting import COUNTERS

        return ranks * COUNTERS * 8

    def wait(self) -> None:
        """Wait until all ranks have come as far as this one."""
        meeting = self.meeting
        if meeting.missing() is not None:
            self.channel.wait_until(
                lambda: meeting.missing() is None, lambda: f"rank {meeting.missing()}"
            )


def file_in_common(group: Group, size: int) -> Array | None:
    """Return zeros of so many bytes that all ranks of a group see; None where that cannot be."""
    made = _made(size) if group.rank == 0 else None
    try:
        contents = _opened(group.share(made), size)
        all_have = all(group.gather(contents is not None))
    finally:
        if made is not None:
            os.unlink(made)
    return contents if all_have else None


def _made(size: int) -> str | None:
    """Return the path of a file for which memory has been set aside."""
    if not os.path.isdir(FOLDER) or not hasattr(os, "posix_fallocate"):
        return None
    path = None
    try:
        handle, path = tempfile.mkstemp(prefix="chainrule-", dir=FOLDER)
        with open(handle, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError:
        if path is not None:
            with suppress(OSError):
                os.unlink(path)
        return None
    return path


def _opened(path: str | None, size: int) -> Array | None:
    if path is None:
        return None
    try:
        with open(path, "r+b") as file:
            return np.frombuffer(mmap.mmap(file.fileno(), size), np.uint8)
    except (OSError, ValueError):
        return None
