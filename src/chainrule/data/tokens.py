"""Texts to numbers of words, by machine code: split at separators, looked up, counted.

A text comes in pieces, of a file or from memory; none of them is longer than a longest word
demands. What a vocabulary knows are arrays: the bytes of all words one after the other, and a
record for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.kernels import tokens as kernels
from chainrule.engine.machine.memory import aligned
from chainrule.engine.running.single import Call, invoke, kernel_of

PIECE = 1 << 19
"""Bytes of text that are split at once, unless a word is longer."""
BLOCK = 64
"""Bytes that are compared at once."""
NO_LINE_FEED = 256

RECORD = np.dtype(
    [
        ("place", np.int64),
        ("count", np.int64),
        ("first", np.uint64),
        ("second", np.uint64),
    ]
)
"""A word's record, as the kernels write it."""


def _fasttext_separators() -> NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[list(b" \n\r\t\v\f\0")] = True
    return table


@dataclass(frozen=True)
class Splitting:
    """Where a text is split.

    Parameters
    ----------
    separators : array of bool, (256,)
        Which bytes separate words; 0 is one of them.
    line_end : bytes or None
        The word that a line feed, which is a separator, stands for; None if it is no word.
    """

    separators: NDArray[np.bool_] = field(default_factory=_fasttext_separators)
    line_end: bytes | None = b"</s>"

    def __post_init__(self) -> None:
        if self.separators.shape != (256,) or self.separators.dtype != bool:
            raise TypeError("Splitting: expected separators to be 256 values of bool")
        if not self.separators[0]:
            raise ValueError("Splitting: expected byte 0 to be a separator")
        if self.line_end is not None and not self.separators[ord("\n")]:
            raise ValueError("Splitting: expected a line feed, which ends a line, as a separator")

    @property
    def line_feed(self) -> int:
        """The byte that is a word of its own; 256 if there is none."""
        return NO_LINE_FEED if self.line_end is None else ord("\n")

    @cached_property
    def ranges(self) -> NDArray[np.int64]:
        """Return runs of separators: the first byte, and how many follow it, (runs, 2)."""
        padded = np.concatenate([[False], self.separators, [False]])
        edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
        return np.stack([edges[:, 0], edges[:, 1] - edges[:, 0] - 1], axis=1).astype(np.int64)


FASTTEXT = Splitting()
"""fastText's: white space of ASCII and 0; a line feed is the word </s>."""


