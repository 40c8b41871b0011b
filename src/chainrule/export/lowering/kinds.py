"""How each kind of function is written: fills the table."""

from __future__ import annotations

from chainrule.export.lowering.elementwise import ElementwiseKind
from chainrule.export.lowering.multilinear import EmbeddingBagKind, MultilinearKind
from chainrule.export.lowering.norms import BatchNormKind, LayerNormKind
from chainrule.export.lowering.pools import MaxPoolKind
from chainrule.export.lowering.softmax import LogSoftmaxKind, SoftmaxKind
from chainrule.export.lowering.structure import ResidualKind, SameNumbers
from chainrule.export.lowering.table import KINDS
from chainrule.functions import (
    BatchNorm,
    Dropout,
    Elementwise,
    EmbeddingBag,
    Flatten,
    LayerNorm,
    LogSoftmax,
    MaxPool2d,
    Multilinear,
    Residual,
    Softmax,
)

KINDS.update(
    {
        EmbeddingBag: EmbeddingBagKind(),
        Multilinear: MultilinearKind(),
        Elementwise: ElementwiseKind(),
        Softmax: SoftmaxKind(),
        LogSoftmax: LogSoftmaxKind(),
        MaxPool2d: MaxPoolKind(),
        LayerNorm: LayerNormKind(),
        BatchNorm: BatchNormKind(),
        Flatten: SameNumbers(),
        Dropout: SameNumbers(),
        Residual: ResidualKind(),
    }
)
