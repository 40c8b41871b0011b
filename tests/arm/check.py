"""Whether an AArch64 processor, emulated by qemu-user, trains the very bits of this one.

    python tests/arm/check.py [folder]

builds an AArch64 Python in the folder, a temporary one by default; lets it and this Python compute
the same operations and trainings, and compares all results, bit by bit. Exit code 0: they are the
same, or one line says why the check is left out; 1: they are not.

Two things may differ, and are counted: what is NaN may be any NaN; and a number below the smallest
normal one may be 0 of the same sign on either side, or that smallest number on the side that
rounds before it looks (docs/reproducible.md).
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from environment import Environment, UnavailableError, build

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
THREADS = ("1", "2", "3", "7")
LONGEST = 540
"""Seconds that an emulated run may take: the whole check, ten minutes."""


def main(arguments: list[str]) -> int:
    """Build, compute on both sides and compare; return the exit code."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chainrule-arm-") as temporary:
        folder = Path(arguments[0] if arguments else temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            environment = prepared(folder)
        except (UnavailableError, OSError) as error:
            print(f"tests/arm: left out: {error}")
            return 0
        built = time.monotonic()
        expected = computed(folder / "expected.npz", ("1",))
        try:
            found = computed(folder / "found.npz", THREADS, environment)
        except subprocess.TimeoutExpired:
            print(f"tests/arm: left out: the emulated run takes more than {LONGEST} s here")
            return 0
    problems, close = compared(expected, found)
    print(
        f"tests/arm: {len(found)} results of AArch64, {len(problems)} differ; {close} numbers at "
        f"the edge of the normal ones; {built - begin:.0f} s to build, "
        f"{time.monotonic() - built:.0f} s to compute"
    )
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0


def prepared(folder: Path) -> Environment:
    """Return the environment; UnavailableError where this is not a machine to compare with."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise UnavailableError(f"it compares with x86 under Linux, not {platform.machine()}")
    return build(folder, SOURCE)


def computed(
    path: Path, threads: tuple[str, ...], environment: Environment | None = None
) -> dict[str, np.ndarray]:
    """Return all results by name, computed by another process."""
    command = [str(HERE / "compute.py"), str(path), *threads]
    variables = {"PYTHONPATH": str(SOURCE / "src"), "CHAINRULE_CACHE": ""}
    if environment is None:
        subprocess.run([sys.executable, *command], env={**os.environ, **variables}, check=True)
    else:
        variables["PYTHONPATH"] += f":{environment.packages}"
        environment.run(*command, timeout=LONGEST, **variables)
    with np.load(path) as arrays:
        return dict(arrays)


def compared(
    expected: dict[str, np.ndarray], found: dict[str, np.ndarray]
) -> tuple[list[str], int]:
    """Return what is wrong, a line for each result, and how many numbers are at the edge."""
    problems, close = [], 0
    for name, array in found.items():
        training, with_threads, number = name.partition("; ")
        right = expected[f"{training}; 1" if with_threads else name]
        if right.shape != array.shape:
            problems.append(f"{name}: expected shape {right.shape}, got {array.shape}")
            continue
        different = right.view(f"u{right.itemsize}") != array.view(f"u{array.itemsize}")
        edge = different & at_the_edge(right, array)
        close += int(edge.sum())
        wrong = different & ~edge & ~(_is_nan(right) & _is_nan(array))
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            threads = f" on {number} threads" if with_threads else ""
            problems.append(
                f"{training}{threads}: {wrong.sum()} of {wrong.size} numbers, the first at {at}: "
                f"expected {_numbers(right)[at]!r}, got {_numbers(array)[at]!r}"
            )
    return problems, close


def at_the_edge(right: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return where both are too small to be normal, or the smallest normal number and 0."""
    x, y = _numbers(right), _numbers(found)
    if x.dtype.kind != "f":
        return np.zeros(x.shape, bool)
    tiny = np.finfo(x.dtype).tiny
    rounded = (np.abs(x) == tiny) & (y == 0)
    return ((np.abs(x) < tiny) & (np.abs(y) < tiny) | rounded) & (np.signbit(x) == np.signbit(y))


def _is_nan(values: np.ndarray) -> np.ndarray:
    return np.isnan(_numbers(values))


def _numbers(values: np.ndarray) -> np.ndarray:
    """Return numbers of a float type; those of bfloat16 come as their bits."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32) if values.dtype == np.float16 else values


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
