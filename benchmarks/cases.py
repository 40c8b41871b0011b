"""What is measured: networks, optimizers, batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import (
    SGD,
    Adam,
    Chain,
    Conv2d,
    CrossEntropy,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Softmax,
)
from chainrule.engine.planning.cost import cost
from chainrule.engine.planning.lowering import lower

Array = NDArray[Any]


@dataclass(frozen=True)
class Filters:
    """A convolution with ReLU: channels, size, padding, and how windows lie."""

    channels: int
    size: int = 3
    padding: int = 0
    stride: int = 1
    dilation: int = 1
    groups: int = 1

    @property
    def options(self) -> dict[str, int]:
        """What a convolution is made with beside channels and size."""
        given = {"stride": self.stride, "dilation": self.dilation, "groups": self.groups}
        return {"padding": self.padding, **given}


POOL = "2 × 2 maxima"


@dataclass(frozen=True)
class Start:
    """What all start from: X (n, …) float32, class numbers t (n,), the order of the samples, and
    weights: W (i, o) or (o, c, u, v), and b (o,), of each layer that has them.
    """

    X: Array
    t: Array
    order: Array
    weights: list[Array]

    def save(self, folder: Path) -> None:
        """Write it to files."""
        for number, array in enumerate((self.X, self.t, self.order, *self.weights)):
            np.save(folder / f"{number:03}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> Start:
        """Read it from files: nothing takes memory but what is read."""
        X, t, order, *weights = (np.load(path) for path in sorted(folder.glob("*.npy")))
        return cls(X, t, order, weights)


@dataclass(frozen=True)
class Case:
    """A network with ReLU, softmax at the end, and how it is trained.

    ``images`` are the layers before the hidden ones, if X are images; ``precision`` is what
    products read, "float32", "bfloat16" or "bfloat16_blocks".
    """

    name: str
    shape: tuple[int, ...]
    hidden: tuple[int, ...]
    batch: int
    optimizer: str = "sgd"
    samples: int = 8192
    images: tuple[Filters | str, ...] = ()
    classes: int = 10
    precision: str = "float32"

    def __str__(self) -> str:
        narrow = "" if self.precision == "float32" else f", {self.precision}"
        return f"{self.name}, {self.optimizer}, batch {self.batch}{narrow}"

    @property
    def rate(self) -> float:
        """The learning rate."""
        return float(self.rule().learning_rate)

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.samples // self.batch

    @property
    def operations(self) -> int:
        """Operations of the products in a step, a multiply-add being two."""
        network = lower(self.chain(), CrossEntropy())
        return cost(network, self.batch, itemsize=4, slots=0).operations

    @property
    def forward_operations(self) -> int:
        """Operations of the products in the prediction of a sample."""
        network = lower(self.chain(), None)
        return 2 * sum(part.kind.multiply_adds(part, None) for part in network.parts if part.names)

    def start(self) -> Start:
        """Return what training starts from."""
        rng = np.random.default_rng(0)
        n = self.steps * self.batch
        X = rng.random((n, *self.shape), dtype=np.float32)
        weights = list(self.chain().parameters.values())
        return Start(X, rng.integers(0, self.classes, n), rng.permutation(n), weights)

    def chain(self) -> Chain:
        """Return the chain with its parameters at the start."""
        functions: list[Any] = []
        for layer in self.images:
            if isinstance(layer, Filters):
                convolution = Conv2d(layer.channels, layer.size, **layer.options)
                functions += [convolution, ReLU()]
            else:
                functions.append(MaxPool2d(2))
        functions += [Flatten()] if self.images else []
        for size in self.hidden:
            functions += [Linear(size), ReLU()]
        chain = Chain(*functions, Linear(self.classes), Softmax())
        return chain.initialize(self.shape, seed=1)

    def rule(self) -> Any:
        """Return the optimizer."""
        momentum = SGD(0.01, momentum=0.9)
        return {"sgd": SGD(0.01), "momentum": momentum, "adam": Adam(1e-4)}[self.optimizer]


def multilayer(*sizes: int, batch: int, optimizer: str = "sgd", samples: int = 8192) -> Case:
    """Return the case of a multilayer network of these sizes."""
    name = "-".join(map(str, sizes))
    return Case(name, sizes[:1], sizes[1:-1], batch, optimizer, samples, classes=sizes[-1])


LENET = (Filters(6, 5, 2), POOL, Filters(16, 5), POOL)
TWO = (Filters(32), Filters(64), POOL)
FOUR = (Filters(32, 3, 1), Filters(32, 3, 1), POOL, Filters(64, 3, 1), Filters(64, 3, 1), POOL)
STRIDES = tuple(Filters(c, 3, 1, stride=2) for c in (16, 32, 64))
MNIST, CIFAR = (1, 28, 28), (3, 32, 32)


def blocks(*layers: Filters) -> tuple[Filters | str, ...]:
    """Return convolutions, each with a pool behind it."""
    return tuple(each for layer in layers for each in (layer, POOL))


THREE = blocks(*(Filters(c, 3, 1) for c in (16, 32, 64)))
DILATED = blocks(Filters(16, 3, 1), *(Filters(c, 3, 2, dilation=2) for c in (32, 64)))
GROUPED = blocks(Filters(16, 3, 1), *(Filters(c, 3, 1, groups=4) for c in (32, 64)))

WIDE = multilayer(784, 1024, 1024, 10, batch=1024, samples=4096)
CASES = (
    multilayer(64, 32, 16, 10, batch=1, samples=4096),
    multilayer(64, 32, 16, 10, batch=32),
    multilayer(784, 256, 128, 10, batch=64),
    multilayer(784, 256, 128, 10, batch=64, optimizer="momentum"),
    multilayer(784, 256, 128, 10, batch=64, optimizer="adam"),
    multilayer(784, 256, 128, 10, batch=128),
    multilayer(784, 512, 512, 10, batch=256),
    WIDE,
    replace(WIDE, precision="bfloat16"),
    replace(WIDE, precision="bfloat16_blocks"),
    multilayer(256, 100_000, batch=256, samples=1024),
    Case("LeNet-5 on 28 × 28", MNIST, (120, 84), 32, samples=2048, images=LENET),
    Case("32c3-64c3-pool-128-10 on 28 × 28", MNIST, (128,), 32, samples=512, images=TWO),
    Case(
        "32-32-pool-64-64-pool-128-10 on 3 × 32 × 32", CIFAR, (128,), 32, samples=256, images=FOUR
    ),
)
