"""All parameters of a chain in one flat buffer, with a named view for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from chainrule.types import Array, Shape

__all__ = ["Parameters"]


class Parameters(Mapping[str, Array]):
    """Arrays by name, all of them views into one flat buffer.

    An optimizer or a file sees ``flat`` (size,); a layer sees its views. Gradients have the same
    layout as the parameters they belong to.

    Parameters
    ----------
    shapes : mapping from str to tuple of int
        The shape of each array, in the order of the buffer.
    flat : ndarray of shape (size,), optional
        The buffer; zeros by default.
    dtype : dtype, default=float32
        The float type of the zeros.
    """

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        flat: Array | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.shapes = dict(shapes)
        size = sum(prod(shape) for shape in self.shapes.values())
        self.flat: Array = np.zeros(size, dtype=dtype) if flat is None else flat
        if self.flat.shape != (size,):
            raise ValueError(f"Parameters: expected {size} numbers, got shape {self.flat.shape}")
        self._views: dict[str, Array] = {}
        start = 0
        for name, shape in self.shapes.items():
            stop = start + prod(shape)
            self._views[name] = self.flat[start:stop].reshape(shape)
            start = stop

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, Shape], Array]]:
        """Return how a copy is made, whose views are of its own buffer."""
        return Parameters, (self.shapes, self.flat)

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {shape}" for name, shape in self.shapes.items())
        return f"Parameters({shapes}: {self.flat.size} x {self.flat.dtype})"

    @property
    def finite(self) -> bool:
        """Whether all numbers are finite; a mask as long as they are is not made for it."""
        least, most = self.flat.min(initial=0), self.flat.max(initial=0)
        return bool(np.isfinite(least) and np.isfinite(most))

    def empty_like(self) -> Parameters:
        """Return zeros in the same layout."""
        return Parameters(self.shapes, dtype=self.flat.dtype)

    def mask(self, names: Iterable[str]) -> Array:
        """Return a mask (size,) of the numbers of the arrays of some names."""
        mask: Array = np.zeros(self.flat.size, dtype=bool)
        views = Parameters(self.shapes, mask)
        for name in names:
            views[name][...] = True
        return mask

    def astype(self, dtype: DTypeLike) -> Parameters:
        """Return a copy in another float type."""
        return Parameters(self.shapes, self.flat.astype(dtype))
