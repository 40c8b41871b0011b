"""Maximum pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.functions.base import ExplicitFunction, Gradients, Parameters, RandomKey
from chainrule.functions.sliding import pooled_shape, window_axes
from chainrule.types import Array, Shape


@dataclass(frozen=True)
class MaxPool2d(ExplicitFunction):
    """Maximum pooling: the largest number of each window.

    Definition: Y[n,c,i,j] = max over (u,v) of X[n,c,s*i+u-p,s*j+v-p]
    Shapes: X (n, c, h, w) -> Y (n, c, i, j)
    Jacobian: ∂Y[n,c,i,j]/∂X[n,c,s*i+u-p,s*j+v-p] = 1 at the window's maximum, else 0
    Backprop: dX[n,c,s*i+u-p,s*j+v-p] = dY[n,c,i,j] where (u,v) is the window's maximum
    At kinks: of several equal maxima the first takes the whole gradient, row by row
    Numerics: padding is −∞, and never wins: where all of X in a window is −∞, too, its first pixel
        does; windows that would run over the edge are left out
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998 (pooling
        by averages); Ranzato et al., 2007 (by the maximum)

    Parameters
    ----------
    size : int or (int, int), default=2
        Height and width of the window.
    stride : int or (int, int) or None, default=None
        Steps between windows; None takes the size, so that windows do not overlap.
    padding : {"valid", "same"}, int or (int, int), default="valid"
        −∞ around the image: "valid", "same", or how many, less than the size.
    """

    size: int | tuple[int, int] = 2
    stride: int | tuple[int, int] | None = None
    padding: str | int | tuple[int, int] = "valid"

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        for axis in window_axes(self):
            if axis.padding is not None and axis.padding >= axis.size:
                raise ValueError(
                    f"MaxPool2d: expected a padding below the size {axis.size}, so that each "
                    f"window holds a pixel, got {axis.padding}"
                )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (c, i, j)."""
        self._check_rank(input_shape, "channels, height, width")
        return pooled_shape(self, input_shape)

    def _padded(self, X: Array) -> tuple[Array, tuple[int, int]]:
        """Return X with −∞ around it as far as windows reach, and where X starts in it."""
        axes = window_axes(self)
        widths = [(0, 0), (0, 0)]
        lengths = self.output_shape(X.shape[1:])[1:]
        for axis, windows, size in zip(axes, lengths, X.shape[2:], strict=True):
            before = axis.before(size)
            after = max(0, (windows - 1) * axis.stride + axis.span - size - before)
            widths.append((before, after))
        return np.pad(X, widths, constant_values=-np.inf), (widths[2][0], widths[3][0])

    def _taps(self, X: Array) -> Array:
        """Return the numbers of each window (n, c, i, j, taps), −∞ outside X."""
        rows, columns = window_axes(self)
        padded, _ = self._padded(X)
        _, height, width = self.output_shape(X.shape[1:])
        windows = np.lib.stride_tricks.sliding_window_view(
            padded, (rows.size, columns.size), axis=(2, 3)
        )[:, :, :: rows.stride, :: columns.stride][:, :, :height, :width]
        return windows.reshape(*windows.shape[:4], rows.size * columns.size)

    def forward(self, X: Array, parameters: Parameters, key: RandomKey | None = None) -> Array:
        """Return Y (n, c, i, j)."""
        return np.asarray(self._taps(X).max(axis=-1))

    def _winners(self, X: Array) -> Array:
        """Return the tap of each window's first maximum, (n, c, i, j), never of the padding."""
        taps = self._taps(X)
        first_inside = self._taps(np.zeros((1, 1, *X.shape[2:]))).argmax(axis=-1)
        lost = taps.max(axis=-1) == -np.inf
        return np.asarray(np.where(lost, first_inside, taps.argmax(axis=-1)))

    def mask(self, X: Array, key: RandomKey | None = None) -> Array:
        """Return M (n, c, i, j, u, v): 1 at each window's first maximum, else 0."""
        rows, columns = window_axes(self)
        taps = np.arange(rows.size * columns.size).reshape(rows.size, columns.size)
        return np.asarray(self._winners(X)[..., None, None] == taps, dtype=X.dtype)

    def jacobian(
        self, X: Array, parameters: Parameters, by: str = "X", key: RandomKey | None = None
    ) -> Array:
        """Return (n, c, i, j, c, h, w): 1 where the input is the maximum of the window."""
        rows, columns = window_axes(self)
        _, (top, left) = self._padded(X)
        winners = self._winners(X)
        n, c, i, j = np.indices(winners.shape)
        J = np.zeros(winners.shape + X.shape[1:], dtype=X.dtype)
        row = i * rows.stride + winners // columns.size - top
        column = j * columns.stride + winners % columns.size - left
        J[n, c, i, j, c, row, column] = 1
        return J

    def backprop(
        self,
        dY: Array,
        X: Array,
        Y: Array,
        parameters: Parameters,
        key: RandomKey | None = None,
        *,
        input_gradient: bool = True,
    ) -> Gradients:
        """Return dX: forward took the maximum of each window, so dY goes back to its place."""
        if not input_gradient:
            return None, {}
        rows, columns = window_axes(self)
        padded, (top, left) = self._padded(X)
        winners, dX = self._winners(X), np.zeros(padded.shape, dtype=dY.dtype)
        height, width = dY.shape[2:]
        for tap in range(rows.size * columns.size):
            u, v = divmod(tap, columns.size)
            places = dX[:, :, u :: rows.stride, v :: columns.stride][:, :, :height, :width]
            places += np.where(winners == tap, dY, 0)
        return dX[:, :, top : top + X.shape[2], left : left + X.shape[3]], {}
