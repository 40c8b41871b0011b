"""Average pooling."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.functions.base import Multilinear
from chainrule.functions.sliding import (
    padding_constants,
    pooled_pixel,
    pooled_shape,
    pooled_sizes,
    window_axes,
)
from chainrule.types import Shape


@dataclass(frozen=True)
class AvgPool2d(Multilinear):
    """Average pooling: the mean of each window.

    Definition: Y[n,c,i,j] = 1/(u·v) X[n,c,s*i+u-p,s*j+v-p]
    Shapes: X (n, c, h, w) -> Y (n, c, i, j)
    Jacobian: ∂Y[n,c,i,j]/∂X[n,c,s*i+u-p,s*j+v-p] = 1/(u·v), elsewhere 0
    Backprop: dX[n,c,s*i+u-p,s*j+v-p] = 1/(u·v) dY[n,c,i,j]
    Numerics: padding is zeros that count in the mean
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998

    Parameters
    ----------
    size : int or (int, int), default=2
        Height and width of the window.
    stride : int or (int, int) or None, default=None
        Steps between windows; None takes the size, so that windows do not overlap.
    padding : {"valid", "same"}, int or (int, int), default="valid"
        Zeros around the image: "valid", "same", or how many.
    """

    size: int | tuple[int, int] = 2
    stride: int | tuple[int, int] | None = None
    padding: str | int | tuple[int, int] = "valid"

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        window_axes(self)

    def text(self) -> str:
        """Return the line that defines the layer."""
        rows, columns = window_axes(self)
        return f"Y[n,c,i,j] = 1/{rows.size * columns.size} {pooled_pixel(self)}"

    def constants(self, input_shape: Shape | None) -> dict[str, int]:
        """Return the padding before each axis."""
        return {"p": 1, "q": 1} if input_shape is None else padding_constants(self, input_shape)

    def sizes(self, input_shape: Shape) -> dict[str, int]:
        """Return the sizes of the window and of the output."""
        return pooled_sizes(self, input_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (c, i, j)."""
        self._check_rank(input_shape, "channels, height, width")
        return pooled_shape(self, input_shape)
