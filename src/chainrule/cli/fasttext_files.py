"""Files, pipes and threads of the commands of fastText."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from chainrule.cli.printing import printing
from chainrule.fasttext.arriving import ArrivingLines

STANDARD_INPUT = "-"

BROKEN_PIPE = 141
"""The exit status that a shell gives a program whose reader has gone."""


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for ``-``, for bytes as they come.

    Raises
    ------
    ValueError
        The file cannot be read.
    """
    if path == STANDARD_INPUT:
        buffered: Any = sys.stdin.buffer
        yield getattr(buffered, "raw", buffered)
        return
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    with file:
        yield file


@contextmanager
def lines_of(path: str) -> Iterator[ArrivingLines]:
    """Open a file, or standard input for ``-``, for lines as they come."""
    with opened(path) as file:
        yield ArrivingLines(file)


def print_bytes(parts: Iterable[bytes]) -> None:
    """Print results as they are, each part at once; a stream of text, in a notebook, takes text."""
    out = getattr(sys.stdout, "buffer", None)
    for part in parts:
        with printing():
            if out is not None:
                out.write(part)
                out.flush()
            else:
                sys.stdout.write(part.decode(errors="replace"))


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """End the process without a word once nobody reads what it prints."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE) from None


def check_writable(*paths: Path) -> None:
    """Raise ValueError where a file cannot be, before any work is done."""
    for path in paths:
        if not path.parent.is_dir():
            raise ValueError(f"-output: there is no folder {path.parent}")
        if path.exists() and not path.is_file():
            raise ValueError(f"-output: {path} is a folder, device or pipe; a file was expected")


def check_threads(thread: int | None) -> None:
    """Raise ValueError unless there is a number of threads, or none is said."""
    if thread is not None and thread < 1:
        raise ValueError(f"-thread: expected 1 or more, got {thread}")
