"""Sums over the ranks of MPI, in the order of one tree, whatever their number.

Ranks whose number is a power of two have a subtree each. At the lowest level those of two
neighbours are added, then those of four ranks, and so on. Both partners add the same two numbers,
whose sum does not depend on which comes first. Of a long piece each of the two takes one half of
the numbers, sends the other half away, and goes on with its own; in the end halves go back.

Other numbers of ranks have several subtrees each, and sums of their own (`uneven_sums`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.training.channel import Channel
from chainrule.training.ranks import Add
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.engine.running.token_rows import TokenRows

HALVED = 2**14
"""Bytes of a piece from which on partners share the addition out."""

LOSS, ROWS, FIRST = 4, 8, 64
"""Tags: of losses, of rows by tokens, and of the first piece, of which each level has two."""

TAGS = 3
"""Messages that rows by tokens take."""

PIECES = 256
"""Pieces that may be on their way at once, whose tags differ."""


Stages = Iterator[tuple[list[Any], int]]
"""Requests after whose end a sum goes on, and the rank that is waited for."""


class TreeSum:
    """What both kinds of sums have.

    Parameters
    ----------
    messages : Channel
        Between the ranks.
    gradients, incoming : ndarray of shape (vectors, lanes)
        Where a rank's own sums are made, and where those of others arrive.
    add : callable
        Adds gradients.
    shards : int
        Of the batch.

    Attributes
    ----------
    facts : ndarray of shape (1, 2)
        The loss, and how many nodes' ranks have been interrupted.
    rows : TokenRows or None
        In the end, of sparse samples, the gradient by tokens.
    """

    def __init__(
        self, messages: Channel, gradients: Array, incoming: Array, add: Add, shards: int
    ) -> None:
        self.messages, self.gradients, self.incoming = messages, gradients, incoming
        self.add, self.shards, self.facts = add, shards, np.zeros((1, 2))
        self.rows: TokenRows | None = None

    def own_facts(self, loss: float) -> Array:
        """Return the facts of a node."""
        return np.array([[loss, float(self.messages.interrupted)]])

    @property
    def interrupted(self) -> bool:
        """Whether a rank was."""
        return bool(self.facts[0, 1] > 0)


class Butterfly(TreeSum):
    """The sum of ranks that have one node each, all of a size."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.under_way: list[Going] = []
        self._pieces = 0

    def take(self, node: range, pieces: Iterable[tuple[int, int]]) -> None:
        """Send each piece as soon as it is made."""
        for start, stop in pieces:
            tag = FIRST + self._pieces % PIECES * 64
            self._pieces += 1
            own = slice(start, stop)
            stages = _exchange(
                self.messages, self.gradients[own], self.incoming[own], self.add, tag
            )
            self.under_way.append(Going(self.messages, stages))
            self._go_on()

    def take_loss(self, node: range, loss: float) -> None:
        """Send the loss, too."""
        self.facts = self.own_facts(loss)
        stages = _exchange(self.messages, self.facts, np.empty_like(self.facts), _plus, LOSS)
        self.under_way.append(Going(self.messages, stages))

    def take_rows(self, node: range, rows: TokenRows) -> None:
        """Send the gradient by tokens, too."""
        self.under_way.append(Going(self.messages, self._exchange_rows(rows)))

    def _exchange_rows(self, rows: TokenRows) -> Stages:
        """Sum rows over all ranks; partners send each other all that they have."""
        step, tag = 1, ROWS
        while step < self.messages.size:
            partner = self.messages.rank ^ step
            sent = send_rows(self.messages, rows, partner, tag)
            coming = Coming(self.messages, rows, partner, tag)
            yield from coming.stages(sent)
            rows = rows.plus(coming.rows, self.add)
            step, tag = 2 * step, tag + TAGS
        self.rows = rows

    def _go_on(self) -> bool:
        self.under_way = [each for each in self.under_way if not each.over()]
        return not self.under_way

    def finished(self) -> float:
        """Wait until all sums are there; return the loss."""
        self.messages.wait_until(self._go_on, lambda: f"rank {self.under_way[0].partner}")
        return float(self.facts[0, 0])


def send_rows(messages: Channel, rows: TokenRows, to: int, tag: int) -> list[Any]:
    """Begin to send how many rows there are, their tokens, and themselves."""
    parts = np.array([len(rows.tokens)]), rows.tokens, rows.rows
    return [messages.send(part, to, tag + k) for k, part in enumerate(parts)]


class Coming:
    """Rows that come from another rank, like others in their width and type."""

    def __init__(self, messages: Channel, like: TokenRows, source: int, tag: int) -> None:
        self.messages, self.source, self.tag = messages, source, tag
        self.like, self.rows = like, like

    def stages(self, sent: list[Any]) -> Stages:
        """Receive them; what was sent meanwhile is waited for, too."""
        from chainrule.engine.running.token_rows import TokenRows, room_for

        count = np.zeros(1, np.int64)
        yield [self.messages.receive(count, self.source, self.tag)], self.source
        tokens, rows = np.zeros(count[0], np.int64), room_for(int(count[0]), self.like.rows)
        come = [
            self.messages.receive(part, self.source, self.tag + 1 + k)
            for k, part in enumerate((tokens, rows))
        ]
        yield [*come, *sent], self.source
        self.rows = TokenRows(tokens, rows)


class Going:
    """A sum under way: it goes on when its requests are done."""

    def __init__(self, messages: Channel, stages: Stages) -> None:
        self.messages, self._stages = messages, stages
        self._requests, self.partner = next(stages, ([], 0))

    def over(self) -> bool:
        """Go on as far as requests are done; return whether nothing is left."""
        while self._requests:
            if not self.messages.done(self._requests):
                return False
            self._requests, self.partner = next(self._stages, ([], self.partner))
        return True


def _exchange(messages: Channel, own: Array, incoming: Array, add: Add, tag: int) -> Stages:
    """Sum an array over all ranks, a power of two."""
    rank, halves = messages.rank, own.nbytes >= HALVED
    mine, given = slice(0, len(own)), []
    step, level = 1, 0
    while step < messages.size:
        partner, upper = rank ^ step, bool(rank & step)
        keep = away = mine
        if halves:
            middle = (mine.start + mine.stop) // 2
            low, high = slice(mine.start, middle), slice(middle, mine.stop)
            keep, away = (high, low) if upper else (low, high)
        received = messages.receive(incoming[keep], partner, tag + level)
        yield [received, messages.send(own[away], partner, tag + level)], partner
        add(own[keep], incoming[keep])
        given.append((partner, away, keep))
        mine, step, level = keep, 2 * step, level + 1
    for partner, away, keep in reversed(given if halves else []):
        received = messages.receive(own[away], partner, tag + level)
        yield [received, messages.send(own[keep], partner, tag + level)], partner
        level += 1


def _plus(total: Array, other: Array) -> None:
    total += other
