"""What is measured: networks, optimizers, batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule import SGD, Adam, Chain, Linear, ReLU, Softmax

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A multilayer network with ReLU, softmax at the end, and how it is trained."""

    sizes: tuple[int, ...]
    batch: int
    optimizer: str = "sgd"
    samples: int = 8192

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, {self.optimizer}, batch {self.batch}"

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.samples // self.batch

    @property
    def operations(self) -> int:
        """Operations of the products in a step, a multiply-add being two."""
        products = [i * o for i, o in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2 * self.batch * (3 * sum(products) - products[0])

    def data(self) -> tuple[Array, Array, Array]:
        """Return X (n, i) float32, class numbers t (n,), and the order of the samples."""
        rng = np.random.default_rng(0)
        n = self.steps * self.batch
        X = rng.random((n, self.sizes[0]), dtype=np.float32)
        return X, rng.integers(0, self.sizes[-1], n), rng.permutation(n)

    def chain(self) -> Chain:
        """Return the chain with its parameters at the start."""
        functions: list[Any] = []
        for size in self.sizes[1:-1]:
            functions += [Linear(size), ReLU()]
        chain = Chain(*functions, Linear(self.sizes[-1]), Softmax())
        return chain.initialize(self.sizes[:1], seed=1)

    def rule(self) -> Any:
        """Return the optimizer."""
        momentum = SGD(0.01, momentum=0.9)
        return {"sgd": SGD(0.01), "momentum": momentum, "adam": Adam(1e-4)}[self.optimizer]


CASES = (
    Case((64, 32, 16, 10), 1, samples=4096),
    Case((64, 32, 16, 10), 32),
    Case((784, 256, 128, 10), 64),
    Case((784, 256, 128, 10), 64, "momentum"),
    Case((784, 256, 128, 10), 64, "adam"),
    Case((784, 256, 128, 10), 128),
    Case((784, 512, 512, 10), 256),
    Case((784, 1024, 1024, 10), 1024, samples=4096),
)
