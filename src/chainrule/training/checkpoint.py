"""Checkpoints: a file from which a training goes on that was interrupted, with the same bits."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from chainrule.functions.fields import check_number
from chainrule.later import later, release
from chainrule.training.checkpoint_writer import CheckpointWriter, NotOursError
from chainrule.training.file_lock import LockedError, locked
from chainrule.training.identity import Identity, difference
from chainrule.training.snapshot import Reader, Snapshot, joined, separated
from chainrule.types import Array

__all__ = ["EVERY", "Checkpoint"]

EVERY = 60.0
"""Seconds from one checkpoint to the next, where nothing else is said."""

KIND = "checkpoint"
KEYS = ("chainrule", "about", "training", "notes", "snapshot")

Mark: TypeAlias = tuple[int, int, int, int]
"""By what a file is known: device, inode, time of its last change, and bytes."""


class Checkpoint:
    """A file that keeps a training as it is now and then, so that it can go on from there.

    Where the file is there already, training goes on from it, and ends with the same bits as one
    that was never interrupted. It is written while training goes on, and at the end: the training
    that is finished stays in it, and can go on for more epochs.

    Parameters
    ----------
    path : str or path
        Of the file, such as "run.safetensors".
    every : float, default=60
        Seconds from one to the next, at least: however large a network is, copying and writing
        checkpoints take at most 1 % of the time.

    Raises
    ------
    ValueError
        No file can be there.
    TypeError
        The path is neither text nor path.
    """

    def __init__(self, path: str | os.PathLike[str], every: float = EVERY) -> None:
        self.path, self.every = _as_path(path), every
        check_number(self, "every", low=0.0)
        self._file = Path(os.path.abspath(self.path))  # wherever the program goes meanwhile
        self.about: Identity = {}
        self.notes: Snapshot = {}
        self._snapshot: Snapshot | None = None
        self._there: dict[str, Identity] = {}
        self._release = release()
        self._known: Mark | None = None
        self.again = "the same training"
        _check_place(self.path)

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every:g})"

    @property
    def found(self) -> bool:
        """Whether there is a file that has been read, and not yet been used."""
        return self._snapshot is not None

    def read(self) -> None:
        """Read the file, if there is one; the ``notes`` are then those in it.

        Raises
        ------
        ModelFileError
            It is another kind of file, cut off, damaged, or of another release of chainrule.
        """
        if self.found or not self._file.exists():
            return
        self._known = mark_of(self._file)
        with self._named_as_given():
            document, arrays = later("files.documents").read_document(self._file, KIND)
        try:
            self._take(Reader(joined(document, arrays)))
        except ValueError as error:
            raise self.error(f"is not as chainrule writes it: {error}") from None
        if self._release != release():
            raise self.error(
                f"is of chainrule {self._release[:40]}, which finishes it; this is {release()}"
            )

    def _take(self, reader: Reader) -> None:
        """Take apart what the file has."""
        reader.expect(*KEYS)
        self._release = reader.text("chainrule")
        for name in ("about", "training"):
            texts = reader.part(name)
            self._there[name] = {part: texts.text(part) for part in texts.values}
        self.notes = reader.part("notes").values
        self._snapshot = reader.part("snapshot").values

    def compare(self, what: str, here: Identity, *, whole: bool = True) -> None:
        """Raise ValueError, which names the difference, if the file is of another training.

        Parameters
        ----------
        what : {"about", "training"}
            Which parts: those that the caller says of itself, or those of the training.
        here : dict
            The parts of the training that is to go on, as `identity` describes them.
        whole : bool, default=True
            Whether these are all parts; else others are not looked at yet.
        """
        there = self._there.get(what, here)
        if not whole and there.keys() > here.keys():
            there = {name: there[name] for name in here}
        if told := difference(there, here):
            raise self.error(
                f"is of another training: {told}. Delete it, or name another file, to begin anew"
            )

    def restore(self, identity: Callable[[], Identity], run: Any) -> bool:
        """Let a run go on from the file that was read, if there was one.

        Parameters
        ----------
        identity : callable
            Returns what the training is.
        run : Changing
            What goes on.

        Returns
        -------
        restored : bool
            Whether there was a file.

        Raises
        ------
        ValueError
            The file is of another training, or is not as chainrule writes it.
        """
        self.read()
        if self._snapshot is None:
            return False
        self.compare("about", self.said())
        self.compare("training", identity())
        try:
            run.restore(Reader(self._snapshot))
        except ValueError as error:
            raise self.error(f"does not go on here: {error}") from error
        self._snapshot = None
        return True

    def said(self) -> Identity:
        """Return what the caller says of itself, part by part."""
        return self.about

    def writer(self, identity: Callable[[], Identity]) -> CheckpointWriter:
        """Return what writes the file while a training of this identity runs."""

        def write(snapshot: Snapshot) -> None:
            self._check_ours()
            document, arrays = separated(
                {
                    "chainrule": release(),
                    "about": self.said(),
                    "training": identity(),
                    "notes": self.notes,
                    "snapshot": snapshot,
                }
            )
            self._replace(document, arrays)

        return CheckpointWriter(write, self.every, self.goes_on, self.alone)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Return a context in which no other process writes the file; ValueError if one did."""
        try:
            lock = ExitStack()
            lock.enter_context(locked(self._file))
        except LockedError as error:
            raise self.error(f"is being written by another training, {error}") from None
        with lock:
            if not self._ours():
                raise self.error("has been changed by another training since this one began")
            yield

    def goes_on(self) -> str:
        """Return how to go on from the file, nothing where it is not there."""
        return f"{self.again} goes on from {self.path}" if self._file.exists() else ""

    def remove(self) -> None:
        """Remove the file, if it is the one that this training has read or written."""
        if self._ours():
            self._file.unlink(missing_ok=True)

    def _ours(self) -> bool:
        return mark_of(self._file) in (None, self._known)

    def _check_ours(self) -> None:
        """Raise NotOursError if the file is one that this training has neither read nor written."""
        if not self._ours():
            raise NotOursError(
                f"{self.path} is no longer the one that this training wrote; it stays as it is, "
                "and no more are written"
            )

    def _replace(self, document: Snapshot, arrays: dict[str, Array]) -> None:
        """Write the file, unless another has come there meanwhile."""
        mark: Mark | None = None

        def ready(written: Path) -> None:
            nonlocal mark
            self._check_ours()
            mark = mark_of(written)

        try:
            with self._named_as_given():
                later("files.documents").write_document(self._file, KIND, document, arrays, ready)
        except ValueError:
            self._check_ours()
            raise
        self._known = mark

    @contextmanager
    def _named_as_given(self) -> Iterator[None]:
        """Name the file in errors as the caller does."""
        try:
            yield
        except ValueError as error:
            raise type(error)(str(error).replace(str(self._file), str(self.path))) from None

    def error(self, what: str) -> ValueError:
        """Return an error that says what of the file is wrong."""
        return ValueError(f"checkpoint {self.path} {what}")


