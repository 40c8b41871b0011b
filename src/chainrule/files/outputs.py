"""Files that users name for what is made for them: errors name that path, and the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chainrule.files.atomic import Content, replace_file

__all__ = ["check_output", "write_output"]


def check_output(path: Path) -> None:
    """Raise ValueError where no file can be, before any work is done for it."""
    with _named(path):
        if path.is_dir():
            raise ValueError(f"{path}: cannot be written: it is a folder")
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: cannot be written: it is a device or pipe")
        if not path.parent.is_dir():
            raise ValueError(f"{path}: cannot be written: its folder does not exist")


def write_output(path: Path, parts: Iterable[Content]) -> None:
    """Write a file that is whole at any moment: what was there, or all of the parts.

    Raises
    ------
    ValueError
        It cannot be written; the message names the path and the operating system's reason.
    """
    check_output(path)
    with _named(path):
        replace_file(path, parts)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn an OSError into a ValueError that names the user's path, not a file beside it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"{path}: cannot be written: {reason}") from error
