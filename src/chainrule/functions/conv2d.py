"""The convolutional layer."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.functions.base import Multilinear
from chainrule.functions.fields import check_count, pair
from chainrule.functions.sliding import affine, window_axes
from chainrule.types import Shape


@dataclass(frozen=True)
class Conv2d(Multilinear):
    """Convolutional layer: the same small filters at every place of an image.

    Definition: Y[n,o,i,j] = W[o,c,u,v] X[n,c,s*i+d*u-p,s*j+d*v-p] + b[o]
    Shapes: X (n, c, h, w), W (o, c/groups, u, v), b (o) -> Y (n, o, i, j)
    Jacobian: ∂Y[n,o,i,j]/∂X[n,c,s*i+d*u-p,s*j+d*v-p] = W[o,c,u,v], elsewhere 0
    Backprop: dW[o,c,u,v] = dY[n,o,i,j] X[n,c,s*i+d*u-p,s*j+d*v-p], db[o] = dY[n,o,i,j],
        dX[n,c,s*i+d*u-p,s*j+d*v-p] = W[o,c,u,v] dY[n,o,i,j]
    Numerics: outside the image X is zero. Padding "valid" adds none; "same" adds as much as makes
        the output ceil(size/stride) long, the odd row at the end; a number adds that many at
        both ends.
    Source: lecture notes on neural networks, with i', j' from −K to K, where we count taps from
        0: padding K there is "same" here. As in all of the field this is a correlation: the
        filter is not flipped.

    Parameters
    ----------
    channels : int
        The number of filters o.
    size : int or (int, int), default=3
        Height and width of the filters.
    stride : int or (int, int), default=1
        Steps between outputs.
    padding : {"valid", "same"}, int or (int, int), default="valid"
        Zeros around the image: "valid", "same", or how many.
    dilation : int or (int, int), default=1
        Steps between the taps of a filter.
    groups : int, default=1
        The number of groups that the channels are cut into; outputs of one see no other.
    bias : bool, default=True
        Whether b is added.
    """

    channels: int
    size: int | tuple[int, int] = 3
    stride: int | tuple[int, int] = 1
    padding: str | int | tuple[int, int] = "valid"
    dilation: int | tuple[int, int] = 1
    groups: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        """Check the hyperparameters."""
        check_count(self, "channels")
        check_count(self, "groups")
        if self.channels % self.groups:
            raise ValueError(
                f"Conv2d: expected channels to be a multiple of groups = {self.groups}, "
                f"got {self.channels}"
            )
        pair(self, "stride", low=1)  # None is for pools: a window's size
        window_axes(self)

    def text(self) -> str:
        """Return the line that defines the layer."""
        (s, d, p), (t, e, q) = (
            (axis.stride, axis.dilation, axis.padding) for axis in window_axes(self)
        )
        rows, columns = affine(s, "i", d, "u", p, "p"), affine(t, "j", e, "v", q, "q")
        if self.groups == 1:
            o, c = "o", "c"
        else:
            o, c = f"{self.channels // self.groups}*g+o", "C*g+c"
        line = f"Y[n,{o},i,j] = W[{o},c,u,v] X[n,{c},{rows},{columns}]"
        return line + (f" + b[{o}]" if self.bias else "")

    def constants(self, input_shape: Shape | None) -> dict[str, int]:
        """Return channels a group (C) and the padding before each axis (p, q)."""
        if input_shape is None:
            return {"C": 1, "p": 1, "q": 1}
        p, q = (
            axis.before(size) for axis, size in zip(window_axes(self), input_shape[1:], strict=True)
        )
        return {"C": input_shape[0] // self.groups, "p": p, "q": q}

    def sizes(self, input_shape: Shape) -> dict[str, int]:
        """Return the sizes of the output, and of the groups."""
        _, rows, columns = self.output_shape(input_shape)
        groups = {"g": self.groups, "o": self.channels // self.groups}
        return {"i": rows, "j": columns} | (groups if self.groups > 1 else {})

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return W (o, c/groups, u, v) and b (o)."""
        self._check_shape(input_shape)
        rows, columns = pair(self, "size", low=1)
        weights: dict[str, Shape] = {
            "W": (self.channels, input_shape[0] // self.groups, rows, columns)
        }
        return weights | ({"b": (self.channels,)} if self.bias else {})

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (o, i, j)."""
        self._check_shape(input_shape)
        rows, columns = (
            axis.length(size, self)
            for axis, size in zip(window_axes(self), input_shape[1:], strict=True)
        )
        return self.channels, rows, columns

    def _check_shape(self, input_shape: Shape) -> None:
        """Raise ValueError unless a sample is an image and its channels fall into the groups."""
        self._check_rank(input_shape, "channels, height, width")
        if input_shape[0] % self.groups:
            raise self._misfit(f"a multiple of {self.groups} channels", input_shape[0])

    def fans(self, input_shape: Shape) -> tuple[int, int]:
        """Return (c·u·v, o·u·v) within a group."""
        rows, columns = pair(self, "size", low=1)
        taps = rows * columns
        return input_shape[0] // self.groups * taps, self.channels // self.groups * taps
