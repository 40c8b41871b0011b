"""JAX: the loss, its gradient and the update are one compiled function."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case, Filters, Start

Array = NDArray[Any]


class Jax:
    """JAX on the processor; it takes all threads that the process may use."""

    name = "JAX"
    libraries = ("jax",)

    def __init__(self, case: Case, start: Start, threads: int) -> None:
        import jax

        self.case, self.jax = case, jax
        X = start.X.transpose(0, 2, 3, 1) if case.images else start.X  # channels last
        self.X, self.t = jax.numpy.asarray(X), jax.numpy.asarray(start.t.astype(np.int32))
        self.order = start.order.astype(np.int32)
        self.w = [jax.numpy.asarray(w) for w in start.weights]
        slots = {"sgd": 0, "momentum": 1, "adam": 2}[case.optimizer]
        self.state = [[jax.numpy.zeros_like(w) for w in self.w] for _ in range(slots)]
        self.number = 0
        self.step = jax.jit(self._step, donate_argnums=(0, 1))

    @staticmethod
    def runs(case: Case) -> bool:
        """Return whether JAX is installed, and has the precision here."""
        return find_spec("jax") is not None and case.precision == "float32"

    def _loss(self, w: list[Any], X: Any, t: Any) -> Any:
        """Return the mean cross-entropy of a batch."""
        nn, lax, numpy = self.jax.nn, self.jax.lax, self.jax.numpy
        arrays = iter(w)
        for layer in self.case.images:
            if isinstance(layer, Filters):
                filters, b = next(arrays), next(arrays)
                margins = [(layer.padding, layer.padding)] * 2
                form = ("NHWC", "OIHW", "NHWC")
                X = lax.conv_general_dilated(X, filters, (1, 1), margins, dimension_numbers=form)
                X = nn.relu(X + b)
            else:
                window = (1, 2, 2, 1)
                X = lax.reduce_window(X, -numpy.inf, lax.max, window, window, "VALID")
        if self.case.images:
            X = X.transpose(0, 3, 1, 2).reshape(len(X), -1)
        for _ in self.case.hidden:
            X = nn.relu(X @ next(arrays) + next(arrays))
        Z = X @ next(arrays) + next(arrays)
        return -numpy.take_along_axis(nn.log_softmax(Z), t[:, None], axis=1).mean()

    def _step(
        self, w: list[Any], state: list[list[Any]], X: Any, t: Any, rows: Any, number: Any
    ) -> tuple[list[Any], list[list[Any]]]:
        """Return parameters and the optimizer's state after a step on some rows."""
        gradients = self.jax.grad(self._loss)(w, X[rows], t[rows])
        rate, numpy = self.case.rate, self.jax.numpy
        if self.case.optimizer == "adam":
            first = [0.9 * m + 0.1 * g for m, g in zip(state[0], gradients, strict=True)]
            second = [0.999 * v + 0.001 * g * g for v, g in zip(state[1], gradients, strict=True)]
            one, other = 1 - 0.9**number, 1 - 0.999**number
            moves = [
                m / one / (numpy.sqrt(v / other) + 1e-8) for m, v in zip(first, second, strict=True)
            ]
            state = [first, second]
        elif self.case.optimizer == "momentum":
            moves = [0.9 * v + g for v, g in zip(state[0], gradients, strict=True)]
            state = [moves]
        else:
            moves = gradients
        return [p - rate * move for p, move in zip(w, moves, strict=True)], state

    def epoch(self) -> None:
        """Take the steps one by one; wait for the last."""
        for start in range(0, len(self.order), self.case.batch):
            self.number += 1
            rows = self.order[start : start + self.case.batch]
            number = np.float32(self.number)
            self.w, self.state = self.step(self.w, self.state, self.X, self.t, rows, number)
        self.jax.block_until_ready(self.w)

    def weights(self) -> list[Array]:
        """Return the parameters."""
        return [np.asarray(w) for w in self.w]
