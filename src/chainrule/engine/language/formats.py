"""How numbers are stored, and what they are computed in: two types, which may differ.

Kernels load and store numbers of the storage type, and compute with those of the compute type:
a load widens, a store rounds to the nearest, to even where two are as near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from chainrule.engine.machine.memory import VECTOR

STORAGE: dict[str, np.dtype[Any]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(np.uint16),  # NumPy has no such type: the upper half of a float32's bits
}
"""Types that numbers are stored in, and NumPy's for their arrays."""

COMPUTE = {"float64": ir.DoubleType(), "float32": ir.FloatType()}


@dataclass(frozen=True)
class Format:
    """A storage type and a compute type, such as float32 arithmetic on bfloat16 storage.

    Parameters
    ----------
    storage, compute : str
        Names of types: those of `STORAGE`, and of `COMPUTE`.

    Raises
    ------
    TypeError
        There is no such type, or the compute type is the narrower one.
    """

    storage: str
    compute: str

    def __post_init__(self) -> None:
        for name, known in ((self.storage, STORAGE), (self.compute, COMPUTE)):
            if name not in known:
                raise TypeError(f"Format: expected a type in {', '.join(known)}, got {name}")
        if self.item > self.compute_dtype.itemsize:
            raise TypeError(
                f"Format: expected compute as wide as {self.storage}, got {self.compute}"
            )

    @classmethod
    def of(cls, dtype: Any) -> Format:
        """Return a format as it is, or the one that stores and computes in a NumPy type."""
        return dtype if isinstance(dtype, Format) else cls(*[np.dtype(dtype).name] * 2)

    def __str__(self) -> str:
        return self.storage if self.uniform else f"{self.compute}_on_{self.storage}"

    @property
    def uniform(self) -> bool:
        """Whether both types are the same."""
        return self.storage == self.compute

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of arrays in memory."""
        return STORAGE[self.storage]

    @property
    def compute_dtype(self) -> np.dtype[Any]:
        """NumPy's type of the numbers that are computed with."""
        return np.dtype(self.compute)

    @property
    def item(self) -> int:
        """Bytes of a number in memory."""
        return self.dtype.itemsize

    @property
    def lanes(self) -> int:
        """Numbers in a vector: 64 bytes of memory."""
        return VECTOR // self.item
