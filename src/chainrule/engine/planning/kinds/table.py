"""The one table of kinds: for each kind of function, the class that says how the engine runs it.

A function is of the first kind whose class it is an instance of, and whose line it has. To add a
kind: a file with a class derived from :class:`.rows.RowHead`, :class:`.images.ImageHead` or
:class:`.base.PointwiseKind`, and a line here. :mod:`.base` says what the class answers.
"""

from __future__ import annotations

from typing import Any

from chainrule.engine.planning.kinds.base import Kind
from chainrule.engine.planning.kinds.conv2d import Convolution
from chainrule.engine.planning.kinds.dense import Dense
from chainrule.engine.planning.kinds.embedding_bag import EmbeddingBagKind
from chainrule.engine.planning.kinds.flatten import FlattenKind
from chainrule.engine.planning.kinds.line import Line
from chainrule.engine.planning.kinds.pointwise import DropoutKind, ElementwiseKind, SoftmaxKind
from chainrule.engine.planning.kinds.pools import AveragePool, MaxPool
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
    Linear,
    LogSoftmax,
    MaxPool2d,
    Multilinear,
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
    Softmax: SoftmaxKind,
    LogSoftmax: SoftmaxKind,
    Elementwise: ElementwiseKind,
    Multilinear: Line,
}

Dense.variants = (SparseDense,)
Convolution.variants = (Winograd,)

WARMED: tuple[type[Kind], ...] = (*KINDS.values(), Samples, SparseDense, Winograd)
"""All classes whose kernels are compiled ahead."""


def kind_of(function: Function) -> tuple[Any, type[Kind]] | None:
    """Return the row of the table that a function belongs to, if there is one."""
    rows = (row for row in KINDS.items() if isinstance(function, row[0]))
    return next((row for row in rows if _has_line_of(function, row[0])), None)


def _has_line_of(function: Function, base: Any) -> bool:
    """Return whether a function's line, if it has one, is that which kernels of a kind compute."""
    return base is Multilinear or getattr(type(function), "text", None) is getattr(
        base, "text", None
    )
