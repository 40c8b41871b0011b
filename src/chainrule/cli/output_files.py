"""Where results are written: refused before any work is done if nothing can or should be there."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterable
from itertools import chain, count
from os import W_OK, access
from pathlib import Path

from chainrule.data import BUILTIN, STANDARD_INPUT
from chainrule.files.container import MODEL, kind_of_file
from chainrule.files.names import wrong_ending
from chainrule.files.outputs import write_output

NO_TEXT = {".parquet", ".feather", ".xls", ".xlsx", ".xlsm", ".ods", ".gz", ".bz2", ".xz", ".zst"}
"""Names of files that other programs expect no plain text in."""


def default_model_path(data: str) -> Path:
    """Return where a model of some data goes: houses.2024.csv.gz gives houses.2024.safetensors."""
    if data == STANDARD_INPUT:
        return Path("model.safetensors")
    path = Path(data)
    name = path.name if path.name not in ("", "..") else path.resolve().name
    if data not in BUILTIN and not path.is_dir():
        name = Path(name.removesuffix(".gz")).stem
    return Path(f"{name or 'model'}.safetensors")


def free_path(path: Path) -> Path:
    """Return a path at which nothing is that would be lost: x.st, or x-2.st, x-3.st and so on."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(each for each in chain([path], names) if not each.exists() or _is_empty(each))


def check_model_path(path: Path, *inputs: str | Path, force: bool) -> None:
    """Raise ValueError where no model can be saved, or where another file would be lost.

    With ``force`` a model may be.
    """
    if wrong := wrong_ending(path):
        raise ValueError(f"--output: {wrong}")
    mode = _check(path, inputs)
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        raise ValueError(f"--output: {path} is a device or pipe; a file's name was expected")
    if path.stat().st_size and kind_of_file(path) != MODEL:
        raise ValueError(
            f"--output: {path} is there already and is no model; another name was expected"
        )
    _check_new(path, mode, force)


def check_text_path(path: Path, *inputs: str | Path, force: bool, option: str = "--output") -> None:
    """Raise ValueError where no text can be written, or where another file would be lost.

    With ``force`` all may be but the inputs. Messages begin with the option that names the path.
    """
    _check_new(path, _check(path, inputs, option), force, option)


def check_predictions_path(path: Path, *inputs: str | Path, force: bool) -> None:
    """Raise ValueError where no text can be written, or its name is that of another kind of file.

    With ``force`` all may be overwritten but the inputs.
    """
    if path.suffix.lower() in NO_TEXT:
        raise ValueError(
            f"--output: predictions are written as plain text, as in predictions.csv; "
            f"a file's name that ends otherwise than in {path.suffix} was expected"
        )
    check_text_path(path, *inputs, force=force)


def write_text(path: Path, text: str) -> None:
    """Write a text file that is whole at any moment; a pipe or device just gets the text."""
    write_texts(path, [text])


def write_texts(path: Path, texts: Iterable[str]) -> None:
    """Write texts, one after the other, as a file that is whole at any moment."""
    _write(path, (text.encode(errors="surrogateescape") for text in texts))  # any files' names


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that is whole at any moment; a pipe or device just gets the content."""
    _write(path, [content])


def _write(path: Path, parts: Iterable[bytes]) -> None:
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(parts)
    else:
        write_output(path, parts)


def _check(path: Path, inputs: tuple[str | Path, ...], option: str = "--output") -> int | None:
    """Return the mode of the file that is there, if one is."""
    mode = _mode(path, option)
    if mode is not None and stat.S_ISDIR(mode):
        raise ValueError(f"{option}: {path} is a folder; a file's name was expected")
    if not path.parent.is_dir():
        raise ValueError(f"{option}: there is no folder {path.parent}")
    if mode is None or stat.S_ISREG(mode):
        _check_writable(path, mode, option)
    if mode is not None:
        for read in map(Path, inputs):
            if read.exists() and path.samefile(read):
                raise ValueError(f"{option}: {path} is to be read; another name was expected")
    return mode


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _check_new(path: Path, mode: int | None, force: bool, option: str = "--output") -> None:
    if mode is not None and stat.S_ISREG(mode) and not (_is_empty(path) or force):
        raise ValueError(
            f"{option}: {path} is there already; --force overwrites it, {option} NAME "
            "writes another file"
        )


def _mode(path: Path, option: str) -> int | None:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError(f"{option}: {path}: {error.strerror}") from None


def _check_writable(path: Path, mode: int | None, option: str) -> None:
    if mode is not None and not access(path, W_OK):
        raise ValueError(f"{option}: {path} is write-protected")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(
            f"{option}: no file can be made in {path.parent.resolve()}: {error.strerror}"
        ) from None
