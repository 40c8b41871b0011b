"""The first stage of a network on sparse samples, whose rows are lists of tokens.

Forward is cut by samples. The gradient is cut by tokens, and so is the update; where a parameter
without a gradient does not move, only the rows of the batch's tokens are visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels.bags import OWN, owner
from chainrule.engine.kernels.library import Kernel, Library
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.planning.program import Instructions, share
from chainrule.engine.planning.samples import SparseRows
from chainrule.engine.planning.weights import Block

Array = NDArray[Any]
Range = tuple[int, int]


@dataclass(frozen=True)
class TokenGradient:
    """The gradient by the rows of W, of a batch's tokens alone.

    ``slots`` (threads, tokens) has the row of ``sums`` that is a token's, or 0; ``touched`` the
    token of each row. A thread's rows come after ``before[thread]``, the last one of the thread
    before it; ``used[thread, 0]`` is the last one that the thread needed. Memory that no batch
    needs is never touched, so the system need not provide it.
    """

    slots: NDArray[np.int32]
    sums: Array
    touched: NDArray[np.int32]
    used: NDArray[np.int64]
    before: tuple[int, ...]

    @classmethod
    def of(cls, W: Panels, tokens: int, threads: int) -> TokenGradient:
        """Return the gradient of a matrix (tokens, features), with room for any batch."""
        owners = owner(np.arange(tokens, dtype=np.int64), threads)
        counts = np.bincount(owners, minlength=threads)
        return cls(
            aligned((threads, -(-tokens // 16) * 16), np.int32),
            aligned((1 + tokens, W.count, W.lanes), W.data.dtype),
            aligned((1 + tokens,), np.int32),
            aligned((threads, VECTOR // 8), np.int64),
            tuple(int(n) for n in np.cumsum(counts) - counts),
        )


class Bags:
    """Plans the first stage on sparse samples; each method adds instructions for one thread."""

    def __init__(self, block: Block, tokens: int, code: Instructions, library: Library) -> None:
        self.block, self.tokens, self.code, self.library = block, tokens, code, library
        self.readers: list[tuple[Kernel, Array]] = []
        self.own: Array = np.empty((0,), dtype=np.uint8)

    @cached_property
    def gradient(self) -> TokenGradient:
        """Where the gradient is summed."""
        return TokenGradient.of(self.block.values, self.tokens, self.code.threads)

    def bind(self, samples: SparseRows) -> None:
        """Let the kernels read these samples' entries."""
        self.own = np.empty((self.code.threads, samples.longest * OWN), dtype=np.uint8)
        for kernel, arguments in self.readers:
            arguments[kernel.fields.index("tokens")] = address(samples.tokens)
            arguments[kernel.fields.index("values")] = address(samples.values)
            if "own" in kernel.fields:
                thread = int(arguments[kernel.fields.index("whose")])
                arguments[kernel.fields.index("own")] = address(self.own[thread])

    def forward(
        self, thread: int, samples: Array, rows: Range, panels: Range, **epilogue: int
    ) -> None:
        """Add Z = X W of some samples and some panels; an epilogue takes the rows of it."""
        W = self.block.values
        self._read(
            thread,
            self.library.bag,
            rows=rows[1] - rows[0],
            vectors=panels[1] - panels[0],
            samples=address(samples[rows[0] :]),
            w=W.address + panels[0] * W.stride,
            w_row=W.row_stride,
            w_vector=W.stride,
            **epilogue,
        )

    def scatter(self, thread: int, samples: Array, rows: int, dz: Panels) -> None:
        """Add dW = Xᵀ dZ, for the tokens that belong to the thread."""
        self._read(
            thread,
            self.library.scatter(alone=self.code.threads == 1),
            rows=rows,
            vectors=dz.count,
            samples=address(samples),
            gradient=dz.address,
            vector_stride=dz.stride,
            whose=thread,
            threads=self.code.threads,
            slots=address(self.gradient.slots[thread]),
            before=self.gradient.before[thread],
            used=address(self.gradient.used[thread]),
            touched=address(self.gradient.touched),
            sums=address(self.gradient.sums),
        )

    def move_touched(self, thread: int, optimizer: Any, **moved: int) -> None:
        """Add the update of the thread's tokens that the batch has."""
        kernel = self.library.move_touched(optimizer)
        slots = address(self.gradient.slots[thread])
        self._move(thread, kernel, moved, slots=slots, before=self.gradient.before[thread])

    def move_all(self, thread: int, optimizer: Any, **moved: int) -> None:
        """Add the update of the thread's part of all tokens, when all threads have their sums."""
        first, last = share(self.tokens, self.code.threads, thread)
        kernel, slots = self.library.move_all(optimizer), self.gradient.slots
        where = {"slots": address(slots), "slots_of_thread": slots.strides[0]}
        self._move(thread, kernel, moved, first=first, last=last, **where)

    def _move(self, thread: int, kernel: Kernel, moved: dict[str, int], **values: int) -> None:
        self.code.add(
            thread,
            kernel,
            **moved,
            vectors=self.block.values.count,
            threads=self.code.threads,
            used=address(self.gradient.used[thread]),
            touched=address(self.gradient.touched),
            sums=address(self.gradient.sums),
            **values,
        )

    def _read(self, thread: int, kernel: Kernel, **values: int) -> None:
        self.readers.append((kernel, self.code.add(thread, kernel, **values)))


def moves_all_rows(optimizer: Any, l2: float) -> bool:
    """Return whether rows of W move of which the batch has no token."""
    return l2 > 0 or not rests_without_gradient(optimizer)


def rests_without_gradient(optimizer: Any) -> bool:
    """Return whether an optimizer leaves a parameter and its state alone where g = 0.

    Its rule is asked, with numbers of different sizes, at different steps.
    """
    w = np.array([-3.0, -0.7, 0.0, 1e-3, 2.5])
    for step in (1, 2, 1000):
        for size in (0.0, 1e-3, 1.0):
            state = tuple(size * np.arange(1.0, 6.0) for _ in optimizer.slots)
            rate = optimizer.learning_rate
            moved, fresh = optimizer.rule(w, np.zeros_like(w), state, rate, step)
            pairs = zip((w, *state), (moved, *fresh), strict=True)
            if not all(np.array_equal(old, new) for old, new in pairs):
                return False
    return True
