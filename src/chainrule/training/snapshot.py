"""What of an object changes while training goes on, so that it can go on from there later.

A snapshot is a dictionary by names: numbers, flags, texts, None, arrays, and snapshots of parts. In
a file its arrays stand apart from the rest, which is JSON: each by its path, as "average.flat".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from chainrule import strict_json
from chainrule.types import Array

__all__ = [
    "Changing",
    "Reader",
    "Snapshot",
    "check_changing",
    "joined",
    "numbers_of",
    "separated",
    "snapshot_of",
]

Snapshot: TypeAlias = dict[str, Any]

LARGEST = 2**62


@runtime_checkable
class Changing(Protocol):
    """An object of which something changes in training."""

    def snapshot(self) -> Snapshot:
        """Return all that changes; its arrays stay as they are now."""

    def restore(self, reader: Reader) -> None:
        """Take back what :meth:`snapshot` returned; ValueError for what it never returns."""


def snapshot_of(part: object) -> Snapshot:
    """Return the snapshot of a part; of one of which nothing changes, an empty one."""
    return part.snapshot() if isinstance(part, Changing) else {}


class Reader:
    """A snapshot that is read back; it may be a stranger's, so all is checked.

    Parameters
    ----------
    values : dict
        The snapshot.
    where : str
        Its place, for errors.
    """

    def __init__(self, values: object, where: str = "checkpoint") -> None:
        if type(values) is not dict:
            raise ValueError(f"{where}: expected an object, got {type(values).__name__}")
        self.values, self.where = values, where

    def expect(self, *names: str) -> None:
        """Raise ValueError unless these are the names of all values."""
        strict_json.record(self.values, self.where, names)

    def part(self, name: str) -> Reader:
        """Return the reader of the snapshot of a part."""
        return Reader(self._value(name), f"{self.where}.{name}")

    def restore(self, name: str, part: object) -> None:
        """Restore a part, if anything of it changes; else there must be nothing."""
        reader = self.part(name)
        if isinstance(part, Changing):
            part.restore(reader)
        else:
            reader.expect()

    def has(self, name: str) -> bool:
        """Return whether a value is not None."""
        return self._value(name) is not None

    def number(self, name: str) -> float:
        """Return a number, be it infinite or NaN."""
        value = self._value(name)
        if type(value) not in (float, int):
            raise self._wrong(name, "a number", value)
        return float(value)

    def whole(self, name: str, most: int = LARGEST) -> int:
        """Return a whole number from 0 on."""
        return strict_json.whole(self._value(name), f"{self.where}.{name}", 0, most)

    def flag(self, name: str) -> bool:
        """Return True or False."""
        return strict_json.flag(self._value(name), f"{self.where}.{name}")

    def text(self, name: str) -> str:
        """Return a text."""
        return strict_json.text(self._value(name), f"{self.where}.{name}", least=0)

    def array(self, name: str, dtype: Any, shape: tuple[int | None, ...] = (None,)) -> Array:
        """Return an array of a type and a shape, None being any length."""
        array, expected = self._value(name), np.dtype(dtype)
        if not isinstance(array, np.ndarray) or array.dtype != expected:
            raise self._wrong(name, f"an array of {expected}", array)
        fits = len(array.shape) == len(shape) and all(
            size in (None, own) for size, own in zip(shape, array.shape, strict=True)
        )
        if not fits:
            raise self._wrong(name, f"the shape {shape}", array)
        return array

    def numbers(self, name: str) -> list[float]:
        """Return a list of numbers."""
        return [float(each) for each in self.array(name, np.float64)]

    def _value(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise ValueError(f"{self.where}: expected {name!r}, which it lacks") from None

    def _wrong(self, name: str, expected: str, value: Any) -> ValueError:
        is_array = isinstance(value, np.ndarray)
        received = f"{value.dtype} of shape {value.shape}" if is_array else repr(value)[:60]
        return ValueError(f"{self.where}.{name}: expected {expected}, got {received}")


def numbers_of(values: Iterable[float]) -> Array:
    """Return a list of numbers as a snapshot has them."""
    return np.array(list(values), dtype=np.float64)


def separated(snapshot: Snapshot, path: str = "") -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the JSON of a snapshot, and its arrays by their paths.

    A number that is not finite is {"number": "inf"}, an array's place has {"array": …}, its type
    and shape.
    """
    document: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name, value in snapshot.items():
        if isinstance(value, dict):
            inner, more = separated(value, f"{path}{name}.")
            document[name] = {"part": inner}
            arrays |= more
        elif isinstance(value, np.ndarray):
            document[name] = {"array": [value.dtype.name, *value.shape]}
            arrays[path + name] = value
        elif isinstance(value, float) and not math.isfinite(value):
            document[name] = {"number": repr(float(value))}
        else:
            document[name] = value
    return document, arrays


def joined(document: object, arrays: Mapping[str, Array], path: str = "") -> Snapshot:
    """Return the snapshot of which :func:`separated` made JSON and arrays."""
    if type(document) is not dict:
        raise ValueError(f"checkpoint: expected an object, got {type(document).__name__}")
    snapshot: Snapshot = {}
    for name, value in document.items():
        if type(value) is not dict:
            snapshot[name] = value
        elif list(value) == ["part"]:
            snapshot[name] = joined(value["part"], arrays, f"{path}{name}.")
        elif list(value) == ["array"] and path + name in arrays:
            snapshot[name] = arrays[path + name]
        elif list(value) == ["number"] and value["number"] in ("inf", "-inf", "nan"):
            snapshot[name] = float(value["number"])
        else:
            raise ValueError(f"checkpoint.{path}{name}: expected a value, got {str(value)[:60]}")
    return snapshot


def check_changing(name: str, part: object) -> None:
    """Raise TypeError for a part that changes in training and does not say how."""
    if not isinstance(part, Changing):
        raise TypeError(
            f"train: expected a {name} with snapshot() and restore(reader) for a checkpoint, got "
            f"{part!r}"
        )
