"""The error of model files, and what becomes one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ModelFileError", "named_errors"]


class ModelFileError(ValueError):
    """A model file that cannot be written or read; the message names the file and the reason."""


@contextmanager
def named_errors(path: Path, action: str) -> Iterator[None]:
    """Turn what goes wrong with a file into one error that names it.

    Raises
    ------
    ModelFileError
        An OSError or a ValueError came up.
    """
    try:
        yield
    except ModelFileError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelFileError(f"{path}: cannot be {action}: {reason}") from error
    except ValueError as error:
        raise ModelFileError(f"{path}: {error}") from None