class Pieces:
    """A text piece by piece: its bytes, and where the tokens of the piece start and end.

    Parameters
    ----------
    source : bytes-like or binary file
        The text.
    splitting : Splitting
        Where it is split.
    """

    def __init__(self, source: Any, splitting: Splitting = FASTTEXT, size: int = PIECE) -> None:
        self.read = _reader(source)
        self.counts = np.zeros(2, np.int64)
        self.split = split_call(splitting, self.counts)
        self._resize(size)

    def _resize(self, size: int) -> None:
        self.size = -(-size // BLOCK) * BLOCK
        self.text = aligned((self.size + 2 * BLOCK,), np.uint8)
        places = self.size + 2 * BLOCK + kernels.POSITIONS
        self.starts, self.ends = (np.empty(places, np.uint32) for _ in range(2))

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[Any], NDArray[Any], int]]:
        """Yield a piece, the starts and ends of its tokens in it, and how many tokens it has."""
        kept, whole = 0, False
        while not whole:
            filled = kept + self.read(self.text[kept : self.size])
            whole = filled < self.size
            if whole:
                self.text[filled : filled + 2 * BLOCK] = 0
            blocks = (filled // BLOCK + 1) if whole else self.size // BLOCK
            count, rest = self._split(blocks)
            if count:
                yield self.text, self.starts, self.ends, count
            kept = 0 if whole else self.size - rest
            if kept == self.size:  # one word fills all
                if kept > kernels.LONGEST:
                    raise ValueError(
                        f"expected words of at most {kernels.LONGEST:,} bytes, got one of more"
                    )
                before = self.text
                self._resize(2 * self.size)
                self.text[:kept] = before[:kept]
            elif kept:
                self.text[:kept] = self.text[rest : self.size].copy()

    def _split(self, blocks: int) -> tuple[int, int]:
        """Find the tokens; return their number, and where one that has no end yet starts."""
        self.split(text=self.text, blocks=blocks, starts=self.starts, ends=self.ends)
        started, ended = self.counts.tolist()
        return ended, int(self.starts[ended]) if started > ended else self.size


def split_call(splitting: Splitting, counts: NDArray[np.int64]) -> Call:
    """Return the kernel that writes where tokens start and end, and how many do each.

    What is left to give are ``text``, its ``blocks`` of 64 bytes, ``starts`` and ``ends``.
    """
    return Call(
        kernel_of(kernels.split),
        ranges=splitting.ranges,
        range_count=len(splitting.ranges),
        line_feed=splitting.line_feed,
        counts=counts,
    )


def _reader(source: Any) -> Any:
    """Return a function that fills an array with what comes next; how many bytes, it returns."""
    if hasattr(source, "readinto"):
        return lambda into: _read_whole(source, memoryview(into))
    try:
        left = np.frombuffer(source, np.uint8)
    except TypeError:
        advice = "; text.encode() makes bytes of a text" if isinstance(source, str) else ""
        raise TypeError(
            f"expected a text as bytes, or a binary file, got {type(source).__name__}{advice}"
        ) from None
    place = 0

    def read(into: NDArray[np.uint8]) -> int:
        nonlocal place
        piece = left[place : place + len(into)]
        into[: len(piece)] = piece
        place += len(piece)
        return len(piece)

    return read


def _read_whole(file: BinaryIO, into: memoryview) -> int:
    """Fill memory from a file, which may be a pipe, unless it ends before."""
    filled = 0
    while filled < len(into):
        count = file.readinto(into[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled


def line_chunks(source: Any, size: int) -> Iterator[tuple[NDArray[np.uint8], int, bool]]:
    """Yield chunks of whole lines: bytes with zeros behind, how many there are, if it is the last.

    A chunk has about ``size`` bytes, unless a line is longer; the last may be empty.
    """
    read, kept, last = _reader(source), np.zeros(0, np.uint8), False
    if not hasattr(source, "readinto"):
        size = min(size, memoryview(source).nbytes + 1)
    while not last:
        room = max(size, 2 * len(kept))
        text = aligned((room + 2 * BLOCK,), np.uint8)
        text[: len(kept)] = kept
        filled = len(kept) + read(text[len(kept) : room])
        last = filled < room
        end = filled if last else text[:filled].tobytes().rfind(b"\n") + 1
        kept = text[end:filled].copy()
        text[end:] = 0
        if end or last:
            yield text, end, last


class Vocabulary:
    """Words that were met, in the order in which they were; arrays that grow.

    ``words`` are records of `RECORD`, of which the first ``size`` count; ``store`` has their bytes.
    """

    def __init__(self, splitting: Splitting = FASTTEXT) -> None:
        self.splitting = splitting
        self.line_end = np.frombuffer((splitting.line_end or b"") + bytes(8), np.uint8)
        self.words, self.size = np.zeros(0, RECORD), 0
        self.store = np.zeros(8, np.uint8)
        self.state = np.zeros(3, np.int64)
        self.table = aligned((16,), np.uint64)
        self.limit = 0

    def add(self, source: Any) -> NDArray[np.int32]:
        """Return the numbers of a text's words, in order; new ones are learnt, all are counted."""
        found = [self.learn(*piece) for piece in Pieces(source, self.splitting)]
        return np.concatenate(found) if found else np.zeros(0, np.int32)

    def learn(
        self, text: NDArray[np.uint8], starts: Any, ends: Any, count: int
    ) -> NDArray[np.int32]:
        """Return the numbers of tokens of a piece; 8 bytes can be read from any of its bytes on."""
        numbers, done = np.empty(count, np.int32), 0
        self._reserve_bytes(len(text))
        call = look_up_call(self, self.state, learn=True)
        while done < count:
            if self.size >= self.limit:
                self._grow()
                call = look_up_call(self, self.state, learn=True)
            rest = {"starts": starts[done:], "ends": ends[done:], "numbers": numbers[done:]}
            call(text=text, count=count - done, **rest)
            self.size = int(self.state[0])
            done += int(self.state[2])
        return numbers

    def reserve(self, count: int) -> None:
        """Make room for so many words ahead, in a vocabulary that is empty."""
        slots = len(self.table)
        while slots // 2 - kernels.GROUP <= count:
            slots *= 2
        self._resize(slots)

    def _reserve_bytes(self, more: int) -> None:
        need = int(self.state[1]) + more + 16
        if need > len(self.store):
            store = np.empty(max(2 * len(self.store), need), np.uint8)
            store[: len(self.store)] = self.store
            self.store = store

    def _grow(self) -> None:
        """Make the table four times as large, less than half of it taken."""
        self._resize(4 * len(self.table))

    def _resize(self, slots: int) -> None:
        """Make the table of so many slots, less than half of them to be taken."""
        if slots > 2**31:
            raise MemoryError("Vocabulary: expected at most 2³⁰ different words")
        self.limit = slots // 2 - kernels.GROUP
        words = np.empty(slots // 2, RECORD)
        words[: self.size] = self.words[: self.size]
        self.words = words
        before, self.table = self.table, aligned((slots,), np.uint64)
        invoke(
            kernel_of(kernels.rehash),
            table=self.table,
            mask=slots - 1,
            before=before,
            slots=len(before),
        )

    def counts(self) -> NDArray[np.int64]:
        """Return how often each word was met."""
        return self.words["count"][: self.size].copy()

    def spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the bytes of each word begin in the store, and how many there are."""
        places = self.words["place"][: self.size]
        return places & (2**kernels.PLACE - 1), places >> kernels.PLACE

    def hashes(self) -> NDArray[np.uint32]:
        """Return the FNV-1a hash of each word."""
        found = np.empty(self.size, np.uint32)
        invoke(
            kernel_of(kernels.hashes),
            words=self.words,
            store=self.store,
            count=self.size,
            hashes=found,
        )
        return found

    def begins_with(self, prefix: bytes) -> NDArray[np.bool_]:
        """Return which words begin with some bytes."""
        offset, length = self.spans()
        begins = length >= len(prefix)
        for place, byte in enumerate(prefix):
            begins &= self.store[np.where(begins, offset + place, 0)] == byte
        return begins


def look_up_call(known: Vocabulary, state: NDArray[np.int64], *, learn: bool) -> Call:
    """Return the kernel that writes the numbers of tokens' words.

    Those that are not known have −1, unless they are to be learnt. Without learning nothing of the
    vocabulary changes, so that threads can share it. What is left to give are ``text``, ``starts``,
    ``ends``, ``count`` and ``numbers``.
    """
    return Call(
        kernel_of(kernels.look_up, learn=learn),
        line_feed=known.splitting.line_feed,
        line_end=known.line_end,
        line_end_length=len(known.splitting.line_end or b""),
        table=known.table,
        mask=len(known.table) - 1,
        words=known.words,
        store=known.store,
        state=state,
        limit=known.limit,
    )
