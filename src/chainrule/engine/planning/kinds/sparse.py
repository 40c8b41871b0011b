"""The first product of a network on sparse samples, whose rows are lists of tokens.

Forward is cut by samples. The gradient is cut by tokens, and so is the update; where a parameter
without a gradient does not move, only the rows of the batch's tokens are visited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import bags
from chainrule.engine.kernels.library import CompiledKernel
from chainrule.engine.machine.memory import VECTOR, Panels, address, aligned
from chainrule.engine.network.network import Part
from chainrule.engine.planning.context import PlanContext
from chainrule.engine.planning.cuts import Range, RowCut
from chainrule.engine.planning.kinds.base import Emission, emission
from chainrule.engine.planning.kinds.dense import Dense
from chainrule.engine.planning.program import partition
from chainrule.engine.planning.sample_rows import SparseRows
from chainrule.engine.planning.weights import Weights
from chainrule.types import Array


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
        owners = bags.owner(np.arange(tokens, dtype=np.int64), threads)
        counts = np.bincount(owners, minlength=threads)
        return cls(
            aligned((threads, -(-tokens // 16) * 16), np.int32),
            aligned((1 + tokens, W.count, W.lanes), W.data.dtype),
            aligned((1 + tokens,), np.int32),
            aligned((threads, VECTOR // 8), np.int64),
            tuple(int(n) for n in np.cumsum(counts) - counts),
        )


    def named(self) -> NDArray[np.int64]:
        """Return the tokens of what was summed last, in no order."""
        ends = self.used[:, 0].tolist()
        own = [self.touched[b + 1 : end + 1] for b, end in zip(self.before, ends, strict=True)]
        return np.concatenate(own).astype(np.int64)


class SparseDense(Dense):
    """A Linear or an EmbeddingBag on sparse samples."""

    @classmethod
    def pays(cls, part: Part, entries: float | None) -> bool:
        """Return whether samples are sparse."""
        return entries is not None

    @classmethod
    def add_parameters(cls, part: Part, weights: Weights, *, behind: bool) -> None:
        """Add W whose rows, those of tokens, are whole; and b."""
        shape = (part.reads, part.features)
        weights.add(part.names[part.kind.matrix], shape, by_rows=True)
        if "b" in part.names:
            weights.add(part.names["b"], (part.features,))

    @classmethod
    def kernels(cls) -> Iterable[Emission]:
        """Return what reads tokens, and sums the gradients by them."""
        scatters = (emission(bags.scatter, alone=alone) for alone in (False, True))
        return [emission(bags.forward), *scatters]

    @property
    def by_samples(self) -> bool:
        """Whether threads share out samples: a sample's tokens are read once."""
        return True

    @cached_property
    def gradient(self) -> TokenGradient:
        """Where the gradient is summed."""
        return TokenGradient.of(self.weight.values, self.part.reads, self.context.threads)

    def _multiply(self, cut: RowCut, epilogue: CompiledKernel, arguments: dict[str, int]) -> None:
        W = self.weight.values
        self._read(
            cut.thread,
            self.library.get(bags.forward),
            rows=cut.samples,
            vectors=cut.count,
            samples=address(self.context.batches[cut.thread].rows[cut.rows[0] :]),
            w=W.address + cut.panels[0] * W.stride,
            w_row=W.row_stride,
            w_vector=W.stride,
            **self.context.epilogue(epilogue, arguments),
        )

    @property
    def moves_all(self) -> bool:
        """Whether rows of W move of which the batch has no token."""
        if self.context.touched:
            return False
        l2 = self.weights.l2 if self.context.penalizes else 0.0
        return moves_all_rows(self.context.rule, l2)

    def updates(self) -> Sequence[Callable[[int], None]]:
        """Return the sums and moves; the move of all rows waits for all threads' sums."""
        return (self.update, self.move_all) if self.moves_all else (self.update,)

    def update_matrix(self, thread: int, panels: Range) -> None:
        """Sum the gradient by the rows of W; where no others move, these move at once."""
        if self.moves_all:
            self._scatter(self.context, thread, (0, self.context.rows))
        else:
            self.move_touched(self.context, thread, (0, self.context.rows))

    def move_touched(self, context: PlanContext, thread: int, samples: Range) -> None:
        """Add to a program the sum over some samples, and the move of the rows they name."""
        self._scatter(context, thread, samples)
        kernel = self.library.get(bags.move_touched, context.rule)
        slots, before = self.gradient.slots[thread], self.gradient.before[thread]
        self._move(context, thread, kernel, slots=address(slots), before=before)

    def _scatter(self, context: PlanContext, thread: int, samples: Range) -> None:
        """Add dW = Xᵀ dZ over some samples, for the tokens that belong to the thread."""
        dz = self.values.gradient
        kernel = self.library.get(bags.scatter, alone=context.threads == 1)
        arguments = context.code.add(
            thread,
            kernel,
            rows=samples[1] - samples[0],
            vectors=dz.count,
            samples=address(context.batches[thread].rows[samples[0] :]),
            gradient=dz.address + samples[0] * VECTOR,
            vector_stride=dz.stride,
            whose=thread,
            threads=self.context.threads,
            slots=address(self.gradient.slots[thread]),
            before=self.gradient.before[thread],
            used=address(self.gradient.used[thread]),
            touched=address(self.gradient.touched),
            sums=address(self.gradient.sums),
        )
        context.readers.append((kernel, arguments))

    def move_all(self, thread: int) -> None:
        """Add the update of the thread's part of all tokens, when all threads have their sums."""
        first, last = partition(self.part.reads, self.context.threads, thread)
        kernel, slots = self.library.get(bags.move_all, self.context.rule), self.gradient.slots
        where = {"slots": address(slots), "slots_of_thread": slots.strides[0]}
        self._move(self.context, thread, kernel, first=first, last=last, **where)

    def _move(
        self, context: PlanContext, thread: int, kernel: CompiledKernel, **values: int
    ) -> None:
        context.code.add(
            thread,
            kernel,
            **self.moved(thread, self.weight, 0),
            vectors=self.weight.values.count,
            threads=self.context.threads,
            used=address(self.gradient.used[thread]),
            touched=address(self.gradient.touched),
            sums=address(self.gradient.sums),
            **values,
        )

    def _read(self, thread: int, kernel: CompiledKernel, **values: int) -> None:
        self.context.readers.append((kernel, self.code.add(thread, kernel, **values)))


def bind(context: PlanContext, samples: SparseRows) -> Array:
    """Let a program's kernels read the entries of samples; return what they need of memory."""
    own = np.empty((context.threads, samples.longest * bags.OWN), dtype=np.uint8)
    for kernel, arguments in context.readers:
        arguments[kernel.fields.index("tokens")] = address(samples.tokens)
        arguments[kernel.fields.index("values")] = address(samples.values)
        if "own" in kernel.fields:
            thread = int(arguments[kernel.fields.index("whose")])
            arguments[kernel.fields.index("own")] = address(own[thread])
    return own


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
