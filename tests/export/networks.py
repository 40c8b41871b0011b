"""Chains of every function, with losses: small ones, every size its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import (
    AvgPool2d,
    BatchEnsembleLinear,
    BatchNorm,
    BinaryCrossEntropy,
    Chain,
    Conv2d,
    CrossEntropy,
    Dropout,
    Elementwise,
    EmbeddingBag,
    Exp,
    Flatten,
    HalfSquaredError,
    Huber,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    MeanAbsoluteError,
    MeanOverMembers,
    MeanSquaredError,
    MemberLinear,
    Parametric,
    Poisson,
    QuantileLoss,
    ReLU,
    Residual,
    Scale,
    Sigmoid,
    SigmoidBinaryCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
    mathematics as m,
)
from chainrule.functions import ACTIVATIONS
from lines import LISTED, OTHERS


@dataclass(frozen=True)
class Case:
    """A chain with parameters, a loss, samples and targets as the loss takes them."""

    name: str
    chain: Chain
    loss: Any
    X: np.ndarray
    t: np.ndarray

    def targets(self):
        """Return the targets T of each sample, as an exported gradient takes them."""
        t = np.asarray(self.t)
        loss = self.loss.each if isinstance(self.loss, MeanOverMembers) else self.loss
        if isinstance(loss, CrossEntropy) and t.ndim == 1:
            outputs = self.chain.layers[-1].output_shape[-1]
            return np.eye(outputs)[t]
        if isinstance(loss, QuantileLoss) and isinstance(loss.quantile, tuple):
            return np.repeat(t.reshape(-1, 1), len(loss.quantile), axis=1)
        return t.reshape(len(t), -1).astype(np.float64)


@dataclass(frozen=True)
class Bent(Elementwise):
    """A user's own: NumPy's functions, a power, a condition that counts, and parts that repeat."""

    slope: float = 0.3

    def value(self, x):
        return np.where(x > 0, np.sqrt(1 + x * x) - 1, self.slope * np.tanh(x) ** 3) + (x > 1)

    def derivative(self, x, y):
        y3 = np.tanh(x)
        return np.where(x > 0, x / np.sqrt(1 + x * x), 3 * self.slope * y3**2 * (1 - y3**2))


@dataclass(frozen=True)
class Rooted(Elementwise):
    """Another: |x|^1.5, whose power is no whole number."""

    def value(self, x):
        return m.abs(x) ** 1.5

    def derivative(self, x, y):
        return 1.5 * m.abs(x) ** 0.5 * m.where(x < 0, -1, 1)


IMAGE = (2, 5, 6)


def image_chains():
    """Yield names and functions of networks of images (2, 5, 6)."""
    end = (Flatten(), Linear(3), Softmax())
    yield "conv", (Conv2d(4, size=3), ReLU(), *end)
    yield "conv_same", (Conv2d(4, size=(3, 2), padding="same"), Tanh(), *end)
    yield "conv_stride", (Conv2d(4, size=3, stride=2, padding=1), Tanh(), *end)
    yield "conv_dilation", (Conv2d(3, size=(2, 3), stride=(1, 2), padding=2, dilation=2), *end)
    yield "conv_groups", (Conv2d(4, size=3, groups=2, bias=False), Tanh(), *end)
    yield "max_pool", (MaxPool2d(2), Conv2d(3, size=2), *end)
    yield "max_pool_padded", (Conv2d(3, size=1), MaxPool2d(3, stride=2, padding=1), *end)
    yield "max_pool_same", (Tanh(), MaxPool2d((2, 3), stride=1, padding="same"), *end)
    yield "avg_pool", (AvgPool2d(2), Tanh(), *end)
    yield "avg_pool_padded", (AvgPool2d((2, 3), stride=2, padding=1), *end)
    yield "layer_norm_image", (LayerNorm(), *end)
    yield "layer_norm_channels", (LayerNorm(over="channels"), Tanh(), *end)
    yield "layer_norm_last", (LayerNorm(over="last"), *end)
    yield "layer_norm_plain", (LayerNorm(affine=False), *end)
    yield "batch_norm_image", (Conv2d(3, size=2), BatchNorm(), ReLU(), *end)
    yield "residual_image", (Residual(Chain(Conv2d(2, padding="same"), Tanh())), *end)


def row_chains():
    """Yield names, functions and losses of networks of rows (5,)."""
    end = (Linear(3), Softmax())
    for name, function in ACTIVATIONS.items():
        yield f"after_{name}", (Linear(4), function(), *end), CrossEntropy()
    yield "bent", (Linear(4), Bent(), *end), CrossEntropy()
    yield "rooted", (Linear(4), Rooted(), *end), CrossEntropy()
    yield "linear_only", (Linear(3),), SoftmaxCrossEntropy()
    yield "log_softmax", (Linear(3), LogSoftmax()), SoftmaxCrossEntropy()
    yield "softmax_inside", (Linear(4), Softmax(), Linear(3), LogSoftmax()), MeanSquaredError()
    yield "softmax_apart", (Linear(3), Softmax(), Dropout(0.5)), CrossEntropy()
    yield "dropout_norms", (Dropout(0.3), Linear(4), BatchNorm(), LayerNorm(), *end), CrossEntropy()
    yield "batch_norm_plain", (BatchNorm(affine=False), Scale(), *end), CrossEntropy()
    inside = Chain(Linear(4), Tanh(), Residual(Chain(Linear(4), Dropout(0.1))), Linear(5))
    yield "residual", (Residual(inside), Residual(Chain(Dropout(0.5))), *end), CrossEntropy()
    late = Residual(Chain(Dropout(0.2), Linear(4), LayerNorm()))
    blocks = (Linear(4), late, Residual(Chain(late, Tanh())))
    yield "residual_after_dropout", (*blocks, *end), CrossEntropy()
    yield "parametric", (Linear(4), Parametric(), *end), CrossEntropy()
    yield "bag", (EmbeddingBag(4), *end), CrossEntropy()
    yield "bag_mean", (EmbeddingBag(4, "mean"), Tanh(), *end), CrossEntropy()
    members = (MemberLinear(4, members=2), Tanh(), MemberLinear(3), Softmax())
    yield "members", members, MeanOverMembers(CrossEntropy())
    batch = (BatchEnsembleLinear(4, members=3), Tanh(), BatchEnsembleLinear(2))
    yield "batch_ensemble", batch, MeanOverMembers(QuantileLoss((0.3, 0.5)))
    one = (MemberLinear(4, members=2), Parametric(), MemberLinear(1), Sigmoid())
    yield "members_of_one", one, MeanOverMembers(BinaryCrossEntropy())
    yield "log_softmax_members", (MemberLinear(3, members=2), LogSoftmax(), Flatten()), Huber()
    yield "sigmoid", (Linear(3), Sigmoid()), BinaryCrossEntropy(outputs="sum")
    yield "sigmoid_apart", (Linear(3), Sigmoid(), Dropout(0.1)), BinaryCrossEntropy()
    yield "logits", (Linear(1),), SigmoidBinaryCrossEntropy()
    yield "exp", (Linear(2), Exp()), Poisson()
    yield "softplus", (Linear(2), Softplus()), Poisson(outputs="sum")
    for loss in (MeanSquaredError(), HalfSquaredError(outputs="sum"), MeanAbsoluteError()):
        yield f"loss_{type(loss).__name__}", (Linear(4), Tanh(), Linear(2)), loss
    yield "huber", (Linear(2),), Huber(0.5)
    yield "quantiles", (Linear(3),), QuantileLoss((0.1, 0.5, 0.9))
    yield "no_parameters", (Tanh(), Softmax()), CrossEntropy()


def line_chains():
    """Yield names, shapes and functions of lines of index notation of a user's own."""
    for place, (shape, function) in enumerate([*LISTED, *OTHERS]):
        yield f"line{place}", shape, (function, Tanh(), Flatten(), Linear(3), Softmax())


