"""Arrays in JSON: their bytes, little-endian, in base64."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.inputs.texts.ngrams import Keys

__all__ = ["packed", "packed_numbers", "unpacked", "unpacked_keys", "unpacked_numbers"]


def packed(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode("ascii")


def packed_numbers(numbers: NDArray[Any], kind: str) -> str:
    """Return an array as text, its numbers of a type such as "<u8"."""
    return packed(numbers.astype(kind).tobytes())


def unpacked(value: object, name: str) -> bytes:
    """Return the bytes in a text; ValueError, which names the entry, if there are none."""
    where = f"inputs.{name}"
    if type(value) is not str:
        raise ValueError(f"{where}: expected bytes in base64, got {type(value).__name__}")
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError(f"{where}: expected bytes in base64") from None


def unpacked_numbers(value: object, name: str, kind: str) -> NDArray[Any]:
    """Return the array in a text; ValueError, which names the entry, if there is none."""
    data = unpacked(value, name)
    if len(data) % np.dtype(kind).itemsize:
        raise ValueError(f"inputs.{name}: expected whole numbers, got {len(data)} bytes")
    return np.frombuffer(data, kind)


def unpacked_keys(value: object, name: str) -> Keys:
    """Return numbers that rise; ValueError, which names the entry, if they do not."""
    keys = unpacked_numbers(value, name, "<u8").astype(np.uint64)
    if (keys[1:] <= keys[:-1]).any():
        raise ValueError(f"inputs.{name}: expected numbers that rise")
    return keys
