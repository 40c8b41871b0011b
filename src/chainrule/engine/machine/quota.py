"""How many processors the control groups of a container let its processes use, on Linux.

A group may take so many microseconds of processor time in each period: ``cpu.max`` says so in
version 2 of control groups, ``cpu.cfs_quota_us`` and ``cpu.cfs_period_us`` in version 1. Groups are
folders, one in the other, and none gets more than those around it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path("/")
UNIFIED, QUOTA, PERIOD = "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"


def quota(root: Path = ROOT) -> int | None:
    """Return the processors that the smallest quota amounts to, rounded up; None without one.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are.
    """
    found = [limit for files in _groups(root) if (limit := _limit(files)) is not None]
    return max(1, math.ceil(min(found))) if found else None


def _limit(files: tuple[Path, ...]) -> float | None:
    """Return the processors of one group, if its quota can be read and is one."""
    try:
        text = " ".join(file.read_text(encoding="ascii") for file in files)
        microseconds, period = map(int, text.split())
    except (OSError, ValueError):  # there is none, or it is "max"
        return None
    return microseconds / period if microseconds > 0 and period > 0 else None


@cache
def _groups(root: Path) -> tuple[tuple[Path, ...], ...]:
    """Return the files that say the quotas of this process's groups, and of those around them."""
    try:
        mounts = (root / "proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ()
    fields = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    own = {controllers: path for _, controllers, path in fields}
    found: dict[tuple[Path, ...], None] = {}
    for version, inside, mount in _mounts(mounts):
        named = (names for names in own if "cpu" in names.split(","))
        controllers = "" if version == "cgroup2" else next(named, None)
        if controllers not in own:
            continue
        names = (UNIFIED,) if version == "cgroup2" else (QUOTA, PERIOD)
        for path in _around(PurePosixPath(own[controllers]), PurePosixPath(inside)):
            folder = root / mount.lstrip("/") / path
            found[tuple(folder / name for name in names)] = None
    return tuple(files for files in found if files[0].exists())


def _mounts(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield version, mounted group and folder of the mounts that say quotas."""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) < 5 or len(kinds) < 3:
            continue
        version, options = kinds[0], kinds[2].split(",")
        if version == "cgroup2" or (version == "cgroup" and "cpu" in options):
            inside, mount = (
                re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), field)
                for field in fields[3:5]
            )
            yield version, inside, mount


def _around(group: PurePosixPath, inside: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield a group and those around it, as they lie in a mount that shows what is inside one.

    A container may be told of its group as the system names it, and see that group alone.
    """
    seen = group.relative_to(inside) if group.is_relative_to(inside) else PurePosixPath()
    if ".." not in seen.parts:
        yield seen
        yield from seen.parents
