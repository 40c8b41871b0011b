"""Compiled kernels on disk, so that a machine compiles each of them once.

A kernel's file is named by a digest of all that decides its machine code: its text in LLVM's
form, the processor and its features, the versions of LLVM and of this format. Where the package's
source alone decides the text, one more file says which digest it led to. A file begins with a
checksum of the digest in its name and of what it has, so that a whole file under another's name is
not taken for it. Where anything is wrong (no writable folder, a truncated file, one that others
could have written) the kernel is compiled again: slower, and never an error.

The folder is ``$CHAINRULE_CACHE`` if that is set (to nothing: no cache), else the user's own. Its
kernels take ``$CHAINRULE_CACHE_MEGABYTES`` at most, 64 if that is not set: beyond, those go that
were not used for the longest time. Any process may remove a file at any moment, as another finds
it whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from llvmlite import binding

from chainrule.engine.machine import compiling
from chainrule.partial_files import remove_abandoned, replacing

FORMAT = "2"
DIGEST = 32
"""Bytes of a checksum."""
SUFFIX = ".kernel"
MEGABYTES = 64
"""What kernels take at most: those of all functions, losses and optimizers take 1."""
SLACK = 1 / 8
"""The part of it that is written before a folder is measured again."""
DAY = 86_400
"""Seconds: how exactly it is known when a kernel was used."""
LARGEST = 2**24
"""Bytes that no kernel has."""


def object_code(text: str, target: compiling.Target) -> bytes:
    """Return the machine code of a module in LLVM's text form, from the disk if it is there."""
    place = folder()
    if place is None:
        return compiling.object_code(text, target)
    key = _key(text, target)
    known = _read(place, key)
    if known is not None:
        return known
    code = compiling.object_code(text, target)
    _keep(place, key, code)
    return code


def object_code_of(source: str, target: compiling.Target, text: Callable[[], str]) -> bytes:
    """Return the machine code of a module whose text a source decides, which takes time to make.

    A file has the key of the text that the source led to, so that it need not be made again.
    """
    place = folder()
    if place is None:
        return object_code(text(), target)
    of_source = _key(f"{source}\0", target)
    key = _read(place, of_source)
    code = None if key is None else _read(place, key.decode())
    if code is None:
        made = text()
        code = object_code(made, target)
        _keep(place, of_source, _key(made, target).encode())
    return code


def _keep(place: Path, key: str, content: bytes) -> None:
    """Put what a key stands for into a folder; remember why, where that cannot be."""
    try:
        _write(_path(place, key), key, content)
    except OSError as error:
        _refusals[place] = error.strerror or str(error)
    else:
        _refusals.pop(place, None)


def _path(place: Path, key: str) -> Path:
    return place / f"{key[:40]}{SUFFIX}"


_unmeasured: dict[Path, int] = {}
"""Bytes that this process has written into folders since it measured them; at first, many."""


def most_bytes() -> int:
    """Return how many bytes all kernels of a folder may take."""
    megabytes = os.environ.get("CHAINRULE_CACHE_MEGABYTES", "")
    return int(megabytes if megabytes.isdecimal() else MEGABYTES) * 10**6


def remove_oldest(place: Path, limit: int) -> None:
    """Remove the kernels that were not used for the longest time, if all take more than a limit.

    Then some more go, so that the folder need not be measured each time.
    """
    found = []
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                with suppress(OSError):  # another process has removed it
                    status = entry.stat()
                    found.append((status.st_mtime_ns, status.st_size, entry.path))
    size = sum(each for _, each, _ in found)
    if size <= limit:
        return
    for _, each, path in sorted(found):
        if size <= limit * (1 - SLACK):
            return
        with suppress(OSError):
            os.unlink(path)
            size -= each


_refusals: dict[Path, str] = {}
"""Folders in which a kernel could not be kept in this process, and why."""


def trouble() -> str | None:
    """Return why kernels are not kept in the folder, and what to do about it; None if they are."""
    place = folder()
    if place is None:
        return None
    try:
        distrust = _distrust(place.stat())
    except OSError:  # there is none yet, or what was written there has said more
        distrust = None
    if distrust is not None:
        return (
            f"kernels are not kept in {place}, since {distrust}, and machine code that others "
            f"wrote is never run: chmod go-w {place}, if it is yours, or set CHAINRULE_CACHE to a "
            "folder that only you can write"
        )
    if place in _refusals:
        return (
            f"kernels are not kept in {place}: {_refusals[place]}; set CHAINRULE_CACHE to a folder "
            "that you can write"
        )
    return None


def folder() -> Path | None:
    """Return where kernels are kept, or None if nowhere."""
    chosen = os.environ.get("CHAINRULE_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "chainrule" / "kernels" if base else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "chainrule" / "kernels"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "chainrule" / "kernels"


def _key(text: str, target: compiling.Target) -> str:
    versions = ".".join(map(str, binding.llvm_version_info))
    processor = target.architecture, target.processor, target.features
    whole = "\0".join((FORMAT, versions, sys.platform, *processor, text))
    return hashlib.sha256(whole.encode()).hexdigest()


def _checksum(key: str, code: bytes) -> bytes:
    """Return the checksum of a kernel's code under its key, all of one length."""
    return hashlib.sha256(key.encode() + code).digest()


def _read(place: Path, key: str) -> bytes | None:
    """Return what a file has for a key, or None unless it is that key's, whole and one's own."""
    path = _path(place, key)
    try:
        if _distrust(place.stat()):
            return None
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if _distrust(status) or not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
                return None
            if time.time() - status.st_mtime > DAY:
                with suppress(OSError):
                    os.utime(path)  # it is in use
            content = file.read()
    except OSError:
        return None
    checksum, code = content[:DIGEST], content[DIGEST:]
    return code if code and _checksum(key, code) == checksum else None


def _without_waiting(name: str, flags: int) -> int:
    """Open a file, or a pipe to which nobody may ever write."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _distrust(status: os.stat_result) -> str | None:
    """Return who but this user, and the system's, could have written a file or folder, if any."""
    if sys.platform == "win32":
        return None  # the folder is in the user's profile, which others cannot write
    if status.st_uid not in (os.getuid(), 0):
        return f"it belongs to another user, of id {status.st_uid}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write there (mode {stat.S_IMODE(status.st_mode):o})"
    return None


def _write(path: Path, key: str, code: bytes) -> None:
    """Keep code in a file that is whole at any moment; OSError if that cannot be.

    Where it would never be read, nothing is written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _distrust(path.parent.stat()) is not None:
        return
    _remove_abandoned(path.parent)
    with replacing(path, mode=0o600) as (file, _):
        file.write(_checksum(key, code) + code)
    _unmeasured[path.parent] = _unmeasured.get(path.parent, most_bytes()) + DIGEST + len(code)
    if _unmeasured[path.parent] > most_bytes() * SLACK:
        _unmeasured[path.parent] = 0
        remove_oldest(path.parent, most_bytes())


_remove_abandoned = cache(remove_abandoned)
"""Once for each folder: there may be hundreds of kernels to write."""
