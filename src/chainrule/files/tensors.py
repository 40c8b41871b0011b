"""The tensors of a file: declared by its text, in one order, with nothing between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from chainrule.types import Array, Shape

__all__ = ["MOST_TENSORS", "TYPES", "TensorLayout", "check_arrays", "header_entries", "in_order"]

TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U32": "<u4", "U64": "<u8", "U8": "|u1"}
"""What safetensors calls the types that a tensor may have, all little endian."""

NAME = re.compile(r"[a-z][A-Za-z0-9_.]{0,99}")
"""Names sort after those of the header's own keys, which so come first."""

MOST_TENSORS = 1000
MOST_AXES = 8
LARGEST = 2**48
"""The most numbers of a tensor, axes of length 0 left out: NumPy multiplies the others, too."""


@dataclass(frozen=True)
class TensorLayout:
    """A tensor without its numbers: nothing is allocated, however large it would be.

    Parameters
    ----------
    name : str
        Letters, digits, dots and underscores, the first a small letter: ``optimizer.mean``.
    dtype : dtype
        float32, float64, int64, uint32, uint64 or uint8.
    shape : tuple of int
        At most 8 axes; a number has none.
    finite : bool, default=False
        Whether NaN and infinity are refused.

    Raises
    ------
    ValueError
        One of them is something else.
    """

    name: str
    dtype: np.dtype[Any]
    shape: Shape
    finite: bool = False

    def __post_init__(self) -> None:
        """Check name, type and shape."""
        if not NAME.fullmatch(self.name):
            raise ValueError(
                f"expected a tensor's name such as 'optimizer.mean', got {self.name[:100]!a}"
            )
        object.__setattr__(self, "dtype", np.dtype(self.dtype).newbyteorder("="))
        if self.dtype.newbyteorder("<").str not in TYPES.values():
            names = ", ".join(np.dtype(each).name for each in TYPES.values())
            raise ValueError(f"{self.name}: expected one of {names} as type, got {self.dtype}")
        whole = len(self.shape) <= MOST_AXES and all(type(n) is int and n >= 0 for n in self.shape)
        if not whole or prod(n or 1 for n in self.shape) > LARGEST:
            raise ValueError(
                f"{self.name}: expected a shape of at most {MOST_AXES} axes and {LARGEST:,} "
                "numbers, got another"
            )

    @classmethod
    def of(cls, name: str, array: Array) -> TensorLayout:
        """Return the layout of an array, which may have NaN and infinity."""
        return cls(name, array.dtype, tuple(array.shape))

    @property
    def type_name(self) -> str:
        """What safetensors calls the type."""
        own = self.dtype.newbyteorder("<").str
        return next(name for name, each in TYPES.items() if each == own)

    @property
    def size(self) -> int:
        """How many bytes the numbers take."""
        return prod(self.shape) * self.dtype.itemsize

    def content(self, array: Array) -> memoryview:
        """Return an array's bytes as a file has them; ValueError if it is another tensor's."""
        if array.shape != self.shape or array.dtype.newbyteorder("=") != self.dtype:
            raise ValueError(
                f"cannot be saved: expected {self.name} of {self.dtype}, {self.shape}, got "
                f"{array.dtype}, {array.shape}"
            )
        if self.finite and not np.isfinite(array).all():
            raise ValueError(f"cannot be saved: the {self.name} have NaN or infinity among them")
        numbers = np.ascontiguousarray(array, dtype=self.dtype.newbyteorder("<"))
        return numbers.reshape(-1).view(np.uint8).data

    def allocate(self) -> tuple[Array, memoryview]:
        """Return an array for the numbers of a file, and its bytes."""
        flat = np.empty(prod(self.shape), self.dtype.newbyteorder("<"))
        return flat.reshape(self.shape), flat.view(np.uint8).data

    def read(self, array: Array) -> Array:
        """Return a file's numbers in the processor's own order of bytes, checked."""
        if self.finite and not np.isfinite(array).all():
            raise ValueError(f"expected finite {self.name}, got NaN or infinity among them")
        return array.astype(self.dtype, copy=False)


def in_order(tensors: Iterable[TensorLayout]) -> tuple[TensorLayout, ...]:
    """Return tensors as they stand in a file: by the size of an item, so that each is aligned.

    Raises
    ------
    ValueError
        There are too many, or two of one name.
    """
    ordered = tuple(sorted(tensors, key=lambda each: (-each.dtype.itemsize, each.name)))
    if len(ordered) > MOST_TENSORS:
        raise ValueError(f"expected at most {MOST_TENSORS:,} tensors, got {len(ordered):,}")
    names = [each.name for each in ordered]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"expected tensors of different names, got {twice} twice")
    return ordered


def header_entries(tensors: Sequence[TensorLayout]) -> dict[str, Any]:
    """Return what safetensors' header has of tensors that stand in this order."""
    entries, start = {}, 0
    for each in tensors:
        entries[each.name] = {
            "dtype": each.type_name,
            "shape": list(each.shape),
            "data_offsets": [start, start + each.size],
        }
        start += each.size
    return entries


def check_arrays(tensors: Sequence[TensorLayout], arrays: Mapping[str, Array]) -> None:
    """Raise ValueError unless there is an array for each tensor, and no other."""
    expected = sorted(each.name for each in tensors)
    if sorted(arrays) != expected:
        raise ValueError(f"cannot be saved: expected arrays {expected}, got {sorted(arrays)}")
