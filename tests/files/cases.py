"""Every function and loss, so that each field has more than one value."""

from dataclasses import fields, replace

import numpy as np

from chainrule.functions import (
    ELU,
    FUNCTIONS,
    AvgPool2d,
    BatchEnsembleLinear,
    BatchNorm,
    Conv2d,
    Dropout,
    EmbeddingBag,
    LayerNorm,
    LeakyReLU,
    Linear,
    MaxPool2d,
    MemberLinear,
    Parametric,
    Residual,
    Scale,
)
from chainrule.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    ElementwiseLoss,
    ExpPoisson,
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanOverMembers,
    MeanSquaredError,
    Poisson,
    QuantileLoss,
    SigmoidBinaryCrossEntropy,
    SoftmaxCrossEntropy,
)

FUNCTION_CASES = {
    **{kind: [kind()] for kind in FUNCTIONS if not fields(kind)},
    Linear: [Linear(7), Linear(2, bias=False)],
    Conv2d: [
        Conv2d(8),
        Conv2d(6, (2, 3), (1, 2), "same", (2, 1), 3, False),
        Conv2d(1, 5, 2, 1, 2),
        Conv2d(1, padding=(0, 4)),
    ],
    EmbeddingBag: [EmbeddingBag(3), EmbeddingBag(4, "mean")],
    MaxPool2d: [MaxPool2d(), MaxPool2d((3, 2), 1, 1), MaxPool2d(3, (1, 2), "same")],
    AvgPool2d: [AvgPool2d(), AvgPool2d((3, 2), 1, 1), AvgPool2d(3, (1, 2), "same")],
    Dropout: [Dropout(), Dropout(0), Dropout(np.float64(0.1))],
    LeakyReLU: [LeakyReLU(), LeakyReLU(1e-300)],
    ELU: [ELU(), ELU(2)],
    BatchNorm: [BatchNorm(), BatchNorm(1, False, 1e-3), BatchNorm(0.25)],
    LayerNorm: [LayerNorm(), LayerNorm("channels", False, 1e-3), LayerNorm("last", epsilon=1)],
    MemberLinear: [MemberLinear(3), MemberLinear(2, members=4)],
    BatchEnsembleLinear: [BatchEnsembleLinear(3), BatchEnsembleLinear(2, members=4)],
    Scale: [Scale(), Scale(6), Scale(0.25)],
    Parametric: [Parametric(), Parametric(ELU(2)), Parametric(rate_factor=1)],
    Residual: [Residual((Linear(2), Residual((ELU(2),)))), Residual((Dropout(0.1),))],
}
LOSS_CASES = {
    MeanSquaredError: [MeanSquaredError()],
    MeanAbsoluteError: [MeanAbsoluteError()],
    HalfSquaredError: [HalfSquaredError()],
    ExpPoisson: [ExpPoisson()],
    Huber: [Huber(), Huber(0.1), Huber(3)],
    QuantileLoss: [
        *(QuantileLoss(), QuantileLoss(0.9), QuantileLoss((0.05, 0.5, 0.95), outputs="sum")),
    ],
    Poisson: [Poisson()],
    BinaryCrossEntropy: [BinaryCrossEntropy()],
    CrossEntropy: [CrossEntropy()],
    SigmoidBinaryCrossEntropy: [SigmoidBinaryCrossEntropy()],
    SoftmaxCrossEntropy: [SoftmaxCrossEntropy()],
    MeanOverMembers: [MeanOverMembers(), MeanOverMembers(Huber(0.5, outputs="sum"))],
}
for kind, cases in LOSS_CASES.items():
    if issubclass(kind, ElementwiseLoss):
        cases.append(replace(cases[0], outputs="sum"))
