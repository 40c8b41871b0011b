"""The part of a plan that keeps a step's gradient from being longer than a limit.

Its length is known when all of it is, so here a gradient is written to memory after all: products
put it beside the parameters, pieces of it are squared and summed, and pieces of the parameters move
along the gradient times min(1, limit/length). Pieces do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.library import Library
from chainrule.engine.machine.memory import VECTOR, address, aligned
from chainrule.engine.planning.program import Instructions, share
from chainrule.engine.planning.weights import Weights

Array = NDArray[Any]

PIECE = 4096
"""Vectors in a piece."""


@dataclass(frozen=True)
class Keep:
    """The rule of gradients that are kept beside the parameters, which stay."""

    slots: ClassVar[tuple[str, ...]] = ("gradient",)

    learning_rate: float = 1.0

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], rate: Any, step: Any) -> Any:
        """Return w and (g,)."""
        return w, (g,)


@dataclass(frozen=True)
class Span:
    """Parameters, their gradient and their state, one after another in memory."""

    values: Array
    gradient: Array
    state: tuple[Array, ...]
    penalized_yet: bool


class Clipping:
    """Plans updates along a clipped gradient, after the gradient."""

    def __init__(
        self, weights: Weights, limit: float, code: Instructions, library: Library
    ) -> None:
        self.weights, self.code, self.library = weights, code, library
        blocks = [
            Span(b.values.data, b.gradient.data, tuple(s.data for s in b.state), True)
            for b in weights.blocks.values()
            if b.gradient is not None
        ]
        filters = [
            Span(f.values, f.gradient, f.state, len(f.shape) == 1) for f in weights.filters.values()
        ]
        self.spans = [*blocks, *filters]
        self.sums = aligned((len(list(self._pieces())),), weights.dtype)
        self.limit = np.array([limit], dtype=weights.dtype)
        self.scales = aligned((code.threads, VECTOR // weights.dtype.itemsize), weights.dtype)

    def _pieces(self) -> Iterator[tuple[Span, int, int]]:
        """Yield each piece: its span, where it begins in bytes, and how many vectors it has."""
        for span in self.spans:
            vectors = span.values.nbytes // VECTOR
            for first in range(0, vectors, PIECE):
                yield span, first * VECTOR, min(PIECE, vectors - first)

    def measure(self, thread: int, l2: Array) -> None:
        """Add the squares of a thread's pieces of the gradient, penalty included.

        ``l2`` has 0, the λ of biases, and that of weights.
        """
        pieces = list(self._pieces())
        for number in range(*share(len(pieces), self.code.threads, thread)):
            span, start, vectors = pieces[number]
            gradient = address(span.gradient) + start
            if self.weights.l2 and not span.penalized_yet:
                self.code.add(
                    thread,
                    self.library.update_all(Keep()),
                    count=vectors,
                    w=address(span.values) + start,
                    gradient=gradient,
                    state0=gradient,
                    l2=address(l2[1:]),
                )
            self.code.add(
                thread,
                self.library.squares,
                rows=vectors,
                vectors=1,
                w=gradient,
                row_stride=VECTOR,
                sums=address(self.sums[number:]),
            )

    def update(self, thread: int, rates: int, l2: Array) -> None:
        """Add the updates of a thread's pieces; the penalty is in the gradient already."""
        scale = address(self.scales[thread])
        self.code.add(
            thread,
            self.library.clip,
            count=len(self.sums),
            sums=address(self.sums),
            limit=address(self.limit),
            scale=scale,
        )
        pieces = list(self._pieces())
        for number in range(*share(len(pieces), self.code.threads, thread)):
            span, start, vectors = pieces[number]
            state = {f"state{k}": address(slot) + start for k, slot in enumerate(span.state)}
            self.code.add(
                thread,
                self.library.update_all(self.weights.optimizer, scaled=True),
                count=vectors,
                w=address(span.values) + start,
                gradient=address(span.gradient) + start,
                rates=rates,
                l2=address(l2),
                scale=scale,
                **state,
            )
