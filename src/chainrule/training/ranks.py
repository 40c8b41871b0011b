"""The processes that share a training out: one alone, or the ranks of an MPI communicator.

Each has some consecutive shards of every batch. The gradients of the shards are the leaves of a
binary tree; a process sums the whole subtrees that it has, its nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.engine.running.token_rows import TokenRows
    from chainrule.training.common_memory import CommonMemory

Add = Callable[[Array, Array], None]
"""Adds the second array to the first one, in place."""


class Total(Protocol):
    """The sum over all shards of a batch, which grows as processes come to their parts."""

    def take(self, node: range, pieces: Iterable[tuple[int, int]]) -> None:
        """Take the sum of a node's gradients, piece by piece as they are made."""

    def take_loss(self, node: range, loss: float) -> None:
        """Take the loss of a node."""

    def take_rows(self, node: range, rows: TokenRows) -> None:
        """Take a node's gradient by tokens, of sparse samples."""

    def finished(self) -> float:
        """Wait until the gradients in memory are those of all shards; return the whole loss."""

    @property
    def rows(self) -> TokenRows | None:
        """Those of all shards by tokens, in the end."""

    @property
    def interrupted(self) -> bool:
        """Whether a process was asked to end before it came to its part."""


class Ranks(Protocol):
    """The processes, as seen by one of them: number ``rank`` of ``size``.

    ``on_this_machine`` of them share its processors.
    """

    rank: int
    size: int
    on_this_machine: int
    interrupted: bool
    """Whether one of them has been asked to end; all know it after the same step."""

    def share(self, value: Any) -> Any:
        """Return the value that the first process has."""

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes, in their order."""

    def join(self, rows: Array, count: int) -> Array:
        """Return ``count`` rows, of which each process has its share, as :func:`own_rows` says."""

    def total(self, gradients: Array, add: Add, shards: int) -> Total:
        """Return the sum over shards, to be made in the memory where gradients are."""

    def common_memory(self, size: int) -> CommonMemory | None:
        """Return memory of so many bytes that all read; None where there is none to be had."""

    def at_one_pace(self) -> AbstractContextManager[None]:
        """Take note that steps begin and, in the end, that they are over."""


def own_rows(ranks: Ranks, count: int) -> slice:
    """Return which of some rows are a process's own."""
    return slice(count * ranks.rank // ranks.size, count * (ranks.rank + 1) // ranks.size)


def nodes(size: int, rank: int, shards: int) -> list[range]:
    """Return the shards that one of so many ranks has, as the largest whole subtrees, in order."""
    first, last = shards * rank // size, shards * (rank + 1) // size
    found = []
    while first < last:
        count = first & -first or shards
        while first + count > last:
            count //= 2
        found.append(range(first, first + count))
        first += count
    return found


class OneProcess:
    """One process, alone."""

    rank, size, on_this_machine = 0, 1, 1
    interrupted = False

    def share(self, value: Any) -> Any:
        """Return the value."""
        return value

    def gather(self, value: Any) -> list[Any]:
        """Return the value."""
        return [value]

    def join(self, rows: Array, count: int) -> Array:
        """Return the rows."""
        return rows

    def total(self, gradients: Array, add: Add, shards: int) -> Total:
        """Return what is there when all is made."""
        return _Whole()

    def common_memory(self, size: int) -> CommonMemory | None:
        """Return None: there are no others."""
        return None

    def at_one_pace(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()


class _Whole:
    """The sum of one process, which is in memory as it makes it."""

    interrupted = False

    def __init__(self) -> None:
        self.loss = np.nan
        self.rows: TokenRows | None = None

    def take_rows(self, node: range, rows: TokenRows) -> None:
        """Take the gradient by tokens."""
        self.rows = rows

    def take(self, node: range, pieces: Iterable[tuple[int, int]]) -> None:
        """Let all pieces be made."""
        for _ in pieces:
            pass

    def take_loss(self, node: range, loss: float) -> None:
        """Take the loss."""
        self.loss = loss

    def finished(self) -> float:
        """Return the loss."""
        return self.loss
