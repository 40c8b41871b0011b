"""The one table of kinds: for each kind of function, the class that says how the engine runs it.

A function is of the first kind whose class it is an instance of, and whose line it has. To add a
kind: a file with a class derived from :class:`.rows.RowHead`, :class:`.images.ImageHead` or
:class:`.base.PointwiseKind`, and a line here. :mod:`.base` says what the class answers.
"""

from __future__ import annotations

from typing import Any

from chainrule.engine.network.network import Part
from chainrule.engine.planning.kinds.base import Kind
from chainrule.engine.planning.kinds.conv2d import Convolution
from chainrule.engine.planning.kinds.dense import Dense
from chainrule.engine.planning.kinds.embedding_bag import EmbeddingBagKind
from chainrule.engine.planning.kinds.flatten import FlattenKind
from chainrule.engine.planning.kinds.image_line import ImageLine
from chainrule.engine.planning.kinds.layer_norm import LayerNormKind
from chainrule.engine.planning.kinds.pointwise import DropoutKind, ElementwiseKind, SoftmaxKind
from chainrule.engine.planning.kinds.pools import AveragePool, MaxPool
from chainrule.engine.planning.kinds.raster_conv2d import RasterConvolution
from chainrule.engine.planning.kinds.raster_pools import RasterAveragePool, RasterMaxPool
from chainrule.engine.planning.kinds.raster_winograd import RasterWinograd
from chainrule.engine.planning.kinds.rasters import RasterHead
from chainrule.engine.planning.kinds.residual import ResidualKind
from chainrule.engine.planning.kinds.samples import Samples
from chainrule.engine.planning.kinds.sparse import SparseDense
from chainrule.engine.planning.kinds.winograd import Winograd
from chainrule.functions import (
    AvgPool2d,
    Conv2d,
    Dropout,
    Elementwise,
    EmbeddingBag,
    Flatten,
    Function,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Multilinear,
    Residual,
    Softmax,
)

KINDS: dict[Any, type[Kind]] = {
    Linear: Dense,
    EmbeddingBag: EmbeddingBagKind,
    Conv2d: Convolution,
    MaxPool2d: MaxPool,
    AvgPool2d: AveragePool,
    Flatten: FlattenKind,
    Dropout: DropoutKind,
    LayerNorm: LayerNormKind,
    Residual: ResidualKind,
    Softmax: SoftmaxKind,
    LogSoftmax: SoftmaxKind,
    Elementwise: ElementwiseKind,
    Multilinear: ImageLine,
}

Dense.variants = (SparseDense,)
Convolution.variants = (Winograd,)

COMPANIONS: dict[type[Kind], type[RasterHead]] = {
    Convolution: RasterConvolution,
    Winograd: RasterWinograd,
    MaxPool: RasterMaxPool,
    AveragePool: RasterAveragePool,
}
"""For heads of images, the class that plans predictions of few samples; others use planes."""

WARMED: tuple[type[Kind], ...] = (
    *KINDS.values(),
    Samples,
    SparseDense,
    Winograd,
    RasterHead,
    *COMPANIONS.values(),
)
"""All classes whose kernels are compiled ahead."""


def companion(part: Part) -> type[RasterHead] | None:
    """Return the class that plans a part of images for few samples, if there is one."""
    if not all(each.kind.on_rasters for each in part.pointwise):
        return None
    return COMPANIONS.get(part.kind.variant(part, None))


def kind_of(function: Function) -> tuple[Any, type[Kind]] | None:
    """Return the row of the table that a function belongs to, if there is one."""
    rows = (row for row in KINDS.items() if isinstance(function, row[0]))
    return next((row for row in rows if _has_line_of(function, row[0])), None)


def _has_line_of(function: Function, base: Any) -> bool:
    """Return whether a function's line, if it has one, is that which kernels of a kind compute."""
    return base is Multilinear or getattr(type(function), "text", None) is getattr(
        base, "text", None
    )
