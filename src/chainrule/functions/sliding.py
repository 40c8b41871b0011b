"""Windows that slide over the two axes of an image: their arithmetic, for every such layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.functions.fields import pair


@dataclass(frozen=True)
class Axis:
    """How a window slides along one axis; padding None means "same"."""

    size: int
    stride: int
    dilation: int
    padding: int | None

    @property
    def span(self) -> int:
        """How many elements the window reaches over."""
        return self.dilation * (self.size - 1) + 1

    def length(self, size: int, function: Any) -> int:
        """Return how many windows fit into an axis of a size; ValueError if none does."""
        if self.padding is None:
            return -(-size // self.stride)
        room = size + 2 * self.padding - self.span
        if room < 0:
            padded = f" padded by {self.padding} at both ends" if self.padding else ""
            raise ValueError(
                f"{function}: expected images of at least {self.span - 2 * self.padding} rows and "
                f"columns for a window of {self.span}{padded}, got {size}"
            )
        return room // self.stride + 1

    def before(self, size: int) -> int:
        """Return how many zeros stand before an axis of a size."""
        if self.padding is not None:
            return self.padding
        windows = -(-size // self.stride)
        return max(0, (windows - 1) * self.stride + self.span - size) // 2


def window_axes(function: Any) -> tuple[Axis, Axis]:
    """Return how a layer's window slides vertically and horizontally, its fields checked."""
    sizes = pair(function, "size", low=1)
    stride = "size" if getattr(function, "stride", None) is None else "stride"
    strides = pair(function, stride, low=1)
    dilations = pair(function, "dilation", low=1) if hasattr(function, "dilation") else (1, 1)
    paddings: tuple[int | None, int | None]
    if isinstance(function.padding, str):
        if function.padding not in ("valid", "same"):
            raise ValueError(
                f"{type(function).__name__}: expected padding to be 'valid', 'same', a whole "
                f"number or two, got {function.padding!r}"
            )
        paddings = (0, 0) if function.padding == "valid" else (None, None)
    else:
        paddings = pair(function, "padding")
    vertical, horizontal = zip(sizes, strides, dilations, paddings, strict=True)
    return Axis(*vertical), Axis(*horizontal)


def affine(s: int, i: str, d: int, u: str, padding: int | None, name: str) -> str:
    """Return the index ``s*i+d*u-p`` with what changes nothing left out."""
    window = (f"{s}*{i}" if s > 1 else i) + "+" + (f"{d}*{u}" if d > 1 else u)
    if padding is None:
        return f"{window}-{name}"
    return f"{window}-{padding}" if padding else window


def padding_constants(function: Any, input_shape: tuple[int, ...]) -> dict[str, int]:
    """Return p and q, how many numbers stand before each axis of an image."""
    rows, columns = window_axes(function)
    return {"p": rows.before(input_shape[1]), "q": columns.before(input_shape[2])}


def pooled_pixel(function: Any) -> str:
    """Return which numbers of X are in the window of Y[n,c,i,j]: ``X[n,c,2*i+u-1,2*j+v-1]``."""
    rows, columns = window_axes(function)
    row = affine(rows.stride, "i", 1, "u", rows.padding, "p")
    column = affine(columns.stride, "j", 1, "v", columns.padding, "q")
    return f"X[n,c,{row},{column}]"


def pooled_sizes(function: Any, input_shape: tuple[int, ...]) -> dict[str, int]:
    """Return the sizes of the window, u and v, and of the output, i and j."""
    _, height, width = pooled_shape(function, input_shape)
    rows, columns = window_axes(function)
    return {"i": height, "j": width, "u": rows.size, "v": columns.size}


def pooled_shape(function: Any, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape (c, i, j) that a window of its own for each channel makes."""
    axes = window_axes(function)
    lengths = (axis.length(n, function) for axis, n in zip(axes, input_shape[1:], strict=True))
    return (input_shape[0], *lengths)
