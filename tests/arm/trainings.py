"""Small trainings whose every bit is compared: a fixed list, and some drawn from a seed."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, get_args

import numpy as np
from scipy import sparse

from chainrule import (
    ELU,
    GELU,
    SELU,
    SGD,
    Adam,
    AdamW,
    AvgPool2d,
    BinaryCrossEntropy,
    Chain,
    Conv2d,
    Cos,
    CrossEntropy,
    Dropout,
    EmbeddingBag,
    Flatten,
    HalfSquaredError,
    Huber,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    MeanSquaredError,
    Mish,
    Plan,
    Poisson,
    Predictor,
    ReLU,
    Residual,
    RMSProp,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    train,
)
from chainrule.training.plan import Precision

TYPES = (np.float32, np.float64)
DRAWN = 24


@dataclass(frozen=True)
class Training:
    """What is trained on what, and how."""

    name: str
    layers: tuple[Any, ...]
    loss: Any
    X: Any
    t: Any
    plan: Plan
    dtype: type

    def result(self, threads: int) -> np.ndarray:
        """Return the trained parameters, and what they predict of all samples and of one alone."""
        chain = Chain(*self.layers).initialize(self.X, seed=1, dtype=self.dtype)
        train(chain, self.loss, self.X, self.t, self.plan, engine="machine", threads=threads)
        predict = Predictor(chain)
        numbers = chain.parameters.flat, predict(self.X), predict(self.X[:1])
        return np.concatenate([each.ravel() for each in numbers])


def trainings() -> list[Training]:
    """Return all of them, in each float type that they can be trained in."""
    made = [*listed(), *map(drawn, range(DRAWN))]
    rounded = [
        replace(each, name=f"{each.name}, {way}", plan=replace(each.plan, precision=way))
        for each in made
        for way in get_args(Precision)
        if way != each.plan.precision and each.dtype is np.float32
    ]
    return made + rounded


def listed() -> list[Training]:
    """Return the fixed ones: each kind of function and of optimizer at least once."""
    rng = np.random.default_rng(0)
    X, kinds = rng.normal(size=(71, 13)), rng.integers(0, 5, 71)
    wide = rng.normal(size=(71, 1100))
    images, shown = rng.normal(size=(37, 2, 9, 8)), rng.integers(0, 5, 37)
    counts = sparse.random(71, 50, 0.1, "csr", random_state=0)
    counts.data[:] = np.round(counts.data * 4) + 1
    numbers, halves = rng.normal(size=(71, 3)), rng.integers(0, 2, (71, 3))
    classes = (Linear(5), Softmax())
    inner = Chain(Linear(21), SiLU(), Linear(33))
    second = (Conv2d(5, size=2), Tanh(), Flatten(), Linear(20))
    many = (Conv2d(18, padding=1), GELU(), Conv2d(17, padding=1), ReLU(), MaxPool2d(2))
    table: list[tuple[str, tuple[Any, ...], Any, Any, Any, Any, dict[str, Any]]] = [
        ("MLP", (Linear(40), ReLU(), *classes), CrossEntropy(), X, kinds, SGD(0.1), {}),
        (
            "GELU and dropout",
            (Linear(33), GELU(), Dropout(0.3), Linear(20), Tanh(), *classes),
            *(CrossEntropy(), X, kinds, Adam(0.01), {"l2": 0.01}),
        ),
        (
            "images",
            (Conv2d(6, padding=1), ReLU(), MaxPool2d(2), Dropout(0.2), *second, ReLU(), *classes),
            *(CrossEntropy(), images, shown, Adam(0.01), {}),
        ),
        (
            "strides and averages",
            (Conv2d(7, size=3, stride=2, padding=1), ELU(0.7), AvgPool2d(2), Flatten(), *classes),
            *(CrossEntropy(), images, shown, SGD(0.05, momentum=0.9), {}),
        ),
        (
            "Winograd",
            (*many, Dropout(0.2), Conv2d(16), Tanh(), Flatten(), *classes),
            *(CrossEntropy(), images, shown, RMSProp(0.003), {}),
        ),
        (
            "LayerNorm and Residual",
            (Linear(33), LayerNorm(), Residual(inner), *classes),
            *(CrossEntropy(), X, kinds, AdamW(0.01), {"clip_norm": 0.5}),
        ),
        (
            "sparse rows",
            (EmbeddingBag(9), Linear(5), Softmax()),
            *(CrossEntropy(), counts, kinds, SGD(0.3), {}),
        ),
        (
            "answers of 0 and 1",
            (Linear(12), Softplus(), Linear(3), Sigmoid()),
            *(BinaryCrossEntropy(), X, halves, Adam(0.01, beta1=0.7), {}),
        ),
        (
            "softmax within",
            (Linear(12), LogSoftmax(), Linear(19), Softmax(), Linear(3)),
            *(HalfSquaredError(), X, numbers, SGD(0.05, momentum=0.8, nesterov=True), {}),
        ),
        (
            "wide",
            (Linear(530), ReLU(), *classes),
            *(CrossEntropy(), wide, kinds, SGD(0.01), {"batch_size": 71, "epochs": 1}),
        ),
        (
            "tiny numbers",
            (Linear(12), GELU(), Linear(3)),
            *(MeanSquaredError(), 1e-25 * X, 1e-30 * numbers, Adam(1e-20), {}),
        ),
    ]
    return [
        Training(
            f"{name}, {dtype.__name__}",
            layers,
            loss,
            values.astype(dtype),
            targets if targets.dtype.kind == "i" else targets.astype(dtype),
            Plan(optimizer, **{"batch_size": 16, "epochs": 2, "seed": 3, **options}),
            dtype,
        )
        for name, layers, loss, values, targets, optimizer, options in table
        for dtype in TYPES
    ]


def drawn(number: int) -> Training:
    """Return one that a number draws: sizes, functions, the loss and the optimizer."""
    draw, rng = Random(number), np.random.default_rng(number)
    dtype = TYPES[number % 2]
    n, outputs = draw.randint(9, 50), draw.randint(1, 40)
    layers: list[Any] = []
    shape: tuple[int, ...] = (draw.randint(1, 40),)
    if number % 3 == 0:
        shape = (draw.randint(1, 4), draw.randint(6, 10), draw.randint(6, 10))
        for _ in range(draw.randint(1, 2)):
            layers += [Conv2d(draw.randint(1, 20), padding=1), _elementwise(draw)]
        layers += [draw.choice([MaxPool2d(2), AvgPool2d(2)]), Flatten()]
    for _ in range(draw.randint(0, 2)):
        layers += [Linear(draw.randint(1, 70), bias=draw.random() < 0.8), _elementwise(draw)]
    layers.append(Linear(outputs))
    X: Any = rng.normal(size=(n, *shape)).astype(dtype)
    t: Any = rng.normal(size=(n, outputs)).astype(dtype)
    loss = draw.choice([CrossEntropy(), MeanSquaredError(), Huber(0.5), Poisson()])
    if isinstance(loss, CrossEntropy):
        layers, t = [*layers, Softmax()], rng.integers(0, outputs, n)
    elif isinstance(loss, Poisson):
        layers, t = [*layers, Softplus()], rng.poisson(2, (n, outputs)).astype(dtype)
    optimizer = draw.choice([SGD(0.02), SGD(0.02, momentum=0.9), Adam(0.01), RMSProp(0.003)])
    plan = Plan(optimizer, batch_size=draw.randint(1, n), epochs=2, seed=number)
    return Training(f"drawn {number}, {dtype.__name__}", tuple(layers), loss, X, t, plan, dtype)


def _elementwise(draw: Random) -> Any:
    return draw.choice(
        [ReLU(), GELU(), SiLU(), Sigmoid(), Tanh(), ELU(0.7), SELU(), Mish(), Cos(), Dropout(0.3)]
    )
