"""Standard input as the file of a table."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chainrule.data import DataError

__all__ = ["STANDARD_INPUT", "file_of"]

STANDARD_INPUT = "-"
"""What stands for it among arguments."""

NAME = "standard input"


@contextmanager
def file_of(argument: str) -> Iterator[str]:
    """Give the file that an argument names; standard input is one, as long as it is read.

    Raises
    ------
    DataError
        Standard input is a terminal, on which nobody types a table.
    """
    if argument != STANDARD_INPUT:
        yield argument
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("-: expected a table on standard input, got a terminal")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, NAME)
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield str(path)
        except DataError as error:
            raise DataError(str(error).replace(str(path), NAME)) from None
