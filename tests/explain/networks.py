"""Networks whose derivations are checked: every function, every loss, every pair."""

import numpy as np

from chainrule import Chain, functions as f, losses
from chainrule.functions import RandomKey
from functions.cases import CASES

IMAGES = (2, 4, 3)
SMALL = {
    f.Conv2d: [
        (f.Conv2d(2, size=2, padding=1), IMAGES),
        (f.Conv2d(4, size=(1, 2), groups=2, stride=(2, 1)), IMAGES),
    ],
    f.MaxPool2d: [(f.MaxPool2d(2, stride=1), IMAGES)],
    f.AvgPool2d: [(f.AvgPool2d(2, padding=1), IMAGES)],
    f.Flatten: [(f.Flatten(), IMAGES)],
    f.Scale: [(f.Scale(), (3,)), (f.Scale(), (2, 3))],
    f.EmbeddingBag: [(f.EmbeddingBag(2), (5,)), (f.EmbeddingBag(2, mode="mean"), (5,))],
    f.Residual: [
        (f.Residual(Chain(f.Linear(2), f.Sigmoid(), f.Linear(3))), (3,)),
        (f.Residual(Chain(f.Residual(Chain(f.Tanh())))), (3,)),
    ],
    f.Parametric: [(f.Parametric(f.Tanh()), (3,))],
    f.Softmax: [(f.Softmax(), (3,)), (f.Softmax(), (2, 3))],
    f.LogSoftmax: [(f.LogSoftmax(), (3,)), (f.LogSoftmax(), (2, 3))],
    f.Dropout: [(f.Dropout(0.4), (5,)), (f.Dropout(0.4), (2, 3))],
    f.BatchNorm: [(f.BatchNorm(), (3,))],
}
"""Functions on samples that are smaller than those of their own tests."""


def of_functions():
    """Yield each function with samples, after it what makes rows of its outputs."""
    for kind in f.FUNCTIONS:
        pairs = SMALL.get(kind) or [(case.function, case.shape) for case in CASES[kind][:2]]
        for function, shape in pairs:
            chain = Chain(function)
            output = function.output_shape(shape)
            if len(output) > 1:
                chain = Chain(function, f.Flatten())
            yield initialized(chain, shape)


def initialized(chain, shape):
    return chain.initialize(shape, seed=3, dtype=np.float64)


ENDS = [
    (f.Softmax(), losses.CrossEntropy()),
    (f.LogSoftmax(), losses.SoftmaxCrossEntropy()),
    (f.Softmax(), losses.SoftmaxCrossEntropy()),
    (f.Sigmoid(), losses.BinaryCrossEntropy()),
    (f.Sigmoid(), losses.BinaryCrossEntropy(outputs="sum")),
    (f.Sigmoid(), losses.SigmoidBinaryCrossEntropy()),
    (f.Exp(), losses.Poisson()),
    (f.Exp(), losses.ExpPoisson()),
    (f.Softplus(), losses.Poisson()),
    (f.Softmax(), losses.BinaryCrossEntropy()),
    (f.Tanh(), losses.MeanSquaredError()),
    (f.Tanh(), losses.MeanSquaredError(outputs="sum")),
    (f.Identity(), losses.HalfSquaredError()),
    (f.Identity(), losses.MeanAbsoluteError()),
    (f.Identity(), losses.Huber(0.5)),
    (f.Identity(), losses.QuantileLoss(0.3)),
    (f.Identity(), losses.QuantileLoss((0.1, 0.5, 0.9))),
]
"""Last functions of networks, and losses of theirs."""

ALONE = [losses.SoftmaxCrossEntropy(), losses.SigmoidBinaryCrossEntropy(), losses.ExpPoisson()]
"""Losses that have the last function in them."""

MEMBERS = [
    (f.Softmax(), losses.CrossEntropy()),
    (f.Sigmoid(), losses.BinaryCrossEntropy()),
    (f.Identity(), losses.MeanSquaredError()),
    (f.Identity(), losses.SoftmaxCrossEntropy()),
]

TRAINING = RandomKey(seed=1, step=2)
