"""The component functions of networks: one file each, one list of all.

Checks, file readers and viewers know a function by its place in ``FUNCTIONS``.
"""

from chainrule.functions.avg_pool2d import AvgPool2d
from chainrule.functions.base import (
    Elementwise,
    ExplicitFunction,
    Function,
    Multilinear,
    RandomKey,
)
from chainrule.functions.batch_ensemble_linear import BatchEnsembleLinear
from chainrule.functions.batch_norm import BatchNorm
from chainrule.functions.conv2d import Conv2d
from chainrule.functions.cos import Cos
from chainrule.functions.dropout import Dropout
from chainrule.functions.elu import ELU
from chainrule.functions.embedding_bag import EmbeddingBag
from chainrule.functions.exp import Exp
from chainrule.functions.flatten import Flatten
from chainrule.functions.gelu import GELU
from chainrule.functions.identity import Identity
from chainrule.functions.layer_norm import LayerNorm
from chainrule.functions.leaky_relu import LeakyReLU
from chainrule.functions.linear import Linear
from chainrule.functions.log_softmax import LogSoftmax
from chainrule.functions.max_pool2d import MaxPool2d
from chainrule.functions.member_linear import MemberLinear
from chainrule.functions.mish import Mish
from chainrule.functions.parametric import Parametric
from chainrule.functions.relu import ReLU
from chainrule.functions.residual import Residual
from chainrule.functions.scale import Scale
from chainrule.functions.selu import SELU
from chainrule.functions.sigmoid import Sigmoid
from chainrule.functions.silu import SiLU
from chainrule.functions.softmax import Softmax
from chainrule.functions.softplus import Softplus
from chainrule.functions.tanh import Tanh

FUNCTIONS: tuple[type[Function], ...] = (
    Linear,
    MemberLinear,
    BatchEnsembleLinear,
    Conv2d,
    EmbeddingBag,
    MaxPool2d,
    AvgPool2d,
    Flatten,
    Dropout,
    BatchNorm,
    LayerNorm,
    Scale,
    Residual,
    Parametric,
    ReLU,
    LeakyReLU,
    ELU,
    GELU,
    SiLU,
    Sigmoid,
    Tanh,
    Softplus,
    Exp,
    Identity,
    SELU,
    Mish,
    Cos,
    Softmax,
    LogSoftmax,
)
"""Every function."""

ACTIVATIONS: dict[str, type[Elementwise]] = {
    function.__name__.lower(): function
    for function in FUNCTIONS
    if issubclass(function, Elementwise)
}
"""The elementwise functions, by the names that people choose them by."""

__all__ = [
    "ELU",
    "FUNCTIONS",
    "GELU",
    "SELU",
    "AvgPool2d",
    "BatchEnsembleLinear",
    "BatchNorm",
    "Conv2d",
    "Cos",
    "Dropout",
    "Elementwise",
    "EmbeddingBag",
    "Exp",
    "ExplicitFunction",
    "Flatten",
    "Function",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "MemberLinear",
    "Mish",
    "Multilinear",
    "Parametric",
    "RandomKey",
    "ReLU",
    "Residual",
    "Scale",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
