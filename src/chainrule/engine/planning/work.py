"""Work of all threads on a batch, and what of it may be done at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

Range = tuple[int, int]
Add = Callable[[int, Range | None], None]
"""Adds a thread's part of all samples; or, given tiles, all that there is to do for these."""


@dataclass(frozen=True)
class Work:
    """What it reads and writes, and how it is added; ``sampled`` if each tile is on its own."""

    reads: frozenset[str]
    writes: str
    add: Add
    sampled: bool = True


Phase = list[Callable[[int], None]]
"""What threads may do at the same time, for each of them."""


def phases(works: Sequence[Work]) -> list[Phase]:
    """Return works that may be done at the same time, those first on which others depend."""
    ready: dict[str, int] = {}
    ordered: list[Phase] = []
    for work in works:
        number = max((ready.get(name, 0) for name in (*work.reads, work.writes)), default=0)
        ready[work.writes] = number + 1
        ordered += [[] for _ in range(number + 1 - len(ordered))]
        ordered[number].append(partial(_add_all, work))
    return ordered


def _add_all(work: Work, thread: int) -> None:
    work.add(thread, None)
