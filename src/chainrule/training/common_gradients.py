"""Gradients of ranks on one machine, in memory that all of them read.

Each rank makes the gradients of its own shards there. When all are made, it moves its parameters
along their sum, in the order of the tree, which it adds up a few vectors at a time: nothing is
sent, and no sum is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.training.common_memory import CommonMemory
from chainrule.training.ranks import Ranks, nodes
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.engine.running.shard_steps import ShardSteps
    from chainrule.engine.running.token_rows import TokenRows

LINE, PAGE = 64, 4096
"""Bytes at whose multiples the facts of a node begin, and its gradient."""


class CommonGradients:
    """The sum over shards of one step after the other, as :class:`Total` has it.

    Parameters
    ----------
    memory : CommonMemory
        As large as :func:`size_of` says.
    ranks : Ranks
        Those that have it in common.
    steps : ShardSteps
        Of this rank; they make gradients there from now on.
    shards : int
        Of a batch.
    """

    rows: TokenRows | None = None

    def __init__(self, memory: CommonMemory, ranks: Ranks, steps: ShardSteps, shards: int) -> None:
        from chainrule.engine.machine.memory import address

        self.memory, self.steps, self.interrupted = memory, steps, False
        every = _every_node(ranks, shards)
        self.numbers = {node.start: number for number, node in enumerate(every)}
        self.tree = _tree(range(shards), every)
        self.facts, self.gradients = _parts(memory.free, len(every), steps.gradients)
        self.last = self.numbers[nodes(ranks.size, ranks.rank, shards)[-1].start]
        places = _with(self.tree, [address(gradient) for gradient in self.gradients])
        steps.keep_gradients_in(self.gradients[self.last], places, memory.wait)

    @classmethod
    def of(cls, ranks: Ranks, steps: ShardSteps, shards: int) -> CommonGradients | None:
        """Return those of ranks that have memory in common, of steps that can be taken so."""
        if ranks.size == 1 or not steps.can_lie_apart:
            return None
        count = len(_every_node(ranks, shards))
        memory = ranks.common_memory(size_of(count, steps.gradients))
        return None if memory is None else cls(memory, ranks, steps, shards)

    def begin(self) -> CommonGradients:
        """Begin a step: what all have made for the last one is no longer read here."""
        self.memory.meeting.arrive()
        return self

    def take(self, node: range, pieces: Iterable[tuple[int, int]]) -> None:
        """Let all pieces be made, in the place of the last node; bring them to the node's own."""
        for _ in pieces:
            pass
        number = self.numbers[node.start]
        if number != self.last:
            self.gradients[number][...] = self.steps.gradients

    def take_loss(self, node: range, loss: float) -> None:
        """Take the loss, and whether this rank has been interrupted."""
        self.facts[self.numbers[node.start], :2] = loss, self.memory.channel.interrupted

    def take_rows(self, node: range, rows: TokenRows) -> None:
        """Refuse gradients by tokens, which lie nowhere."""
        raise NotImplementedError

    def finished(self) -> float:
        """Wait until the gradients of all ranks are there; return the whole loss."""
        self.memory.meeting.arrive()
        self.memory.wait()
        self.interrupted = bool(self.facts[:, 1].any())
        return _sum(_with(self.tree, self.facts[:, 0].tolist()))


def size_of(count: int, gradients: Array) -> int:
    """Return the bytes of memory for so many nodes' facts and gradients."""
    return PAGE + count * LINE + count * (gradients.nbytes + PAGE)


def _parts(memory: Array, count: int, like: Array) -> tuple[Array, list[Array]]:
    """Return the facts (count, numbers) of nodes, and their gradients."""
    facts = memory[: count * LINE].view(np.float64).reshape(count, -1)
    start, gradients = count * LINE, []
    for _ in range(count):
        start += -(memory.ctypes.data + start) % PAGE
        own = memory[start : start + like.nbytes]
        gradients.append(own.view(like.dtype).reshape(like.shape))
        start += like.nbytes
    return facts, gradients


def _every_node(ranks: Ranks, shards: int) -> list[range]:
    return [node for rank in range(ranks.size) for node in nodes(ranks.size, rank, shards)]


def _tree(shards: range, every: Sequence[range]) -> Any:
    """Return the tree over shards: the number of a node, or two subtrees."""
    if shards in every:
        return every.index(shards)
    half = len(shards) // 2
    return _tree(shards[:half], every), _tree(shards[half:], every)


def _with(tree: Any, values: Sequence[Any]) -> Any:
    """Return the tree with values in the place of numbers."""
    if isinstance(tree, tuple):
        return tuple(_with(each, values) for each in tree)
    return values[tree]


def _sum(tree: Any) -> float:
    return _sum(tree[0]) + _sum(tree[1]) if isinstance(tree, tuple) else float(tree)