def case(name, shape, functions, loss, seed=0, n=2):
    """Return a case of functions with parameters and samples that are drawn."""
    rng = np.random.default_rng([seed, len(name), *map(ord, name)])
    chain = Chain(*functions).initialize(shape, dtype=np.float64)
    for own, array in chain.parameters.items():
        array[...] = rng.normal(size=array.shape) * 0.7
        if "variance" in own:
            array[...] = np.abs(array) + 0.5
    X = rng.normal(size=(n, *shape))
    if isinstance(functions[0], EmbeddingBag):
        X = np.abs(X) * (rng.random(X.shape) < 0.7)
        X[0] = 0
    outputs = chain.layers[-1].output_shape[-1]
    each = loss.each if isinstance(loss, MeanOverMembers) else loss
    if isinstance(each, CrossEntropy):
        t = rng.integers(0, outputs, n)
    elif isinstance(each, QuantileLoss) and isinstance(each.quantile, tuple):
        t = rng.normal(size=n)
    elif isinstance(each, BinaryCrossEntropy | SigmoidBinaryCrossEntropy):
        t = rng.integers(0, 2, (n, outputs)).astype(float)
    else:
        t = rng.poisson(1.5, (n, outputs)).astype(float)
    return Case(name, chain, loss, X, t)


def every_case():
    """Return all of them."""
    return [
        *(case(name, (5,), functions, loss) for name, functions, loss in row_chains()),
        *(case(name, IMAGE, functions, CrossEntropy()) for name, functions in image_chains()),
        *(case(name, shape, own, CrossEntropy()) for name, shape, own in line_chains()),
    ]