def mark_of(file: Path) -> Mark | None:
    """Return by what the file is known that is there now, None if there is none."""
    try:
        now = file.stat()
    except FileNotFoundError:
        return None
    return now.st_dev, now.st_ino, now.st_mtime_ns, now.st_size


def _as_path(given: Any) -> Path:
    """Return the path that is given; TypeError or ValueError for what is none."""
    if not isinstance(given, str | os.PathLike) or not isinstance(os.fspath(given), str):
        raise TypeError(f"checkpoint: expected the name of a file, got {given!r}")
    if "\0" in os.fspath(given):
        raise ValueError(f"checkpoint: expected the name of a file, got {os.fspath(given)!r:.100}")
    return Path(given)


def _check_place(path: Path) -> None:
    """Raise ValueError where no file can be written."""
    try:
        _check_kind(path)
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            missing = f"{folder}, to which {path} leads" if path.is_symlink() else path.parent
            raise ValueError(f"checkpoint: there is no folder {missing}")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(
            f"checkpoint: no file can be made at {str(path)[:100]}: {error.strerror}"
        ) from None


def _check_kind(path: Path) -> None:
    """Raise ValueError where something else is than a file; OSError for a name that none has."""
    with suppress(FileNotFoundError):
        path.stat()
    if path.is_dir():
        raise ValueError(f"checkpoint: expected the name of a file, got the folder {path}")
    if path.exists() and not path.is_file():
        raise ValueError(f"checkpoint: expected the name of a file, {path} is a device or pipe")
