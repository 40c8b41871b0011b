"""Sums over any number of ranks: a node's sum is made by the rank that has its first shard.

That rank is sent the other part. In the end the sum goes from rank 0 to all, along a tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.training.ranks import nodes
from chainrule.training.tree_sums import (
    FIRST,
    LOSS,
    ROWS,
    TAGS,
    Coming,
    Going,
    Stages,
    TreeSum,
    send_rows,
)
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.engine.running.token_rows import TokenRows


class OverRanks(TreeSum):
    """The sum of any number of ranks."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.parts: dict[int, tuple[Array, Array]] = {}
        self.parts_by_tokens: dict[int, TokenRows] = {}

    def take(self, node: range, pieces: Iterable[tuple[int, int]]) -> None:
        """Keep the sum of a node, when all of it is made."""
        for _ in pieces:
            pass
        if len(nodes(self.messages.size, self.messages.rank, self.shards)) == 1:
            self.parts[node.start] = self.gradients, self.facts
        else:
            from chainrule.engine.machine.memory import aligned

            kept = aligned(self.gradients.shape, self.gradients.dtype)
            kept[...] = self.gradients
            self.parts[node.start] = kept, self.facts

    def take_loss(self, node: range, loss: float) -> None:
        """Keep its loss."""
        self.parts[node.start] = self.parts[node.start][0], self.own_facts(loss)

    def take_rows(self, node: range, rows: TokenRows) -> None:
        """Keep its gradient by tokens."""
        self.parts_by_tokens[node.start] = rows

    def finished(self) -> float:
        """Add up the tree, and let all ranks have the sum; return the loss."""
        going = Going(self.messages, self._stages())
        self.messages.wait_until(going.over, lambda: f"rank {going.partner}")
        return float(self.facts[0, 0])

    def _stages(self) -> Stages:
        rank = self.messages.rank
        for start, middle, left, right in _joins(self.messages.size, self.shards):
            if rank in (left, right):
                yield from self._join(start, middle, left, right)
                if self.parts_by_tokens:
                    yield from self._join_rows(start, middle, left, right)
        yield from self._spread()

    def _join(self, start: int, middle: int, left: int, right: int) -> Stages:
        """Add the part from the middle on to the one from the start on."""
        messages = self.messages
        if messages.rank == right != left:
            sums, facts = self.parts.pop(middle)
            sent = messages.send(sums, left, FIRST), messages.send(facts, left, LOSS)
            yield list(sent), left
            return
        sums, facts = self.parts[start]
        if left == right:
            others, other_facts = self.parts.pop(middle)
        else:
            others, other_facts = self.incoming, np.empty_like(facts)
            come = [messages.receive(others, right, FIRST)]
            yield [*come, messages.receive(other_facts, right, LOSS)], right
        self.add(sums, others)
        facts += other_facts

    def _join_rows(self, start: int, middle: int, left: int, right: int) -> Stages:
        """Do the same with gradients by tokens."""
        messages, parts = self.messages, self.parts_by_tokens
        if messages.rank == right != left:
            sent = send_rows(messages, parts[middle], left, ROWS)
            yield sent, left
            return
        if left == right:
            others = parts[middle]
        else:
            coming = Coming(messages, parts[start], right, ROWS)
            yield from coming.stages([])
            others = coming.rows
        parts[start] = parts[start].plus(others, self.add)

    def _spread_rows(self, above: int, below: list[int]) -> Stages:
        """Send the sum by tokens on."""
        own = next(iter(self.parts_by_tokens.values()))
        if self.messages.rank == 0:
            self.rows = self.parts_by_tokens[0]
        else:
            coming = Coming(self.messages, own, above, ROWS + TAGS)
            yield from coming.stages([])
            self.rows = coming.rows
        for other in below:
            yield send_rows(self.messages, self.rows, other, ROWS + TAGS), other

    def _spread(self) -> Stages:
        """Send the sum from rank 0 to all, along a tree."""
        messages, rank = self.messages, self.messages.rank
        if rank == 0:
            sums, self.facts = self.parts[0]
            if sums is not self.gradients:
                self.gradients[...] = sums
        else:
            above = rank & (rank - 1)
            come = messages.receive(self.gradients, above, FIRST + 1)
            yield [come, messages.receive(self.facts, above, LOSS + 1)], above
        most, requests = rank & -rank or messages.size, []
        below = [rank + (1 << k) for k in range(messages.size.bit_length()) if 1 << k < most]
        for other in below:
            if other < messages.size:
                requests.append(messages.send(self.gradients, other, FIRST + 1))
                requests.append(messages.send(self.facts, other, LOSS + 1))
        if requests:
            yield requests, below[0]
        if self.parts_by_tokens:
            others = [other for other in below if other < messages.size]
            yield from self._spread_rows(rank & (rank - 1), others)


@cache
def _joins(size: int, shards: int) -> list[tuple[int, int, int, int]]:
    """Return the inner nodes of the tree over so many ranks that no rank has for itself.

    In their order, of each the first shards of its two parts, and the ranks that have them.
    """
    own = [(node, rank) for rank in range(size) for node in nodes(size, rank, shards)]
    owners = [rank for node, rank in own for _ in node]
    whole = [node for node, _ in own for _ in node]
    found, half = [], 1
    while half < shards:
        for start in range(0, shards, 2 * half):
            if len(whole[start]) < 2 * half:
                found.append((start, start + half, owners[start], owners[start + half]))
        half *= 2
    return found
