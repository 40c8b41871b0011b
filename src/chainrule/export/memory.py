"""Where the arrays of a program lie: those that are not needed at once share memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from chainrule.export.steps import Array, Step

__all__ = ["Memory", "letters", "share_memory"]


@dataclass
class Memory:
    """Pieces of memory, and which of them each array lies in.

    Parameters
    ----------
    sizes : list of int
        How many numbers each piece holds.
    piece_of : dict of Array to int
        The piece of each array, which begins where the piece does.
    """

    sizes: list[int] = field(default_factory=list)
    piece_of: dict[Array, int] = field(default_factory=dict)

    def take(self, size: int, free: set[int]) -> int:
        """Return a free piece, the smallest that is large enough, else the largest, made larger."""
        enough = [piece for piece in free if self.sizes[piece] >= size]
        if enough:
            return min(enough, key=lambda piece: (self.sizes[piece], piece))
        if free:
            piece = max(free, key=lambda each: (self.sizes[each], -each))
            self.sizes[piece] = size
            return piece
        self.sizes.append(size)
        return len(self.sizes) - 1


def share_memory(
    steps: Sequence[Step],
    elsewhere: Collection[Array],
    kept: Collection[Array] = (),
    memory: Memory | None = None,
) -> Memory:
    """Return memory for the arrays that steps write, each from its first step to its last.

    Parameters
    ----------
    steps : sequence of Step
        In the order in which they run.
    elsewhere : collection of Array
        Arrays that lie elsewhere: parameters, and what a caller gives.
    kept : collection of Array
        Arrays that are needed after the last step.
    memory : Memory, optional
        Pieces that there are already.
    """
    found = Memory(list(memory.sizes) if memory else [])
    last: dict[Array, int] = {}
    for number, step in enumerate(steps):
        last |= dict.fromkeys((*step.reads, *step.writes), number)
    last |= dict.fromkeys(kept, len(steps))
    free = set(range(len(found.sizes)))
    for number, step in enumerate(steps):
        for array in step.writes:
            if array in elsewhere or array in found.piece_of:
                continue
            X = step.arrays.get("X")
            in_place = step.same_places and array is step.arrays.get("Y") and X in found.piece_of
            if in_place and X is not None and last[X] == number:
                found.piece_of[array] = found.piece_of[X]
                continue
            piece = found.take(array.size, free)
            free.discard(piece)
            found.piece_of[array] = piece
        pieces = {array: piece for array, piece in found.piece_of.items() if array in last}
        used = {piece for array, piece in pieces.items() if last[array] > number}
        free |= set(pieces.values()) - used
    return found


def letters(number: int) -> str:
    """Return a, b, …, z, aa, … for 0, 1, …."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(97 + rest) + text
    return text
